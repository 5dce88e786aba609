"""L{Report}: all that there is to say about one configuration, the most important first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twsgi.lint.amounts import amounts
from twsgi.lint.doubtful import doubtful
from twsgi.lint.exposed import exposed
from twsgi.lint.facts import Fact
from twsgi.lint.looking import Looking
from twsgi.lint.repeated import repeated
from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import ADVICE, ERROR, WARNING, Finding, Findings, Level
from twsgi.settings.kinds import KINDS
from twsgi.settings.model import Plan
from twsgi.settings.options.table import BY_FIELD
from twsgi.settings.plan import plan
from twsgi.settings.resolve import Resolved, read

#: The exit code of a report whose worst finding this is.
EXIT_CODES = {ERROR: 2, WARNING: 1, ADVICE: 0}
#: (title, level, codes): the groups, the most important first; without codes: all the others.
_GROUPS: tuple[tuple[str, Level, frozenset[str]], ...] = (
    ("errors: there is no start with them", ERROR, frozenset()),
    ("ignored: names that nobody knows", WARNING, frozenset({"unknown"})),
    ("ignored: uWSGI does it, twsgi does not", WARNING, frozenset({"never", "not-yet"})),
    ("not as it is written", WARNING, frozenset()),
    ("advice: dangerous", ADVICE, frozenset({"dangerous"})),
    ("advice: perhaps not what you want", ADVICE, frozenset()),
    ("no effect here: may be left out", ADVICE, frozenset({"no-effect"})),
)


@dataclass(frozen=True)
class Report:
    """
    What a lint has found.

    @ivar groups: (title, findings): the most important first; none is empty.
    @ivar facts: what the configuration amounts to, each with where that comes from.
    @ivar exit_code: 0: nothing but advice; 1: warnings; 2: errors.
    """

    groups: tuple[tuple[str, tuple[Finding, ...]], ...]
    facts: tuple[tuple[Fact, tuple[str, ...]], ...]
    exit_code: int


def look(
    arguments: Sequence[str], environ: Mapping[str, str], cwd: str, machine: Looking
) -> Report:
    """
    The report about a command line and the files that it names.

    @param arguments: as C{twsgi} takes them, without the lint's own.
    @param cwd: absolute: where it would be started.
    """
    found = read(arguments, environ, cwd, machine)
    planned = plan(found.settings, cwd)
    # What is given again is looked at here: whether it matters depends on where.
    findings = Findings(one for one in found.findings if one.code != "duplicate")
    for command in dict.fromkeys(machine.not_run):
        text = f"exec://{printable(command)} is not run by a lint: 1 stands for what it prints"
        findings.advise("expansion", text)
    repeated(found.written, findings)
    for text in planned.warnings:
        findings.warn("conflict", text)
    _advise(planned, found, machine, findings)
    grouped = tuple(_grouped(findings))
    facts = tuple((one, origins(one.fields, found.written)) for one in amounts(planned, findings))
    return Report(grouped, facts, max((EXIT_CODES[one.level] for one in findings), default=0))


def origins(
    fields: Iterable[str], written: Mapping[str, tuple[Assignment, ...]]
) -> tuple[str, ...]:
    """Where the values of these fields that count were written, each place once."""
    places: dict[str, None] = {}
    for field in fields:
        given = written.get(field, ())
        every = field in BY_FIELD and KINDS[BY_FIELD[field].kind].repeated
        for one in given if every else given[-1:]:
            places[str(one.origin)] = None
    return tuple(places)


def _advise(planned: Plan, found: Resolved, machine: Looking, findings: Findings) -> None:
    for code, advice in (
        ("dangerous", exposed(planned, found.written, machine.root)),
        ("doubtful", doubtful(planned, found.written)),
        ("doubtful", _strangers(planned, machine)),
    ):
        for field, text in advice:
            findings.advise(code, text, _origin(field, found.written))


def _strangers(planned: Plan, machine: Looking) -> Iterator[tuple[str, str]]:
    """Users and groups that this machine does not have; another one may."""
    settings = planned.settings
    user, _, group = (settings.chown_socket or "").partition(":")
    for field, name, known in (
        ("uid", settings.uid, machine.has_user),
        ("gid", settings.gid, machine.has_group),
        ("chown_socket", user, machine.has_user),
        ("chown_socket", group, machine.has_group),
        *(("add_gid", one, machine.has_group) for one in settings.add_gid),
    ):
        if name and not known(name):
            what = "user" if known == machine.has_user else "group"
            yield field, f"this machine has no {what} '{name}': without it there is no start"


def _origin(field: str, written: Mapping[str, tuple[Assignment, ...]]) -> Origin | None:
    given = written.get(field)
    return given[-1].origin if given else None


def _grouped(findings: Findings) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    named = {(level, code) for _, level, codes in _GROUPS for code in codes}
    for title, level, codes in _GROUPS:
        group = [
            one
            for one in dict.fromkeys(findings)
            if one.level is level
            and (one.code in codes if codes else (level, one.code) not in named)
        ]
        if group:
            yield title, tuple(sorted(group, key=_place))


def _place(finding: Finding) -> tuple[bool, str, int]:
    """What stands nowhere in particular comes last."""
    origin = finding.origin
    return (origin is None, origin.file if origin else "", origin.line if origin else 0)
