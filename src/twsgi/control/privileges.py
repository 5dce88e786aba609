"""L{settle}: a process takes the root, the user, the groups and the directory it is to have.

After it has bound, opened and imported what it needs to, and before it runs a line of the
application's.  uWSGI's order: C{umask}, C{chroot}, C{gid}, C{add-gid}, C{uid}, C{chdir}.
"""

from __future__ import annotations

import grp
import os
import pwd
import time
from dataclasses import dataclass
from typing import Any

from twsgi.errors import ConfigurationError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Whom to become, as numbers.

    @ivar uid: None: whoever it is.
    @ivar gid: option C{gid}; None: it was not given.
    @ivar added: option C{add-gid}.
    @ivar name: the user's name, empty where the system knows none.
    @ivar own_group: the user's, which counts where C{gid} is not given.
    """

    uid: int | None = None
    gid: int | None = None
    added: tuple[int, ...] = ()
    name: str = ""
    own_group: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Identity:
        """
        Whom C{uid}, C{gid} and C{add-gid} name.

        @raise ConfigurationError: the system does not know one of them.
        """
        gid = None if settings.gid is None else find_group("gid", settings.gid)
        added = tuple(find_group("add-gid", one) for one in settings.add_gid)
        if settings.uid is None:
            return cls(None, gid, added)
        uid = find_user("uid", settings.uid)
        try:
            user = pwd.getpwuid(uid)
        except KeyError:
            return cls(uid, gid, added)
        return cls(uid, gid, added, user.pw_name, user.pw_gid)

    def is_ours(self, system: Any = os) -> bool:
        """True where this process is all that already."""
        groups = {system.getegid(), *system.getgroups()}
        return (
            self.uid in (None, system.geteuid())
            and self.gid in (None, system.getegid())
            and groups.issuperset(self.added)
        )

    def check(self, system: Any = os) -> None:
        """
        Says early that L{take} would fail.

        @raise ConfigurationError: this process may not become that.
        """
        if system.geteuid() != 0 and not self.is_ours(system):
            raise ConfigurationError(
                "uid, gid, add-gid: only root may change them: start as root, or as that user"
                " without these options"
            )

    def take(self, log: ILineLog, system: Any = os) -> None:
        """
        Becomes it for good, all groups of whoever started it left behind.  The log has uWSGI's
        words for it.

        @raise ConfigurationError: the system refuses.
        """
        if self == Identity() or (system.geteuid() != 0 and self.is_ours(system)):
            return
        gid = self.own_group if self.gid is None else self.gid
        try:
            self._take_groups(gid, log, system)
            if self.uid is not None:
                system.setuid(self.uid)
                log.line(f"setuid() to {self.uid}")
        except OSError as error:
            raise ConfigurationError(f"uid, gid, add-gid: {error.strerror}") from error
        if self.uid is not None and (system.getuid(), system.geteuid()) != (self.uid, self.uid):
            raise ConfigurationError(f"uid: the process did not become {self.uid}")

    def _take_groups(self, gid: int | None, log: ILineLog, system: Any) -> None:
        if gid is not None:
            system.setgid(gid)
            log.line(f"setgid() to {gid}")
        elif self.uid:
            log.line(
                f"uid = {self.uid}: the system has no such user, hence no group of its own: the"
                f" group stays {system.getegid()}, set gid to change it"
            )
        if self.uid is None and gid is None:
            groups = set(system.getgroups())
        elif self.name:
            groups = set(system.getgrouplist(self.name, system.getegid()))
        else:
            groups = {system.getegid()}
        system.setgroups(sorted(groups.union(self.added)))
        for one in self.added:
            log.line(f"set additional group {one} ({group_name(one)})")


def find_user(option: str, text: str) -> int:
    """
    The number of a user by name or number; a number need not be known.

    @raise ConfigurationError: there is no such user.
    """
    if text.isascii() and text.isdigit():
        return _number(option, text)
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise ConfigurationError(f"{option} = {text}: user {text} not found") from None


def find_group(option: str, text: str) -> int:
    """
    The number of a group, as L{find_user}.

    @raise ConfigurationError: there is no such group.
    """
    if text.isascii() and text.isdigit():
        return _number(option, text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise ConfigurationError(f"{option} = {text}: group {text} not found") from None


def _number(option: str, text: str) -> int:
    # The highest one means "no change" to the kernel.
    if len(text) > 10 or int(text) >= 2**32 - 1:
        raise ConfigurationError(f"{option} = {text}: there are no such numbers")
    return int(text)


def group_name(gid: int) -> str:
    """A group's name, or its number where the system knows none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def check_place(settings: Settings, directory: str | None, system: Any = os) -> None:
    """
    Says early, where the operator still reads it, that L{settle} would fail.

    @param directory: absolute, inside of C{chroot}.
    @raise ConfigurationError: what is asked for is not there, or not allowed.
    """
    Identity.of(settings).check(system)
    root = settings.chroot
    if root is not None:
        if not os.path.isdir(root):
            raise ConfigurationError(f"chroot = {root}: there is no such directory")
        if system.geteuid() != 0:
            raise ConfigurationError(f"chroot = {root}: only root may change the root")
    if directory is not None:
        seen = directory if root is None else os.path.join(root, directory.lstrip("/"))
        if not os.path.isdir(seen):
            inside = "" if root is None else f" in {root}"
            raise ConfigurationError(f"chdir = {directory}: there is no such directory{inside}")


def settle(settings: Settings, directory: str | None, log: ILineLog, system: Any = os) -> None:
    """
    Takes umask, root, user, groups and directory, in this order, for good.

    @param settings: as the Plan has them: C{chroot} is absolute.
    @param directory: absolute, inside of C{chroot}; None: where it is, or the new root.
    @raise ConfigurationError: the system refuses; what had changed by then stays changed.
    """
    identity = Identity.of(settings)
    if settings.umask is not None:
        system.umask(settings.umask)
    if settings.chroot is not None:
        # The log has local time; its rules lie outside.
        time.tzset()
        try:
            system.chroot(settings.chroot)
            system.chdir("/")
        except OSError as error:
            raise ConfigurationError(f"chroot = {settings.chroot}: {error.strerror}") from error
        log.line(f"chroot() to {settings.chroot}")
    identity.take(log, system)
    if directory is not None:
        try:
            system.chdir(directory)
        except OSError as error:
            raise ConfigurationError(f"chdir = {directory}: {error.strerror}") from error


def root_words(settings: Settings, system: Any = os) -> list[str]:
    """What uWSGI says to whoever runs it as root, and keeps it so."""
    if system.geteuid() != 0 or Identity.of(settings).uid:
        return []
    words = ["*** WARNING: you are running uWSGI as root !!! (use the --uid flag) ***"]
    if not (settings.uid or settings.gid or settings.chroot):
        words.insert(0, "uWSGI running as root, you can use --uid/--gid/--chroot options")
    return words
