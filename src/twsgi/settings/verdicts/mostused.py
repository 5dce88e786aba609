"""The options that configurations have most, and what becomes of each: a table for a page.

C{python -m twsgi.settings.verdicts.mostused docs/migrating-from-uwsgi.md} puts it in its place.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twsgi.settings.options.table import BY_NAME
from twsgi.settings.verdicts.table import verdicts
from twsgi.settings.verdicts.verdict import Standing

#: Where the table stands in the page.
BEGIN, END = "<!-- most used -->\n", "<!-- /most used -->\n"

#: In how many of a hundred files, by name.
MOST_USED = {
    name: int(percent)
    for name, _, percent in (
        word.partition(":")
        for word in (
            *("master:82", "processes:78", "module:66", "socket:62", "chdir:51", "vacuum:44"),
            *("chmod-socket:34", "threads:29", "enable-threads:26", "http:26", "wsgi-file:26"),
            *("uid:26", "callable:24", "die-on-term:24", "gid:23", "buffer-size:22"),
            *("harakiri:21", "pidfile:19", "max-requests:18", "env:13", "logto:13"),
            *("static-map:12", "virtualenv:12", "single-interpreter:10", "stats:10"),
            *("daemonize:10", "disable-logging:10", "home:10", "http-socket:10", "plugins:10"),
            *("pythonpath:10", "memory-report:8", "lazy-apps:7", "need-app:7", "thunder-lock:7"),
            *("touch-reload:7", "workers:7", "chown-socket:6", "post-buffering:6", "ini:6"),
            *("py-autoreload:6", "reload-on-rss:6", "disable-write-exception:5", "listen:5"),
            *("log-5xx:5", "manage-script-name:5", "mount:5", "harakiri-verbose:4"),
            *("http-keepalive:4", "http-timeout:4", "ignore-sigpipe:4", "ignore-write-errors:4"),
            *("lazy:4", "log-date:4", "socket-timeout:4", "cheaper:3", "log-4xx:3"),
            *("log-maxsize:3", "offload-threads:3", "plugin:3"),
        )
    )
}

#: What to do, where the verdict alone does not say it.
_NOTES = {
    "socket": "`http-socket` with the same address, and `proxy_pass` in nginx: [step 6](#6-nginx)",
    "stats": "nothing answers there: leave it out, or wait",
    "mount": "one application: `module`, or `wsgi-file`",
    "plugins": "python, http and the like; [others](options.md#where-the-value-decides)",
    "plugin": "as `plugins`",
    "workers": "is `processes`",
}


def table() -> str:
    """The table, in Markdown."""
    lines = ["| option | % of files | verdict | what to know |", "|---|---|---|---|"]
    for name, percent in MOST_USED.items():
        verdict = verdicts()[name]
        lines.append(f"| `{name}` | {percent} | {verdict.standing.value} | {_words(name)} |")
    return "\n".join(lines) + "\n"


def _words(name: str) -> str:
    verdict, row = verdicts()[name], BY_NAME.get(name)
    works = verdict.standing is Standing.WORKS
    if name in _NOTES and not (works and name in ("mount", "socket", "stats")):
        return _NOTES[name]
    if works and row is not None:
        return row.difference or "as in uWSGI"
    if verdict.standing is Standing.NOT_YET:
        return f"belongs to {verdict.topic}" if verdict.topic else "leave it out, or wait"
    return verdict.words


def main(arguments: list[str]) -> int:
    """Puts the table into a page."""
    page = Path(arguments[0])
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    page.write_text(f"{before}{begin}{table()}{end}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
