"""Options: where the configuration is, and how it is read."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Configuration"

_READING = "tests.settings.test_reading"

ROWS = (
    Option(
        "ini",
        "file",
        By.NOBODY,
        "Reads this file (or this section of it) in place; may be given again, and in files.",
        difference="`ini = :section` means the file it stands in, not the one read last. "
        "A file that reads itself is an error.",
        test=f"{_READING}.ReaderTests",
    ),
    Option(
        "yaml",
        "file",
        By.NOBODY,
        "As ini, of a YAML file; what is more than one `name: value` a line needs PyYAML "
        "(`twsgi[yaml]`).",
        aliases=("yml",),
        short="y",
        difference="A list repeats its option; uWSGI ignores it.",
        test="tests.settings.test_formats.YamlTests",
    ),
    Option(
        "xml",
        "file",
        By.NOBODY,
        "As ini, of an XML file: `<uwsgi><http>:8000</http></uwsgi>`; a section is an id.",
        aliases=("xmlconfig",),
        short="x",
        difference="A DTD is refused.",
        test="tests.settings.test_formats.XmlTests",
    ),
    Option(
        "json",
        "file",
        By.NOBODY,
        'As ini, of a JSON file: `{"uwsgi": {"http": ":8000"}}`.',
        aliases=("js",),
        short="j",
        difference="uWSGI as it is commonly built cannot.",
        test="tests.settings.test_formats.JsonTests",
    ),
    Option(
        "include",
        "file",
        By.NOBODY,
        "As ini, yaml, xml or json, by the end of the file's name.",
        aliases=("config",),
        difference="`%(name)` and `$(NAME)` may stand in the file's name. "
        "`config` is the same as include.",
        test=f"{_READING}.IncludeTests",
    ),
    Option(
        "inherit",
        "file",
        By.NOBODY,
        "As include, but read after everything else, so that its values are the last.",
        test=f"{_READING}.IncludeTests.test_inherit",
    ),
    Option(
        "strict",
        "flag",
        By.MASTER,
        "An unknown option is an error instead of a warning.",
        difference="Without it uWSGI says nothing about an unknown option.",
        test="tests.settings.test_resolve.LoadTests.test_strict_from_anywhere",
    ),
    Option(
        "set",
        "assignment",
        By.NOBODY,
        "Sets another option: set = threads=2 is threads = 2.",
        short="S",
        test="tests.settings.test_resolve.LoadTests.test_fields",
    ),
    Option(
        "set-placeholder",
        "assignment",
        By.NOBODY,
        "Names a text that %(NAME) stands for.",
        aliases=("set-ph",),
        test="tests.settings.test_resolve.LoadTests.test_fields",
    ),
)
