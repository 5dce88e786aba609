"""Options: files that are served without the application."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Static files"

_ONE_EXPIRES = "One Expires at most, and on 304 too; uWSGI sends one of each kind that matches."
_SHOWN = "tests.behaviour.test_static_options.HttpStaticTests"


def _expires(name: str, kind: str, what: str, test: str) -> tuple[Option, Option]:
    """An option and its C{-mtime}."""
    return (
        Option(
            name,
            kind,
            By.BOTH,
            f"Files {what} get an Expires so many seconds from now; may be given again.",
            difference=_ONE_EXPIRES,
            test=f"{_SHOWN}.{test}",
        ),
        Option(
            f"{name}-mtime",
            kind,
            By.BOTH,
            f"Files {what} get an Expires so many seconds after their last change; "
            "may be given again.",
            difference=_ONE_EXPIRES,
            test=f"{_SHOWN}.{test}",
        ),
    )


ROWS = (
    Option(
        "check-static",
        "paths",
        By.BOTH,
        "Serves the file below this directory that a request's path names, if there is one; "
        "may be given again.",
        aliases=("static-check",),
        difference="A file outside the directory is never served, "
        "not from a sibling of like name either.",
        test="tests.behaviour.test_static_traversal.HttpTraversalTests.test_files_within",
    ),
    Option(
        "static-map",
        "mappings",
        By.BOTH,
        "Serves what lies below this mountpoint from this directory, or the mountpoint itself "
        "from this file; may be given again, and the first that has the file counts.",
        difference="`/s` is `/s` and what is below it; in uWSGI also `/sx`. "
        "A mapped file is served for its mountpoint alone.",
        test=f"{_SHOWN}.test_map",
    ),
    Option(
        "static-map2",
        "mappings",
        By.BOTH,
        "As static-map, but the mountpoint is looked for in the directory as well; "
        "may be given again.",
        difference="`/s` is `/s` and what is below it; in uWSGI also `/sx`.",
        test=f"{_SHOWN}.test_map2",
    ),
    Option(
        "static-index",
        "names",
        By.BOTH,
        "Serves this file of a directory, where a request's path names one; may be given again.",
        difference="One that static-skip-ext excludes is added to PATH_INFO in uWSGI; "
        "here the application gets the path as it is.",
        test=f"{_SHOWN}.test_index",
    ),
    Option(
        "static-safe",
        "paths",
        By.BOTH,
        "Symbolic links may lead to what is below this directory as well, or to this file; "
        "may be given again.",
        difference="In uWSGI to everything whose path begins so: `/srv/x` means `/srv/x-old` too. "
        "A path with `..` in it leads nowhere.",
        test=f"{_SHOWN}.test_safe",
    ),
    Option(
        "static-skip-ext",
        "names",
        By.BOTH,
        "Paths that end so are the application's; may be given again.",
        test=f"{_SHOWN}.test_skipped",
    ),
    Option(
        "mimefile",
        "paths",
        By.BOTH,
        "The types of files by their names' endings, instead of /etc/mime.types; "
        "may be given again.",
        aliases=("mime-file",),
        difference="The case of an ending does not matter.",
        test=f"{_SHOWN}.test_types",
    ),
    *_expires("static-expires", "lifetimes", "whose real path this matches", "test_expires"),
    *_expires(
        "static-expires-path-info",
        "lifetimes",
        "whose path, as it is asked for and decoded, this matches",
        "test_expires",
    ),
    *_expires(
        "static-expires-uri",
        "lifetimes",
        "whose request's target, with its query, this matches",
        "test_expires",
    ),
    *_expires("static-expires-type", "type lifetimes", "of this type", "test_expires"),
    Option(
        "static-gzip-all",
        "flag",
        By.BOTH,
        "Serves, of every file, what lies beside it as `.br` or `.gz`, to whoever accepts it.",
        difference="`gzip;q=0` is no; there is a Vary.",
        test=f"{_SHOWN}.test_compressed",
    ),
    Option(
        "static-gzip-dir",
        "paths",
        By.BOTH,
        "The same, of files whose path begins so; may be given again.",
        aliases=("static-gzip-prefix",),
        difference="In uWSGI the real path alone; here links in the directory's own path "
        "do not matter, and it may be relative.",
        test=f"{_SHOWN}.test_which_are_compressed",
    ),
    Option(
        "static-gzip-ext",
        "names",
        By.BOTH,
        "The same, of files whose real path ends so; may be given again.",
        aliases=("static-gzip-suffix",),
        test=f"{_SHOWN}.test_which_are_compressed",
    ),
    Option(
        "static-gzip",
        "patterns",
        By.BOTH,
        "The same, of files whose real path this regular expression matches; may be given again.",
        test=f"{_SHOWN}.test_which_are_compressed",
    ),
    Option(
        "offload-threads",
        "number",
        By.BOTH,
        "How many threads, in each process that has clients, do nothing but send large files.",
        aliases=("offload-thread",),
        difference="For files alone: static ones and those of `wsgi.file_wrapper`.",
        test="tests.behaviour.test_offload.HttpOffloadTests",
    ),
)
