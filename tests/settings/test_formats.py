"""Tests of L{twsgi.settings.formats}: YAML, XML and JSON are read as ini is."""

from __future__ import annotations

import json as stdlib
import sys
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.formats import choice, json, xml, yaml
from twsgi.settings.grammar import Section

Expected = list[tuple[str, str, int]]

#: (what it shows, text, [(name, value, line)]); the first need no PyYAML.
FLAT: list[tuple[str, str, Expected]] = [
    ("names and values", "uwsgi:\n  threads: 2\n  http: :8000\n",
     [("threads", "2", 2), ("http", ":8000", 3)]),
    ("comments", "# a\nuwsgi: # b\n\n  # c\n  threads: 2 # d\n  env: A=#b\n",
     [("threads", "2", 5), ("env", "A=#b", 6)]),
    ("repeats", "uwsgi:\n    env: A=1\n    env: B=2\n", [("env", "A=1", 2), ("env", "B=2", 3)]),
    ("others", "---\nx:\n  a: 1\nuwsgi:\n  b: 2\ny:\n  c: 3\n", [("b", "2", 5)]),
    ("nothing", "uwsgi:\n  master:\n  lazy:   \n", [("master", "", 2), ("lazy", "", 3)]),
    ("what YAML would refuse", "uwsgi:\n  logformat : UWSGI: %(a) -> %(b)\n  chdir: %d\n",
     [("logformat", "UWSGI: %(a) -> %(b)", 2), ("chdir", "%d", 3)]),
    ("modes stay as they are", "uwsgi:\r\n  chmod-socket: 0660\r\n  x: yes\r\n",
     [("chmod-socket", "0660", 2), ("x", "yes", 3)]),
    ("no section", "threads: 2\n", []),
    ("top level values", "version: 2\nuwsgi:\n  threads: 2\n", [("threads", "2", 3)]),
    ("an empty file", "", []),
]  # fmt: skip
FULL: list[tuple[str, str, Expected]] = [
    ("lists", "uwsgi:\n  env:\n    - A=1\n    - B=2\n  pp: [a, 'b']\n",
     [("env", "A=1", 3), ("env", "B=2", 4), ("pp", "a", 5), ("pp", "b", 5)]),
    ("quotes", "uwsgi:\n  http: \":8000\"\n  \"chdir\": '/a # b'\n  chmod-socket: 0660\n",
     [("http", ":8000", 2), ("chdir", "/a # b", 3), ("chmod-socket", "0660", 4)]),
    ("flow", '{"uwsgi": {"threads": 2, x: null}}', [("threads", "2", 1), ("x", "", 1)]),
    ("anchors", "x: &a [1, 2]\nuwsgi:\n  pp: *a\n", [("pp", "1", 1), ("pp", "2", 1)]),
    ("long text", "uwsgi:\n  pp: >\n    a\n    b\n", [("pp", "a b", 2)]),
]  # fmt: skip
YAML_ERRORS = [
    ("uwsgi:\n  a: [1\n", "no YAML: "),
    ("uwsgi:\n  - a\n", "f:2: write 'name: value' lines"),
    ("uwsgi: x\n", "f:1: write 'name: value' lines"),
    ("- a\n", "f:1: write 'name: value' lines"),
    ("uwsgi:\n  a:\n    b: 1\n", "f:3: a: write a value, or a list of values"),
    ("uwsgi:\n  [a, b]: 1\n", "f:2: a name is plain text"),
    ("a: 'b'\n--- \nb: 1\n", "no YAML"),
    ("uwsgi:\n  a: *b\n", "f:2: no YAML: found undefined alias"),
    ("[" * 2000, "no YAML: too deep"),
]

XML: list[tuple[str, str, Expected]] = [
    ("names and values", "<uwsgi>\n<threads> 2 </threads>\n<master/>\n</uwsgi>",
     [("threads", "2", 2), ("master", "1", 3)]),
    ("repeats", "<uwsgi><env>A=1</env><env>B=&lt;2</env></uwsgi>",
     [("env", "A=1", 1), ("env", "B=<2", 1)]),
    ("others", "<x><uwsgi id='y'><a>1</a></uwsgi><uwsgi><b>2</b></uwsgi></x>", [("b", "2", 1)]),
    ("merged", "<x><uwsgi><a>1</a></uwsgi>\n<uwsgi id='uwsgi'><b><![CDATA[<2>]]></b></uwsgi></x>",
     [("a", "1", 1), ("b", "<2>", 2)]),
    ("comments", "<?xml version='1.0' encoding='latin-1'?>\n<uwsgi><!-- <a>1</a> --><b>\u00e4</b>"
     "</uwsgi>", [("b", "\u00e4", 2)]),
]  # fmt: skip
XML_ERRORS = [
    ("<uwsgi>", "f:1: no XML: "),
    ("", "f:1: no XML: no element found"),
    ("<uwsgi>\n<a></b></uwsgi>", "f:2: no XML: mismatched tag"),
    ("<uwsgi>\n<a>&b;</a></uwsgi>", "f:2: no XML: undefined entity"),
    ("<uwsgi>\n<a><b/></a></uwsgi>", "f:2: <b> stands inside of an option: a"),
    ('<!DOCTYPE x [<!ENTITY b "bb">]>\n<uwsgi><a>&b;</a></uwsgi>', "f:1: a DTD has no place here"),
    ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><uwsgi/>', "a DTD has no place here"),
]

