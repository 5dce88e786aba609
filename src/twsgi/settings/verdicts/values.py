"""Options of uWSGI's whose value decides what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from twsgi.settings.verdicts.verdict import Standing, Verdict

#: uWSGI's words for false, but for 0, which may be a number.
_OFF = frozenset({"false", "off", "no"})

#: Plugins whose work twsgi does by itself.
_BUILT_IN = (
    *("python*", "py", "pypy*", "http", "corerouter", "logfile", "logsocket", "syslog", "logpipe"),
    *("cheaper_*", "msgpack", "notfound", "*logger"),
)
#: (topic, plugins) of what is to come.
_TO_COME = (
    ("routing", ("router_*", "transformation_*")),
    ("the cache", ("cache", "ssi")),
    ("the spooler", ("spooler",)),
    ("signals and timers", ("signal",)),
    ("RPC", ("rpc",)),
    ("alarms", ("alarm_*",)),
    ("the emperor", ("emperor_*",)),
    ("metrics", ("carbon", "stats_pusher_*", "zabbix", "nagios", "rrdtool", "pty_metrics")),
    ("log", ("rsyslog", "graylog2", "redislog", "mongodblog", "logzmq", "log_encoder*")),
)
_LOOPS = ("gevent", "asyncio", "greenlet", "tornado", "fiber", "ugreen", "coroae", "stackless")

#: A rule that keeps somebody out: a password, or a status between 400 and 499.
_GUARD = re.compile(
    r"(?:^|\s)(?:(?:basicauth|ldapauth|radius|spnego)[-\w]*|(?:break|return)[-\w]*:\s*4\d\d)(?!\w)"
)
_KEPT_OUT = (
    "this rule keeps somebody out, and routing is not there yet: let your proxy or the application "
    "do it, and remove the rule"
)
_WEIGHT = [Standing.WORKS, Standing.NO_EFFECT, Standing.NOT_YET, Standing.NEVER]


def judged(verdict: Verdict, value: str) -> Verdict:
    """C{verdict}, as it is for this value."""
    if verdict.standing is not Standing.WORKS and value.strip().lower() in _OFF:
        return replace(verdict, standing=Standing.NO_EFFECT, words="it is off", refused=False)
    rule = _RULES.get(verdict.name)
    if rule is None and "route" in verdict.name.split("-"):
        rule = _route
    return verdict if rule is None else rule(verdict, value)


def _plugins(verdict: Verdict, value: str) -> Verdict:
    """The worst of the plugins that the value names."""
    found = [_plugin(verdict, name.strip()) for name in value.split(",") if name.strip()]
    return max(found, key=lambda one: _WEIGHT.index(one.standing), default=verdict)


def _plugin(verdict: Verdict, name: str) -> Verdict:
    plain = name.rpartition("/")[2].rpartition(":")[2].removesuffix(".so").removesuffix("_plugin")
    if _matches(plain, _BUILT_IN):
        return verdict
    for topic, patterns in _TO_COME:
        if _matches(plain, patterns):
            return replace(
                verdict, standing=Standing.NOT_YET, words=f"the plugin '{plain}'", topic=topic
            )
    instead = "instead: threads = N" if _matches(plain, _LOOPS) else "twsgi serves Python alone"
    return replace(
        verdict, standing=Standing.NEVER, words=f"there is no plugin '{plain}': {instead}"
    )


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, one) for one in patterns)


def _route(verdict: Verdict, value: str) -> Verdict:
    return replace(verdict, words=_KEPT_OUT, refused=True) if _GUARD.search(value) else verdict


_RULES: dict[str, Callable[[Verdict, str], Verdict]] = {
    **dict.fromkeys(("plugin", "plugins", "need-plugin", "need-plugins"), _plugins),
}

#: What the page of the options says of them: a line, and what becomes of it.
OTHER_VALUES = (
    ("`plugins = python3,http`, and others whose work twsgi does itself", "no effect"),
    ("`plugins = router_redirect`, and others whose work is to come", "not yet"),
    ("`plugins = gevent`, `plugins = php`, any other", "never"),
    ("a rule of routing with `basicauth:` and the like, or `break:` or `return:` with 4xx",
     "**refused** until routing is there: it keeps somebody out"),
    ("any option that does not work, `= false`, `= off` or `= no`", "no effect: it is off"),
)  # fmt: skip
