"""Options: as whom it runs, below which root, and with which rights on what it makes."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Where and as whom it runs"

ROWS = (
    Option(
        "uid",
        "name",
        "The user to become, by name or number, after the addresses are bound.",
        difference="uWSGI binds afterwards, so that ports below 1024 need shared-socket. "
        "A change that is not allowed ends the start; uWSGI passes over it unless it is root. "
        "Without gid, the user's own group and not root's.",
    ),
    Option(
        "gid",
        "name",
        "The group to become, by name or number.",
    ),
    Option(
        "add-gid",
        "names",
        "A further group, by name or number; may be given again.",
        difference="A group that is not there is an error.",
    ),
    Option(
        "chroot",
        "path",
        "The directory that becomes the root of all processes but the master, "
        "after the addresses are bound and Twisted and twsgi are loaded.",
        difference="With chroot the master stays root and outside, to start further processes. "
        "In uWSGI all is inside, the socket files too.",
    ),
    Option(
        "umask",
        "mode",
        "The rights that no file made here has: three octal digits.",
        difference="uWSGI goes on with another one where the value is no mode.",
    ),
    Option(
        "chmod-socket",
        "socket mode",
        "The rights of a socket file: three octal digits; 666 for the flag alone.",
        short="C",
    ),
    Option(
        "chown-socket",
        "owner",
        "The owner of a socket file: user or user:group.",
        difference="By default uid and gid, as it comes about in uWSGI too. "
        "An abstract socket has no owner, which is an error in uWSGI.",
    ),
    Option(
        "daemonize",
        "path",
        "Goes into the background, with the log in this file; "
        "in the foreground under `twistd -n` and `twist`, which says so.",
        short="d",
        difference="The command returns when the start has succeeded, "
        "or with the exit code of the failure.",
    ),
)
