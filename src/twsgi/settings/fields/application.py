"""The values of L{twsgi.settings.options.application}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApplicationFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    module: str | None = None
    callable: str = "application"
    wsgi_file: str | None = None
    mount: tuple[str, ...] = ()
    manage_script_name: bool = False
    no_default_app: bool = False
    chdir: str | None = None
    chdir2: str | None = None
    env: tuple[str, ...] = ()
    need_app: bool = True
    lazy_apps: bool = True
    lazy: bool = False
    single_interpreter: bool = True
    wsgi_env_behaviour: str | None = None
    wsgi_disable_file_wrapper: bool = False
    catch_exceptions: bool = False
