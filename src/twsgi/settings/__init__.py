"""
From ini text to a frozen Settings and the Plan of what is to run.

Layer 1: pure but for reading the files it is given; no Twisted, no sockets.  In the order a
configuration passes through them:

- L{twsgi.settings.commandline}: flags and C{UWSGI_*} variables -> assignments; C{--help}.
- L{twsgi.settings.grammar}: ini text -> assignments, each with its file and line.
- L{twsgi.settings.reading}: finds and reads the files, C{ini = other.ini} in place.
- L{twsgi.settings.expansion}: C{%d}, C{$(ENV)}, C{%(name)}.
- L{twsgi.settings.options}: the tables: one row per option.
- L{twsgi.settings.kinds}: what a value may be: whole numbers, booleans, addresses, ...
- L{twsgi.settings.addresses}: C{:8000} -> L{twsgi.settings.model.Address}.
- L{twsgi.settings.known}: the names uWSGI has; did you mean ...?
- L{twsgi.settings.resolve}: all of the above, put together: C{load} and C{from_mapping}.
- L{twsgi.settings.validation}: what several options must agree on.
- L{twsgi.settings.model}: the values: Settings, Address, Listener, Plan.
- L{twsgi.settings.plan}: Settings -> Plan.
- L{twsgi.settings.changes}: what a reload has to do: Plan, Plan -> Changes.
- L{twsgi.settings.documentation}: prints C{docs/options.md}.
"""