JSON: list[tuple[str, str, Expected]] = [
    ("names and values", '{"uwsgi": {\n"threads": 2,\n "http": ":8000"}}',
     [("threads", "2", 2), ("http", ":8000", 3)]),
    ("words", '{"uwsgi": {"a": true, "b": false, "c": null, "d": 1.5}}',
     [("a", "true", 1), ("b", "false", 1), ("c", "", 1), ("d", "1.5", 1)]),
    ("lists", '{"uwsgi": {"env": ["A=1",\n"B=2"], "pp": []}}',
     [("env", "A=1", 1), ("env", "B=2", 2)]),
    ("others", '{"x": {"a": [{"b": []}]}, "uwsgi": {"c": "\\u00e4\\""}, "y": 1}',
     [("c", '\u00e4"', 1)]),
    ("repeats", '{"uwsgi": {"a": 1}, "uwsgi": {"a": 2, "a": 3}}',
     [("a", "1", 1), ("a", "2", 1), ("a", "3", 1)]),
]  # fmt: skip
JSON_ERRORS = [
    ("", "f:1: no JSON: Expecting value"),
    ('{"uwsgi":\n{"a": 1,}}', "f:2: no JSON: "),
    ("[]", 'f:1: write {"uwsgi": {...}}'),
    ('{\n"uwsgi": []}', "f:2: a section is an object"),
    ('{"uwsgi": {\n"a": {"b": 1}}}', "f:2: a: write a value, or a list of values"),
    ('{"uwsgi": {\n"a": [1, [2]]}}', "f:2: a: write a value, or a list of values"),
    ("[" * 100_000, "no JSON that anybody would write"),
    ('{"a": ' + "9" * 5000 + "}", "no JSON that anybody would write"),
]

names = st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True)
values = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], max_codepoint=0xFFFF)
).map(lambda text: text.strip(" \t\r\n"))


class FormatTestCase(SynchronousTestCase):
    """What the tests of each format do."""

    def reads(self, parse: choice.Parse, table: list[tuple[str, str, Expected]]) -> None:
        """Each text assigns what the table says."""
        for shows, text, expected in table:
            section = parse(text, "f", "uwsgi")
            got = [(one.name, one.value, one.origin.line) for one in section.assignments]
            self.assertEqual((shows, got), (shows, expected))
            self.assertEqual((shows, section.findings), (shows, []))

    def refuses(self, parse: choice.Parse, table: list[tuple[str, str]]) -> None:
        """Each text is an error of one line with its place."""
        for text, message in table:
            error = self.assertRaises(ConfigurationError, self.parsed, parse, text)
            self.assertIn(message, str(error))
            self.assertTrue(str(error).startswith("f"), error)
            self.assertEqual(len(str(error).splitlines()), 1)

    def parsed(self, parse: choice.Parse, text: str) -> Section:
        section = parse(text, "f", "uwsgi")
        section.findings.raise_first()
        return section

    def any_text(self, parse: Callable[[str, str, str], Section], text: str) -> None:
        """Any text is read, or is a ConfigurationError of one line."""
        try:
            self.parsed(parse, text)
        except ConfigurationError as error:
            self.assertEqual(len(str(error).splitlines()), 1)


