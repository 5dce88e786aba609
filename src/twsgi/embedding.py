"""What a container in somebody else's process may not do to that process."""

from __future__ import annotations

from twsgi.errors import ConfigurationError
from twsgi.settings.model import Settings

#: Options about the processes that run the application: without a master that is the host's.
OF_THE_WORKERS = (
    "procname",
    "procname_master",
    "procname_prefix_spaced",
    "procname_append",
    "limit_as",
    "limit_nproc",
    "max_fd",
    "prio",
    "cpu_affinity",
    "safe_pidfile",
    "safe_pidfile2",
    "hook_post_fork",
    "hook_pre_app",
    "hook_post_app",
    "hook_accepting",
    "hook_accepting1",
    "hook_accepting_once",
    "hook_accepting1_once",
)
#: Options about what the process does at its start and its end: the host's own, master or not.
MOMENTS = (
    "hook_asap",
    "exec_asap",
    "hook_pre_jail",
    "exec_pre_jail",
    "hook_post_jail",
    "exec_post_jail",
    "hook_as_root",
    "exec_as_root",
    "hook_as_user",
    "exec_as_user",
    "hook_in_jail",
    "exec_in_jail",
    "hook_master_start",
    "hook_as_user_atexit",
    "exec_as_user_atexit",
    "hook_touch",
)


def refuse_moments(settings: Settings) -> None:
    """@raise ConfigurationError: something would be done in, or by, the host's process."""
    for field in MOMENTS:
        # A signal's meaning is the host's own, whatever the file says.
        if any(not text.startswith("unix_signal:") for text in getattr(settings, field)):
            option = field.replace("_", "-")
            raise ConfigurationError(
                f"{option}: an embedded container does nothing to the process that hosts it; remove"
                f" {option}, and do it where the container is started"
            )
