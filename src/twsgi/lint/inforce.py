"""Every setting in force, and where it came from; what will run because of them."""

from __future__ import annotations

from twsgi.settings.assignment import Assignment, printable
from twsgi.settings.kinds import KINDS
from twsgi.settings.model import Plan
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import TOPICS
from twsgi.settings.resolve import Resolved

_DEFAULT = "default"
_LONGEST = 2000
#: Kinds whose numbers are written in octal digits.
_MODES = ("mode", "socket mode")


def in_force(plan: Plan, resolved: Resolved) -> str:
    """The plan, then the settings by topic: where each comes from, and C{name = value}."""
    lines = [("", "[plan]"), *_planned(plan)]
    for title, rows in TOPICS:
        lines += [("", ""), ("", f"[{title}]")]
        lines += [line for row in rows if row.field for line in _setting(row, plan, resolved)]
    width = max(len(origin) for origin, _ in lines)
    return "\n".join(f"{origin:<{width}}  {text}".rstrip() for origin, text in lines) + "\n"


def _planned(plan: Plan) -> list[tuple[str, str]]:
    """What of the plan no setting says by itself."""
    values: list[tuple[str, str]] = [
        ("master", _text(plan.master)),
        ("workers", f"{plan.workers}, {plan.initial} at first, {plan.minimum} at least"),
        ("frontends", str(plan.frontends)),
        ("requests at once", str(plan.capacity)),
        *(("listener", f"{one.kind} {one.address}") for one in plan.listeners),
        ("directory", plan.directory or "where it is started"),
        *((name, value) for name, value in _paths(plan) if value),
    ]
    return [("", f"{name}: {printable(text, _LONGEST)}") for name, text in values]


def _paths(plan: Plan) -> list[tuple[str, str | None]]:
    return [
        ("pidfile", plan.pidfile),
        ("pidfile2", plan.pidfile2),
        ("log", plan.daemonize),
        *(("touched, all is reloaded", path) for path in plan.touch_reload),
        *(("touched, workers are replaced", path) for path in plan.touch_workers_reload),
        *(("touched, one worker after another", path) for path in plan.touch_chain_reload),
    ]


def _setting(row: Option, plan: Plan, resolved: Resolved) -> list[tuple[str, str]]:
    value = getattr(plan.settings, row.field)
    given = resolved.written.get(row.field, ())
    if not KINDS[row.kind].repeated:
        return [(_origin(row, given[-1:]), f"{row.name} = {_text(value, row.kind)}")]
    if not value:
        return [(_DEFAULT, f"{row.name} =")]
    if len(given) != len(value):
        return [(_origin(row, given[-1:]), f"{row.name} = {_text(one, row.kind)}") for one in value]
    return [
        (_origin(row, (one,)), f"{row.name} = {_text(text, row.kind)}")
        for one, text in zip(given, value, strict=True)
    ]


def _origin(row: Option, given: tuple[Assignment, ...]) -> str:
    """Where it was written; by which option, if not by its own."""
    if not given:
        return _DEFAULT
    (one,) = given
    return str(one.origin) if one.name in row.names else f"{one.origin} ({one.name})"


def _text(value: object, kind: str = "") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and kind in _MODES:
        return f"{value:03o}"
    return printable(str(value), _LONGEST)
