"""The values of L{twsgi.settings.options.files}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FilesFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    check_static: tuple[str, ...] = ()
    static_map: tuple[str, ...] = ()
    static_map2: tuple[str, ...] = ()
    static_index: tuple[str, ...] = ()
    static_safe: tuple[str, ...] = ()
    static_skip_ext: tuple[str, ...] = ()
    mimefile: tuple[str, ...] = ()
    static_expires: tuple[str, ...] = ()
    static_expires_mtime: tuple[str, ...] = ()
    static_expires_path_info: tuple[str, ...] = ()
    static_expires_path_info_mtime: tuple[str, ...] = ()
    static_expires_uri: tuple[str, ...] = ()
    static_expires_uri_mtime: tuple[str, ...] = ()
    static_expires_type: tuple[str, ...] = ()
    static_expires_type_mtime: tuple[str, ...] = ()
    static_gzip_all: bool = False
    static_gzip_dir: tuple[str, ...] = ()
    static_gzip_ext: tuple[str, ...] = ()
    static_gzip: tuple[str, ...] = ()
    offload_threads: int = 0
