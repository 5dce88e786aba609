"""Options without which no start goes on: to run with less protection than was asked for is no
service."""

from __future__ import annotations

_ROOT = (
    "twsgi cannot change privileges before it binds, and does not run with more than was asked "
    "for: write uid and gid, or start twsgi as that user"
)
_ROUTER = (
    "all processes run as uid and gid say, and the frontend does not run with more than was asked "
    "for: write uid and gid"
)
_CONFINED = (
    "twsgi does not run less confined than was asked for: have systemd (PrivateMounts=, "
    "PrivateNetwork=, RootDirectory=), a container or a jail of the system do it"
)
_STARTED = "it would start another server: send the signal to the process in the pidfile"

#: What to do, by name.
REFUSED: dict[str, str] = {
    "immediate-uid": _ROOT,
    "immediate-gid": _ROOT,
    "http-uid": _ROUTER,
    "http-gid": _ROUTER,
    "no-initgroups": "twsgi takes the groups of the user that uid names: write uid as a number "
    "that no user has, or take the groups from the user",
    "cap": "twsgi does not keep or drop single capabilities: systemd does (AmbientCapabilities=, "
    "CapabilityBoundingSet=)",
    "exit": "there is no start where the configuration says exit",
    "no-server": "twsgi --lint FILE looks at a configuration without serving it",
    "command-mode": "twsgi runs no commands of plugins",
    **dict.fromkeys(("stop", "reload", "pause", "suspend", "resume"), _STARTED),
    **dict.fromkeys(
        (
            *("pivot-root", "pivot_root", "unshare", "unshare2", "setns", "setns-socket"),
            *("namespace", "ns", "namespace-net", "ns-net", "jail", "jail2", "libjail", "jailed"),
            *("jail-attach", "jail-ip4", "jail-ip6"),
        ),
        _CONFINED,
    ),
}