class YamlTests(FormatTestCase):
    """L{yaml.parse}."""

    def without_pyyaml(self) -> None:
        """As if it were not installed."""
        # Whether it has been imported before is another test's business.
        before = {name: one for name, one in sys.modules.items() if name == "yaml"}
        self.addCleanup(sys.modules.update, before)
        self.addCleanup(sys.modules.pop, "yaml")
        sys.modules["yaml"] = None  # type: ignore[assignment]

    def test_flat(self) -> None:
        """What is flat needs nothing that is not there."""
        self.without_pyyaml()
        self.reads(yaml.parse, FLAT)

    def test_full(self) -> None:
        """All else is YAML."""
        self.reads(yaml.parse, FULL)

    def test_not_installed(self) -> None:
        """Without PyYAML there is one error that says what to do."""
        self.without_pyyaml()
        for _, text, _ in FULL:
            error = self.assertRaises(ConfigurationError, yaml.parse, text, "f", "uwsgi")
            self.assertIn("f: YAML of this kind needs PyYAML: install twsgi[yaml]", str(error))

    def test_errors(self) -> None:
        """What is none is refused."""
        self.refuses(yaml.parse, YAML_ERRORS)

    def test_sections(self) -> None:
        """A section that is not there is told from one without lines; others are named."""
        for text in ("x:\n  a: 1\ny:\n  b: 2\n", "x: {a: 1}\ny: {b: 2}\n"):
            section = yaml.parse(text, "f", "z")
            self.assertEqual((section.found, section.others), (False, ["x", "y"]))
            self.assertTrue(yaml.parse(text, "f", "y").found)

    @given(st.text(st.sampled_from("uwsgi:-[]{}'\"&*#|>! \n\tab")))
    def test_any(self, text: str) -> None:
        """Any text is read, or refused."""
        self.any_text(yaml.parse, f"uwsgi:\n{text}")

    @given(st.lists(st.tuples(names, values)))
    def test_round_trip(self, pairs: list[tuple[str, str]]) -> None:
        """What is written as quoted text is read back as it was."""
        text = "uwsgi:\n" + "".join(f"  {name}: {stdlib.dumps(value)}\n" for name, value in pairs)
        got = [(one.name, one.value) for one in self.parsed(yaml.parse, text).assignments]
        self.assertEqual(got, pairs)


class XmlTests(FormatTestCase):
    """L{xml.parse}."""

    def test_texts(self) -> None:
        """Elements are options."""
        self.reads(xml.parse, XML)

    def test_errors(self) -> None:
        """What is none, and what has a DTD, is refused."""
        self.refuses(xml.parse, XML_ERRORS)

    def test_sections(self) -> None:
        """A section is an id, or the name of an element."""
        text = "<x><uwsgi id='a'><pp>1</pp></uwsgi><b><pp>2</pp></b></x>"
        for name, value in [("a", "1"), ("b", "2")]:
            (one,) = xml.parse(text, "f", name).assignments
            self.assertEqual(one.value, value)
        section = xml.parse(text, "f", "uwsgi")
        self.assertEqual((section.found, section.others), (False, ["a"]))

    @given(st.text(st.sampled_from("<>/uwsgi &;!'=\n[]")))
    def test_any(self, text: str) -> None:
        """Any text is read, or refused."""
        self.any_text(xml.parse, f"<uwsgi>{text}</uwsgi>")


class JsonTests(FormatTestCase):
    """L{json.parse}."""

    def test_texts(self) -> None:
        """Members are options."""
        self.reads(json.parse, JSON)

    def test_errors(self) -> None:
        """What is none is refused."""
        self.refuses(json.parse, JSON_ERRORS)

    def test_sections(self) -> None:
        """A section is an object of that name."""
        text = '{"a": {"pp": 1}, "b": {}}'
        section = json.parse(text, "f", "uwsgi")
        self.assertEqual((section.found, section.others), (False, ["a", "b"]))
        self.assertTrue(json.parse(text, "f", "b").found)

    @given(st.text(st.sampled_from('{}[]":, 1auwsgi\n\\')))
    def test_any(self, text: str) -> None:
        """Any text is read, or refused."""
        self.any_text(json.parse, text)

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
        st.lists(inner) | st.dictionaries(st.just("uwsgi") | st.text(), inner)
    )))  # fmt: skip
    def test_any_value(self, value: object) -> None:
        """Any JSON is read, or refused."""
        self.any_text(json.parse, stdlib.dumps(value, indent=1))

    @given(st.lists(st.tuples(names, values)))
    def test_round_trip(self, pairs: list[tuple[str, str]]) -> None:
        """What is written is read back as it was."""
        members = [f"{stdlib.dumps(name)}: {stdlib.dumps(value)}" for name, value in pairs]
        text = f'{{"uwsgi": {{{", ".join(members)}}}}}'
        got = [(one.name, one.value) for one in self.parsed(json.parse, text).assignments]
        self.assertEqual(got, pairs)


class ChoiceTests(SynchronousTestCase):
    """Which format a file is."""

    def test_names(self) -> None:
        """The end of its name tells."""
        for name, option in [
            ("a.ini", "ini"), ("a.xml", "xml"), ("a.yml", "yaml"), ("a.yaml", "yaml"),
            ("a.json", "json"), ("a.js", "json"), ("a.py", None), ("ini", None), ("a.INI", None),
        ]:  # fmt: skip
            self.assertEqual((name, choice.option_for(name)), (name, option))

    def test_split(self) -> None:
        """A section is behind the last colon, unless there is a slash behind it."""
        for text, expected in [
            ("a.ini", ("a.ini", "")), ("a.ini:b", ("a.ini", "b")), (":b", ("", "b")),
            ("a:b/c.ini", ("a:b/c.ini", "")), ("", ("", "")), ("a:", ("a", "")),
        ]:  # fmt: skip
            self.assertEqual((text, choice.split(text)), (text, expected))
