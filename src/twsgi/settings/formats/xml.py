"""XML: C{<uwsgi><http>:8000</http><master/></uwsgi>}, C{<uwsgi id="section">}."""

from __future__ import annotations

from xml.parsers import expat

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import Mistake
from twsgi.settings.grammar import Section

#: The element that holds options.
_ELEMENT = "uwsgi"
#: What an empty element means, as in uWSGI.
_EMPTY = "1"


def parse(text: str, file: str, section: str) -> Section:
    """
    What C{<uwsgi id="section">} says; C{<uwsgi>} without C{id} is the section C{uwsgi}.  An
    element that is named as the section counts, too.

    @raise ConfigurationError: it is no XML, or has a DTD: entities are refused, wherever they
        would lead.
    """
    return _Walk(file, section).walk(text)


class _Walk:
    """One walk through the elements of a file."""

    def __init__(self, file: str, section: str) -> None:
        self._file = file
        self._section = section
        self._result = Section()
        #: How deep we are; where the section is, 0: outside; the option that is open.
        self._depth = 0
        self._inside = 0
        self._option = ""
        self._line = 0
        self._text: list[str] = []
        # What a declaration says of the encoding does not count: the text is decoded already.
        self._parser = expat.ParserCreate("utf-8")
        for event, heed in (
            ("StartElement", self._start),
            ("EndElement", self._end),
            ("CharacterData", self._text.append),
            ("StartDoctypeDecl", self._refuse),
        ):
            setattr(self._parser, f"{event}Handler", heed)

    def walk(self, text: str) -> Section:
        try:
            self._parser.Parse(text.encode("utf-8", "surrogatepass"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            origin = Origin(self._file, error.lineno)
            raise Mistake("syntax", f"no XML: {reason}", origin) from None
        return self._result

    def _refuse(self, *declared: object) -> None:
        origin = Origin(self._file, self._parser.CurrentLineNumber)
        raise Mistake("syntax", "a DTD has no place here: leave <!DOCTYPE ...> out", origin)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if not self._inside:
            self._outside(name, attributes)
        elif self._depth == self._inside + 1:
            self._option, self._line = name, self._parser.CurrentLineNumber
            self._text.clear()
        else:
            origin = Origin(self._file, self._parser.CurrentLineNumber)
            what = f"<{printable(name)}> stands inside of an option: {printable(self._option)}"
            self._result.findings.refuse(Mistake("syntax", what, origin))

    def _outside(self, name: str, attributes: dict[str, str]) -> None:
        section = attributes.get("id", _ELEMENT) if name == _ELEMENT else name
        if section == self._section:
            self._inside, self._result.found = self._depth, True
        elif name == _ELEMENT and section not in self._result.others:
            self._result.others.append(section)

    def _end(self, name: str) -> None:
        if self._inside and self._depth == self._inside + 1:
            value = "".join(self._text).strip(" \t\r\n") or _EMPTY
            origin = Origin(self._file, self._line)
            self._result.assignments.append(Assignment(name, value, origin))
            self._text.clear()
        elif self._depth == self._inside:
            self._inside = 0
        self._depth -= 1
