"""Options: as whom it runs, below which root, and with which rights on what it makes."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Where and as whom it runs"

ROWS = (
    Option(
        "uid",
        "name",
        By.START,
        "The user to become, by name or number, after the addresses are bound.",
        difference="uWSGI binds afterwards, so that ports below 1024 need shared-socket. "
        "A change that is not allowed ends the start; uWSGI passes over it unless it is root. "
        "Without gid, the user's own group and not root's.",
        test="tests.behaviour.test_privileges.HttpPrivilegesTests.test_all_drop",
    ),
    Option(
        "gid",
        "name",
        By.START,
        "The group to become, by name or number.",
        test="tests.behaviour.test_privileges.HttpPrivilegesTests.test_all_drop",
    ),
    Option(
        "add-gid",
        "names",
        By.START,
        "A further group, by name or number; may be given again.",
        difference="A group that is not there is an error.",
        test="tests.control.test_privileges.IdentityTests.test_take",
    ),
    Option(
        "chroot",
        "path",
        By.START,
        "The directory that becomes the root of all processes but the master, "
        "after the addresses are bound and Twisted and twsgi are loaded.",
        difference="With chroot the master stays root and outside, to start further processes. "
        "In uWSGI all is inside, the socket files too.",
        test="tests.behaviour.test_privileges.HttpPrivilegesTests.test_chroot",
    ),
    Option(
        "umask",
        "mode",
        By.START,
        "The rights that no file made here has: three octal digits.",
        difference="uWSGI goes on with another one where the value is no mode.",
        test="tests.behaviour.test_privileges.FileTests.test_socket_file",
    ),
    Option(
        "chmod-socket",
        "socket mode",
        By.START,
        "The rights of a socket file: three octal digits; 666 for the flag alone.",
        aliases=("chmod",),
        short="C",
        test="tests.behaviour.test_unix_sockets.HttpUnixTests.test_file",
    ),
    Option(
        "chown-socket",
        "owner",
        By.START,
        "The owner of a socket file: user or user:group.",
        difference="By default uid and gid, as it comes about in uWSGI too. "
        "An abstract socket has no owner, which is an error in uWSGI.",
        test="tests.behaviour.test_privileges.FileTests.test_socket_file",
    ),
    Option(
        "daemonize",
        "path",
        By.START,
        "Goes into the background, with the log in this file; "
        "in the foreground under `twistd -n` and `twist`, which says so.",
        short="d",
        difference="The command returns when the start has succeeded, "
        "or with the exit code of the failure.",
        test="tests.behaviour.test_unix_sockets.DaemonTests.test_twsgi",
    ),
)
