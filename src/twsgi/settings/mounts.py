"""L{mounted}: C{mount}: each path once, and with its callable.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twsgi.settings.assignment import Assignment, printable
from twsgi.settings.finding import Findings
from twsgi.settings.model import Settings


def mounted(settings: Settings, written: Mapping[str, Assignment], findings: Findings) -> Settings:
    """
    The settings with mounts that are C{path=what:callable}: no slash at the path's end, nothing for
    the root; C{callable} where a mount names none, as it was given, not as C{module} has it.

    @param written: where each field was last given.
    @param findings: is added to.
    """
    found: dict[str, str] = {}
    taken = {""} if settings.module or settings.wsgi_file else set()
    for text in settings.mount:
        path, _, what = text.partition("=")
        path = path.rstrip("/")
        shown = printable(path) or "/"
        if path in taken:
            findings.warn(
                "conflict",
                f"mount = {printable(text)}: there is an application on {shown} already,"
                " which counts",
                written["mount"].origin,
            )
            continue
        taken.add(path)
        found[path] = what if ":" in what else f"{what}:{settings.callable}"
        if path and not settings.manage_script_name:
            findings.warn(
                "no-effect",
                f"mount = {printable(text)}: nothing leads to {shown}:"
                " set manage-script-name = true",
                written["mount"].origin,
            )
    return replace(settings, mount=tuple(f"{path}={what}" for path, what in found.items()))
