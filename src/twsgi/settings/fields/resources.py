"""The values of L{twsgi.settings.options.resources}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourcesFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    auto_procname: bool = False
    procname: str = ""
    procname_master: str = ""
    procname_prefix: str = ""
    procname_prefix_spaced: str = ""
    procname_append: str = ""
    limit_as: int = 0
    limit_nproc: int = 0
    max_fd: int = 0
    prio: int = 0
    cpu_affinity: int = 0
    threads_stacksize: int = 0
