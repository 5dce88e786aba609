"""The values of L{twsgi.settings.options.hooks}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HooksFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    hook_asap: tuple[str, ...] = ()
    exec_asap: tuple[str, ...] = ()
    hook_pre_jail: tuple[str, ...] = ()
    exec_pre_jail: tuple[str, ...] = ()
    hook_post_jail: tuple[str, ...] = ()
    exec_post_jail: tuple[str, ...] = ()
    hook_as_root: tuple[str, ...] = ()
    exec_as_root: tuple[str, ...] = ()
    hook_as_user: tuple[str, ...] = ()
    exec_as_user: tuple[str, ...] = ()
    hook_in_jail: tuple[str, ...] = ()
    exec_in_jail: tuple[str, ...] = ()
    hook_master_start: tuple[str, ...] = ()
    exec_pre_app: tuple[str, ...] = ()
    exec_post_app: tuple[str, ...] = ()
    hook_post_fork: tuple[str, ...] = ()
    hook_pre_app: tuple[str, ...] = ()
    hook_post_app: tuple[str, ...] = ()
    hook_accepting: tuple[str, ...] = ()
    hook_accepting1: tuple[str, ...] = ()
    hook_accepting_once: tuple[str, ...] = ()
    hook_accepting1_once: tuple[str, ...] = ()
    hook_as_user_atexit: tuple[str, ...] = ()
    exec_as_user_atexit: tuple[str, ...] = ()
    touch_exec: tuple[str, ...] = ()
    hook_touch: tuple[str, ...] = ()
