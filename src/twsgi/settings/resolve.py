"""From a command line, or from keywords, to checked L{Settings}: the whole of this package."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twsgi.errors import ConfigurationError, UserError
from twsgi.settings.commandline import from_environment, parse_arguments
from twsgi.settings.expansion import expand, unset
from twsgi.settings.grammar import Assignment, Origin, printable
from twsgi.settings.kinds import FALSE, KINDS, TRUE, before_comment
from twsgi.settings.known import PRIVILEGES, WITHOUT_MEANING, suggestion, uwsgi_names
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_NAME
from twsgi.settings.reading import Reader
from twsgi.settings.validation import checked

_KEYWORD = Origin("keyword")
_SET = "set"
_PLACEHOLDER = "set-placeholder"


def load(
    arguments: Sequence[str], environ: Mapping[str, str], cwd: str | None = None
) -> tuple[Settings, list[str]]:
    """
    What a command line and the files it names ask for.

    @param arguments: without the command itself, C{--help} and C{--version}.
    @param environ: its C{UWSGI_*} variables come first; C{$(NAME)} is looked up in it.
    @param cwd: where relative names of ini files start; None: the working directory.
    @return: the settings, and warnings of one line each.
    @raise UserError: one line, with file and line; its C{warnings} are what was found before.
    """
    assignments = [*from_environment(environ), *parse_arguments(arguments)]
    return resolve(assignments, environ, cwd)


def from_mapping(
    mapping: Mapping[str, Any], environ: Mapping[str, str] | None = None, cwd: str | None = None
) -> tuple[Settings, list[str]]:
    """
    What keywords ask for: C{{"http": ":8000", "module": "app", "processes": 2}}; C{_} stands for
    C{-}, a list for an option that repeats.  An option that nobody knows is always an error.

    @raise UserError: as L{load}.
    """
    assignments = [one for key, value in mapping.items() for one in _keyword(key, value)]
    return resolve(assignments, os.environ if environ is None else environ, cwd)


def resolve(
    assignments: Iterable[Assignment], environ: Mapping[str, str], cwd: str | None = None
) -> tuple[Settings, list[str]]:
    """
    Files read in place, placeholders replaced, values converted, all of it checked; the
    parameters, result and errors are L{load}'s.
    """
    reader = Reader(environ, os.getcwd() if cwd is None else os.path.abspath(cwd))
    draft = _Draft(reader.warnings)
    try:
        flat, declared = _with_set(reader.inline(assignments))
        expanded, used = expand(flat, environ)
        for one in expanded:
            if one.name not in declared:
                draft.take(one, one.name in used)
        return draft.finish()
    except UserError as error:
        error.warnings = tuple(draft.warnings)
        raise


def _with_set(assignments: list[Assignment]) -> tuple[list[Assignment], set[str]]:
    """
    C{set = a=b} and C{set-placeholder = a=b} as C{a = b}.

    @return: the assignments, and the names that were declared to be placeholders.
    """
    result: list[Assignment] = []
    declared: set[str] = set()
    for one in assignments:
        option = BY_NAME.get(one.name)
        if option is None or option.name not in (_SET, _PLACEHOLDER):
            result.append(one)
            continue
        name, value = _converted(option, one).split("=", 1)
        if option.name == _PLACEHOLDER and (name in BY_NAME or name in uwsgi_names()):
            raise ConfigurationError(f"{one}: '{printable(name)}' is an option, no placeholder")
        if option.name == _PLACEHOLDER:
            declared.add(name)
        elif name in BY_NAME and not BY_NAME[name].field:
            raise ConfigurationError(f"{one}: '{name}' cannot be set by another option")
        result.append(Assignment(name, value, one.origin))
    return result, declared


class _Draft:
    """Settings in the making."""

    def __init__(self, warnings: list[str]) -> None:
        """C{warnings} is added to."""
        self.warnings = warnings
        self._values: dict[str, Any] = {}
        self._written: dict[str, Assignment] = {}
        #: Each with what to do about it.
        self._unknown: list[tuple[Assignment, str]] = []
        self._placeholders: list[Assignment] = []
        self._unsupported: list[str] = []

    def take(self, one: Assignment, used: bool) -> None:
        """C{used}: its name stands in another value as C{%(name)}."""
        option = BY_NAME.get(one.name)
        if option is not None:
            self._set(option, one)
        elif one.name in uwsgi_names():
            self._pass_over(one)
        elif used:
            self._placeholders.append(one)
        else:
            self._unknown.append((one, suggestion(one.name)))

    def finish(self) -> tuple[Settings, list[str]]:
        settings = Settings(**self._values)
        if settings.strict:
            self._refuse_unknown()
        self.warnings.extend(_unknown(one) + hint for one, hint in self._unknown)
        settings, warnings = checked(settings, self._written, self._unsupported)
        self.warnings.extend(warnings)
        return settings, self.warnings

    def _refuse_unknown(self) -> None:
        for one, hint in self._unknown:
            raise ConfigurationError(f"{_unknown(one)}{hint} (strict)")
        for one in self._placeholders:
            name = printable(one.name)
            raise ConfigurationError(
                f"{_unknown(one)} (strict): a placeholder is written set-placeholder = {name}=..."
            )

    def _set(self, option: Option, one: Assignment) -> None:
        one = self._without_comment(option, one)
        value = _converted(option, one)
        if not option.field:
            return
        if KINDS[option.kind].repeated:
            value = (*self._values.get(option.field, ()), value)
        self._values[option.field] = value
        self._written[option.field] = one
        if option.implies_master:
            self._values["master"] = True

    def _without_comment(self, option: Option, one: Assignment) -> Assignment:
        """uWSGI stops reading a number where it ends, so that C{4 # cores} is common."""
        if KINDS[option.kind].spaceless:
            value = before_comment(one.value)
            if value is not None:
                self.warnings.append(f"{one}: a comment needs a line of its own: read as {value}")
                return replace(one, value=value)
        elif option.kind == "flag" and one.value.lower() not in TRUE | FALSE:
            self.warnings.append(f"{one}: neither true nor false: read as true")
        return one

    def _pass_over(self, one: Assignment) -> None:
        if one.name in PRIVILEGES:
            raise ConfigurationError(
                f"{one}: twsgi cannot change privileges before it binds, and does not run with "
                "more than was asked for: write uid and gid, or start twsgi as that user"
            )
        self._unsupported.append(one.name)
        reason = WITHOUT_MEANING.get(one.name)
        what = f"has no meaning here: {reason}" if reason else "not supported by twsgi yet"
        self.warnings.append(f"{one.origin}: option '{one.name}' is uWSGI's, {what}: ignored")


def _unknown(one: Assignment) -> str:
    return f"{one.origin}: unknown option '{printable(one.name)}'"


def _converted(option: Option, one: Assignment) -> Any:
    if "\0" in one.value:
        raise ConfigurationError(f"{one}: holds a NUL character")
    try:
        return KINDS[option.kind].convert(one.value)
    except ValueError as error:
        missing = unset(one.value)
        reason = f"$({missing}) is not set" if missing else str(error)
        if one.value.startswith("@("):
            reason = "@(...) is uWSGI's, not supported by twsgi yet"
        raise ConfigurationError(f"{one}: {printable(reason, 200)}") from None


def _keyword(key: Any, value: Any) -> list[Assignment]:
    name = key.replace("_", "-") if isinstance(key, str) else ""
    option = BY_NAME.get(name)
    if option is None:
        shown = printable(str(key))
        if name in uwsgi_names():
            raise ConfigurationError(
                f"keyword: option '{shown}' is uWSGI's, not supported by twsgi yet: leave it out"
            )
        raise ConfigurationError(f"keyword: unknown option '{shown}'{suggestion(name)}")
    repeated = KINDS[option.kind].repeated
    values = value if repeated and isinstance(value, (list, tuple)) else [value]
    return [Assignment(option.name, _text(option, one), _KEYWORD) for one in values]


def _text(option: Option, value: Any) -> str:
    """C{value} as it would be written in a file."""
    kind = KINDS[option.kind]
    if isinstance(value, str):
        return value
    # bool is a kind of int to Python, not to whoever wrote processes=True.
    if isinstance(value, bool) and bool in kind.types:
        return "true" if value else "false"
    if isinstance(value, int) and not isinstance(value, bool) and int in kind.types:
        return str(value)
    wanted = " or ".join(["str", *(one.__name__ for one in kind.types)])
    if kind.repeated:
        wanted += ", or a list of it"
    raise ConfigurationError(
        f"keyword: {option.name} = {printable(repr(value))}: must be {wanted}, "
        f"not {type(value).__name__}"
    )
