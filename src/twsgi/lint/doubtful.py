"""Choices that work, and are seldom what was wanted: advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twsgi.lint.facts import texts
from twsgi.settings.assignment import Assignment
from twsgi.settings.kinds import FALSE, TRUE
from twsgi.settings.model import Plan, Settings
from twsgi.settings.options.table import ROWS
from twsgi.settings.plan import HTTP

#: Advice: the field that it is about, and its text.
Advice = Iterator[tuple[str, str]]
_DAY = 24 * 60 * 60
_SMALL_HEAD = 8192
_SHORT_LIFE = 100
#: Kinds of options whose value is a file to write.
_PATHS = ("path", "paths")


def doubtful(plan: Plan, written: Mapping[str, tuple[Assignment, ...]]) -> Advice:
    """What C{plan} does that may not have been meant."""
    settings = plan.settings
    yield from _hanging(plan)
    yield from _alone(plan)
    yield from _cut_off(settings)
    yield from _sizes(settings)
    yield from _development(settings)
    yield from _life(settings)
    yield from _milliseconds(settings)
    yield from _words_for_paths(settings, written)


def _hanging(plan: Plan) -> Advice:
    settings = plan.settings
    if plan.master and not settings.harakiri:
        yield (
            "harakiri",
            "without harakiri a request that hangs keeps its core until the next restart:"
            " harakiri = 60",
        )
    routed = any(one.kind == HTTP for one in plan.listeners)
    if routed and settings.harakiri > settings.http_timeout:
        yield (
            "harakiri",
            f"harakiri = {settings.harakiri}: the client has its 504 after http-timeout ="
            f" {settings.http_timeout} already: give both",
        )


def _alone(plan: Plan) -> Advice:
    if not plan.master:
        yield (
            "master",
            "without a master nobody starts the process again when it crashes, and there is no"
            " reload: master = true",
        )
    elif plan.capacity == 1:
        yield "processes", "one request at a time: processes, or threads"
    if not plan.settings.need_app:
        yield "need_app", "without its application it starts, and answers 500: need-app = true"


def _development(settings: Settings) -> Advice:
    for seconds in texts(settings, "py_autoreload"):
        yield (
            "py_autoreload",
            f"py-autoreload = {seconds}: every module is looked at again and again: for development"
            " alone",
        )


def _cut_off(settings: Settings) -> Advice:
    mercy = settings.worker_reload_mercy
    if settings.harakiri and mercy < settings.harakiri:
        yield (
            "worker_reload_mercy",
            f"worker-reload-mercy = {mercy}: a reload or a stop cuts off requests that harakiri ="
            f" {settings.harakiri} would let go on",
        )


def _sizes(settings: Settings) -> Advice:
    if settings.buffer_size < _SMALL_HEAD:
        yield (
            "buffer_size",
            f"buffer-size = {settings.buffer_size}: requests with large cookies are refused (431):"
            " 32768",
        )


def _life(settings: Settings) -> Advice:
    if 0 < settings.max_requests < _SHORT_LIFE:
        yield (
            "max_requests",
            f"max-requests = {settings.max_requests}: each worker starts anew after so few"
            " requests: 1000 or more",
        )


def _milliseconds(settings: Settings) -> Advice:
    for row in ROWS:
        value = getattr(settings, row.field) if row.field else None
        seconds = row.kind == "seconds" or row.field in _SECONDS
        if seconds and isinstance(value, int) and value > _DAY:
            yield row.field, f"{row.name} = {value}: that is {value // _DAY} days: it is in seconds"


_SECONDS = frozenset(
    {
        "harakiri",
        "harakiri_graceful_timeout",
        "worker_reload_mercy",
        "reload_mercy",
        "shutdown_delay",
        "worker_ready_timeout",
    }
)


def _words_for_paths(settings: Settings, written: Mapping[str, tuple[Assignment, ...]]) -> Advice:
    words = (TRUE | FALSE) - {"", "0", "1"}
    for row in ROWS:
        if row.kind in _PATHS:
            for one in written.get(row.field, ()):
                if one.value.lower() in words:
                    yield row.field, f"{one.shown}: that is a file of this name"
