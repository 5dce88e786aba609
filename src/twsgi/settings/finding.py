"""L{Finding}: one thing that is to be said about a configuration; L{Findings} collects them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from twsgi.errors import ApplicationError, ConfigurationError, UserError
from twsgi.settings.assignment import Assignment, Origin


class Level(Enum):
    """How much it matters."""

    #: It cannot be meant: there is no start.
    ERROR = "error"
    #: Something is not done, or not as it is written: the log says so at every start.
    WARNING = "warning"
    #: It is done as it is written, and may not be what was wanted: for who asks.
    ADVICE = "advice"


ERROR, WARNING, ADVICE = Level.ERROR, Level.WARNING, Level.ADVICE


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing to be said, one line.

    @ivar code: a short word that stays the same, by kind of finding:
        C{unknown} (a name that nobody knows), C{not-yet} (uWSGI's, not done here), C{no-effect}
        (uWSGI's, without meaning here), C{never} (uWSGI's, refused), C{value} (cannot be read),
        C{read-otherwise} (read otherwise than it is written), C{comment} (behind a value),
        C{duplicate} (given again, the last counts), C{conflict} (options that do not agree),
        C{missing} (no address, no application), C{section} (no such section, no such header),
        C{syntax} (a line that is none), C{file} (cannot be read), C{loop} (files or names that
        need themselves), C{too-much} (out of bounds), C{expansion} (C{%x}, C{%(name)},
        C{$(NAME)}, C{@(file)}), C{logic} (C{if-...}, C{for-...}), C{flag} (on the command line).
    @ivar text: what is wrong, and what to do.
    @ivar origin: where; None: nowhere in particular.
    """

    level: Level
    code: str
    text: str
    origin: Origin | None = None

    def __str__(self) -> str:
        return self.text if self.origin is None else f"{self.origin}: {self.text}"


class Mistake(ConfigurationError):
    """A L{ConfigurationError} that is known as a finding, too."""

    def __init__(self, code: str, text: str, origin: Origin | None = None) -> None:
        self.finding = Finding(Level.ERROR, code, text, origin)
        super().__init__(str(self.finding))


def mistaken(code: str, one: Assignment, reason: str) -> Mistake:
    """What is wrong with this assignment, which the message shows."""
    return Mistake(code, f"{one.shown}: {reason}", one.origin)


class Findings(list[Finding]):
    """
    All that was found, in the order it was.

    @ivar error: the first error, as it is to be raised; None: there is none.
    """

    error: UserError | None = None

    def warn(self, code: str, text: str, origin: Origin | None = None) -> None:
        """Adds a warning."""
        self.append(Finding(Level.WARNING, code, text, origin))

    def advise(self, code: str, text: str, origin: Origin | None = None) -> None:
        """Adds a piece of advice."""
        self.append(Finding(Level.ADVICE, code, text, origin))

    def warn_of(self, code: str, one: Assignment, text: str) -> None:
        """Adds a warning about an assignment, which the message shows."""
        self.warn(code, f"{one.shown}: {text}", one.origin)

    def refuse(self, error: UserError) -> None:
        """Adds an error; the first one is what L{error} is from then on."""
        self.append(_finding_of(error))
        self.error = self.error or error

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """A L{UserError} that is raised within is a finding more, and what follows goes on."""
        try:
            yield
        except UserError as error:
            self.refuse(error)

    def take(self, others: Findings) -> None:
        """Adds all that others found."""
        self.extend(others)
        self.error = self.error or others.error

    def warnings(self) -> list[str]:
        """The lines that the log shall have."""
        return [str(one) for one in self if one.level is Level.WARNING]

    def raise_first(self) -> None:
        """
        @raise UserError: the first error, with the warnings, if there is one.
        """
        if self.error is not None:
            self.error.warnings = tuple(self.warnings())
            raise self.error


def _finding_of(error: UserError) -> Finding:
    if isinstance(error, Mistake):
        return error.finding
    code = "missing" if isinstance(error, ApplicationError) else "conflict"
    return Finding(Level.ERROR, code, str(error))
