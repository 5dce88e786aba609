"""C{name = value}, and where it was written."""

from __future__ import annotations

from dataclasses import dataclass

#: A file's name is shown in full: its end tells more than its beginning.
PATH = 4096


def printable(text: str, limit: int = 80) -> str:
    """C{text} as one line of a message: control characters escaped, cut at C{limit}."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:limit])
    return f"{shown}..." if len(text) > limit else shown


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where an assignment was written.

    @ivar file: the file as it was named, or C{command line}, C{environment}, C{keyword}.
    @ivar line: from 1; 0 where there are no lines.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        file = printable(self.file, PATH)
        return f"{file}:{self.line}" if self.line else file


@dataclass(frozen=True, slots=True)
class Assignment:
    """
    C{name = value}, as written.

    @ivar bare: the name stood alone; C{value} is empty then.
    """

    name: str
    value: str
    origin: Origin
    bare: bool = False

    @property
    def shown(self) -> str:
        """As it was written, in one line."""
        name = printable(self.name)
        return name if self.bare else f"{name} = {printable(self.value)}"

    def __str__(self) -> str:
        return f"{self.origin}: {self.shown}"
