"""What is to come, by topic; what no line names is to come too, without one."""

from __future__ import annotations

#: (topic, names or patterns of names)
NOT_YET: tuple[tuple[str, str], ...] = (
    ("the uwsgi wire", "puwsgi-socket map-socket"),
    ("FastCGI and SCGI", "fastcgi-* scgi-*"),
    ("https", "https https2 https-* http-to-https suwsgi-socket ssl-* sni sni-*"),
    ("routing", "*route *route-* collect-header response-header-collect pull-header http-var"),
    ("routing", "http-auto-gzip http-server-name-as-http-host vhost vhost-host upload-progress"),
    ("the PROXY protocol", "*enable-proxy-protocol"),
    ("websockets", "websocket* http-websockets"),
    ("the spooler", "spooler* touch-spoolers-reload"),
    ("mules", "mule mules mule-* farm touch-mules-reload hook-as-mule"),
    ("cron", "cron cron2 unique-cron cron-harakiri"),
    ("signals and timers", "*-timer timer rbtimer *-rbtimer signal*-bufsize *-signal"),
    ("the cache", "cache cache-* cache2 *cache-item load-file-in-cache* check-cache"),
    ("the queue", "queue queue-*"),
    ("shared areas and locks", "sharedarea py-sharedarea locks"),
    ("RPC", "rpc-max"),
    ("stats", "stats stats-* http-stats* http-ss"),
    ("metrics", "metric metric-* metrics-* enable-metrics alarm-metric carbon carbon-*"),
    ("alarms", "*alarm*"),
    ("the emperor", "emperor emperor-* early-emperor *vassal* heartbeat *-emperor *-emperor?"),
    ("the emperor", "hook-emperor-*"),
    ("subscriptions", "subscri* st unsubscribe-* start-unsubscribed http-subscription-*"),
    ("subscriptions", "http-resubscribe weight auto-weight"),
    ("systemd", "notify-socket"),
    ("configuration", "declare-option* inject-* blacklist whitelist end-blacklist end-whitelist"),
    ("configuration", "fallback-config resolve print iprint"),
    (
        "the place",
        "wait-* check-mount* mount*-check force-cwd binsh file-write master-as-*",
    ),
    (
        "where and as whom it runs",
        "drop-after-* envdir early-envdir unenv safe-fd fd-safe honour-stdin",
    ),
    ("sockets", "tcp-fast* so-* socket-*-timeout"),
    ("the application", "paste paste-logger ini-paste* pecan eval py-*name py-*executable no-site"),
    ("the application", "wsgi-accept-buffer* *-default-app ignore-script-name exception-handler"),
    ("the application", "mode skip-atexit*"),
    ("reload", "reload-on-* brutal-reload-* fs-* touch-* propagate-touch exit-on-reload"),
    ("log", "log-* logfile-* *logger* rsyslog-*"),
    ("static files", "static-* mime* disable-sendfile"),
    ("processes", "*stack*size hook-* exec-* http-harakiri daemons-* *attach-*daemon*"),
)

#: What is to come although a row has its name, because a part of it works: topic and words.
IN_PART: dict[str, tuple[str, str]] = {
    "socket": ("the uwsgi wire", "with protocol = http it is http-socket"),
    "uwsgi-socket": ("the uwsgi wire", "write http-socket, and proxy_pass in nginx"),
}
