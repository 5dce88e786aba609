"""From a command line, or from keywords, to checked L{Settings}: the whole of this package."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twsgi.errors import UserError
from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.commandline import from_environment, parse_arguments
from twsgi.settings.draft import Draft
from twsgi.settings.expansion import expand
from twsgi.settings.finding import Finding, Findings, Mistake
from twsgi.settings.kinds import KINDS
from twsgi.settings.known import suggestion
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_NAME
from twsgi.settings.outside import Outside
from twsgi.settings.reading import Reader
from twsgi.settings.validation import checked
from twsgi.settings.verdicts.table import about, verdict_of

KEYWORD = Origin("keyword")


@dataclass(frozen=True)
class Resolved:
    """
    What a command line, its files and the environment amount to.

    @ivar settings: checked; where there is an error, the default of what could not be made out.
    @ivar findings: all there is to say, errors too, in the order it was found.
    @ivar written: the assignments of each field that was written anywhere, in their order: of
        those that repeat all, of others the last counts.  A default is not among them.  Of
        C{master} also those of options that imply it.
    @ivar error: the first error, by which the start ends; None: there is none.
    """

    settings: Settings
    findings: tuple[Finding, ...]
    written: Mapping[str, tuple[Assignment, ...]]
    error: UserError | None


def load(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    cwd: str | None = None,
    reader: Outside | None = None,
) -> tuple[Settings, list[str]]:
    """
    What a command line and the files it names ask for.

    @param arguments: without the command itself, C{--help} and C{--version}.
    @param environ: its C{UWSGI_*} variables come first; C{$(NAME)} is looked up in it.
    @param cwd: where relative names of ini files start; None: the working directory.
    @param reader: by whom files are read; None: this machine.
    @return: the settings, and warnings of one line each.
    @raise UserError: one line, with file and line; its C{warnings} are what was found.
    """
    findings = Findings()
    assignments = _written_at_the_start(arguments, environ, findings)
    return _or_raise(findings, _resolved(assignments, environ, cwd, findings, reader).settings)


def read(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    cwd: str | None = None,
    reader: Outside | None = None,
) -> Resolved:
    """
    As L{load}, but never raises: all that is wrong is found, not only what comes first.
    """
    findings = Findings()
    assignments = _written_at_the_start(arguments, environ, findings)
    return _resolved(assignments, environ, cwd, findings, reader)


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
    findings = Findings()
    return _or_raise(findings, _resolved(assignments, environ, cwd, findings).settings)


def _or_raise(findings: Findings, settings: Settings) -> tuple[Settings, list[str]]:
    findings.raise_first()
    return settings, findings.warnings()


def _written_at_the_start(
    arguments: Sequence[str], environ: Mapping[str, str], findings: Findings
) -> list[Assignment]:
    return [*from_environment(environ), *parse_arguments(arguments, findings)]


def _resolved(
    assignments: Iterable[Assignment],
    environ: Mapping[str, str],
    cwd: str | None,
    findings: Findings,
    outside: Outside | None = None,
) -> Resolved:
    place = os.getcwd() if cwd is None else os.path.abspath(cwd)
    draft = Draft(findings)
    reader = Reader(environ, place, findings, outside)
    lines = reader.inline(assignments)
    # What is not read may have held an address, and an application.
    complete = findings.error is None and not reader.sections
    expanded, broken, used = expand(lines, reader.texts, findings)
    for one in broken:
        draft.broken(one)
    for one in expanded:
        if one.name not in reader.declared:
            draft.take(one, one.name in used or one.name in reader.used)
    draft.advise_of_duplicates(reader.conditional)
    written = draft.written
    last = {field: given[-1] for field, given in written.items()}
    settings = checked(draft.settings(), last, draft.unsupported, findings, complete)
    _sections(reader.sections, settings, findings)
    return Resolved(settings, tuple(findings), written, findings.error)


def _sections(missing: list[Mistake], settings: Settings, findings: Findings) -> None:
    """A section that is not there is an error where nothing can be served without it."""
    for one in missing:
        if findings.error is None and not (settings.http or settings.http_socket):
            findings.refuse(one)
        else:
            findings.warn(one.finding.code, one.finding.text, one.finding.origin)


def _keyword(key: Any, value: Any) -> list[Assignment]:
    name = key.replace("_", "-") if isinstance(key, str) else ""
    option = BY_NAME.get(name)
    if option is None:
        shown = printable(str(key))
        verdict = verdict_of(name)
        if verdict is not None:
            text = f"option '{shown}' is uWSGI's, {about(verdict)}: leave it out"
            raise Mistake("not-yet", text, KEYWORD)
        raise Mistake("unknown", f"unknown option '{shown}'{suggestion(name)}", KEYWORD)
    repeated = KINDS[option.kind].repeated
    values = value if repeated and isinstance(value, (list, tuple)) else [value]
    return [Assignment(option.name, _text(option, one), KEYWORD) for one in values]


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
    raise Mistake(
        "value",
        f"{option.name} = {printable(repr(value))}: must be {wanted}, not {type(value).__name__}",
        KEYWORD,
    )
