"""On what it all ran."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import resource
from collections.abc import Iterable
from pathlib import Path

from benchmarks import load
from benchmarks.contenders import CONTENDERS


def facts() -> dict[str, str]:
    """
    The machine: what, and its value.  To be asked before anything is started: what else runs
    makes all figures worthless.
    """
    return {
        "processor": _processor(),
        "processors": f"{len(os.sched_getaffinity(0))}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "load average before": f"{os.getloadavg()[0]:.1f}",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions(names: Iterable[str]) -> dict[str, str]:
    """
    The versions of some contenders, and of what else counts.

    @param names: contenders that are installed.
    """
    found = {"wrk": load.version()}
    for name in names:
        one = CONTENDERS[name]
        found[one.distribution] = one.version
    for name in ("twisted", "httptools"):
        if version := _version(name):
            found[name] = version
    return dict(sorted(found.items()))


def raise_limit() -> int:
    """Allows this process and those it starts all descriptors it may have.  @return: how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""
