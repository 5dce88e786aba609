"""What a configuration amounts to: times, sizes, memory."""

from __future__ import annotations

from twsgi.lint.facts import Fact
from twsgi.settings.model import Plan, Settings
from twsgi.settings.plan import HTTP

_MEGABYTE = 1024 * 1024


def waiting(plan: Plan) -> Fact:
    """What a request waits for, and how long."""
    settings = plan.settings
    kernel = f"the kernel keeps {settings.listen} connections of each address (listen)"
    if not routed(plan):
        text = f"until a core is free, without a limit; {kernel}"
        return Fact("a request waits", text, ("listen",))
    text = (
        f"until a core is free: {settings.http_queue or settings.listen} of them in each frontend"
        f" (http-queue), {settings.http_timeout} s (http-timeout), then 503; {kernel}"
    )
    return Fact("a request waits", text, ("http_queue", "http_timeout", "listen"))


def running(plan: Plan) -> Fact:
    """How long a request may take."""
    settings = plan.settings
    parts = []
    if routed(plan):
        parts.append(
            f"504 if its response has not begun after {settings.http_timeout} s (http-timeout)"
        )
    if settings.harakiri and plan.master:
        answer = "504, or a cut" if routed(plan) else "the connection is cut"
        parts.append(
            f"given up after {settings.harakiri} s (harakiri): {answer}, and its worker is replaced"
        )
    elif routed(plan):
        parts.append("the application goes on, and keeps its core, as long as it likes")
    else:
        parts.append("as long as the application likes")
    return Fact("a request runs", "; ".join(parts), ("http_timeout", "harakiri"))


def clients(plan: Plan) -> Fact:
    """What a client may send, and how slowly."""
    settings = plan.settings
    pause = settings.http_timeout if routed(plan) else settings.socket_timeout
    idle = {0: "no", 1: f"idle for {pause} s"}.get(
        settings.http_keepalive, f"idle for {settings.http_keepalive} s"
    )
    body = f"{settings.limit_post} bytes" if settings.limit_post else "any size"
    text = (
        f"head: {settings.buffer_size} bytes, {settings.max_vars} fields,"
        f" {settings.http_headers_timeout} s; body: {body}, a pause of {pause} s;"
        f" kept connections: {idle}"
    )
    return Fact(
        "a client may",
        text,
        ("buffer_size", "max_vars", "http_headers_timeout", "limit_post", "http_keepalive"),
    )


def memory(plan: Plan) -> Fact:
    """What is bounded, and by how much."""
    settings = plan.settings
    each = _least(settings)
    parts = [
        f"workers: {plan.workers} of {each} MB, {plan.workers * each} MB together; then they are"
        " replaced"
        if each and plan.master
        else "workers: no limit (reload-on-rss)"
    ]
    parts.append(
        f"{settings.post_buffering_bufsize} bytes of a request's body, the rest is in a file"
    )
    if routed(plan) and settings.http_response_spool:
        spool = settings.http_response_spool / _MEGABYTE
        parts.append(
            f"on disk {spool:g} MB of a response that is not read, {16 * spool:g} MB in each"
            " frontend (http-response-spool)"
        )
    return Fact(
        "memory",
        "; ".join(parts),
        ("reload_on_rss", "evil_reload_on_rss", "post_buffering_bufsize", "http_response_spool"),
    )


def _least(settings: Settings) -> int:
    """The lowest limit on a worker's memory, in megabytes; 0: there is none."""
    return min(
        (one for one in (settings.reload_on_rss, settings.evil_reload_on_rss) if one), default=0
    )


def replaced(plan: Plan) -> Fact:
    """When a worker makes place for another."""
    settings = plan.settings
    fields = ("max_requests", "max_worker_lifetime", "reload_on_rss", "reload_on_as")
    if not plan.master:
        return Fact("it is replaced", "never: there is no master", ("master",))
    when = [
        text.format(getattr(settings, field))
        for field, text in (
            ("max_requests", "after {} requests"),
            ("max_worker_lifetime", "after {} s"),
            ("reload_on_rss", "above {} MB of resident memory"),
            ("reload_on_as", "above {} MB of address space"),
            ("evil_reload_on_rss", "above {} MB of resident memory"),
            ("evil_reload_on_as", "above {} MB of address space"),
            ("reload_on_exception", "after an exception"),
        )
        if getattr(settings, field)
    ]
    text = ", ".join(dict.fromkeys(when)) or "when it dies"
    return Fact("a worker is replaced", text, fields)


def routed(plan: Plan) -> bool:
    """Whether frontends have the clients, of one address at least."""
    return any(one.kind == HTTP for one in plan.listeners)
