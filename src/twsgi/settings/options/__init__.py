"""
The options: one row each, in tables by topic, in the order of C{--help}.

- L{twsgi.settings.options.row}: what a row says.
- L{twsgi.settings.options.configuration}: where the configuration is, and how it is read.
- L{twsgi.settings.options.logic}: which lines of it count, and how often.
- L{twsgi.settings.options.http}: the addresses, and the limits on what comes in there.
- L{twsgi.settings.options.sockets}: further addresses, and how the sockets there are made.
- L{twsgi.settings.options.response}: what is sent beside what the application says.
- L{twsgi.settings.options.application}: where the application is.
- L{twsgi.settings.options.python}: the interpreter that the application finds.
- L{twsgi.settings.options.processes}: how many processes and threads run it.
- L{twsgi.settings.options.cheaper}: how their number follows the load.
- L{twsgi.settings.options.reload}: what makes the workers be replaced while requests go on.
- L{twsgi.settings.options.recycling}: when one worker is replaced.
- L{twsgi.settings.options.harakiri}: requests that do not end.
- L{twsgi.settings.options.files}: files that are served without the application.
- L{twsgi.settings.options.place}: as whom it runs, below which root, in the background or not.
- L{twsgi.settings.options.resources}: what they are called, and what they may use.
- L{twsgi.settings.options.life}: signals, stopping, what is left behind.
- L{twsgi.settings.options.hooks}: what else is done at the start, and at other moments.
- L{twsgi.settings.options.daemons}: programs that run beside.
- L{twsgi.settings.options.log}: what is written to the log.
- L{twsgi.settings.options.orders}: what it can be told while it runs.
- L{twsgi.settings.options.table}: all of them, by name and by letter.
"""
