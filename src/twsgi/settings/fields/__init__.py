"""
The fields of L{twsgi.settings.model.Settings}: a class for each table of L{twsgi.settings.options},
with the types and the defaults of its rows.

- L{twsgi.settings.fields.application}: where the application is.
- L{twsgi.settings.fields.cheaper}: how their number follows the load.
- L{twsgi.settings.fields.configuration}: where the configuration is, and how it is read.
- L{twsgi.settings.fields.daemons}: programs that run beside.
- L{twsgi.settings.fields.files}: files that are served without the application.
- L{twsgi.settings.fields.harakiri}: requests that do not end.
- L{twsgi.settings.fields.hooks}: what else is done at the start, and at other moments.
- L{twsgi.settings.fields.http}: the addresses, and the limits on what comes in there.
- L{twsgi.settings.fields.life}: signals, stopping, what is left behind.
- L{twsgi.settings.fields.log}: what is written to the log.
- L{twsgi.settings.fields.orders}: what it can be told while it runs.
- L{twsgi.settings.fields.place}: as whom it runs, below which root, in the background or not.
- L{twsgi.settings.fields.processes}: how many processes and threads run it.
- L{twsgi.settings.fields.python}: the interpreter that the application finds.
- L{twsgi.settings.fields.recycling}: when one worker is replaced.
- L{twsgi.settings.fields.reload}: what makes the workers be replaced while requests go on.
- L{twsgi.settings.fields.response}: what is sent beside what the application says.
- L{twsgi.settings.fields.sockets}: further addresses, and how the sockets there are made.
- L{twsgi.settings.fields.resources}: what they are called, and what they may use.
"""
