"""
A load client that knows what became of every request; and what is shown with it.

From the bottom up:

- L{twsgi.selftest.fate}: what can become of a request, and a summary of many.
- L{twsgi.selftest.client}: one client: a request in, an outcome out.
- L{twsgi.selftest.load}: clients at work, each in a thread of its own.
- L{twsgi.selftest.served}: the user's server as a child process: its log, its ports, its end.
- L{twsgi.selftest.command}: C{twsgi --selftest-reload}.
- L{twsgi.selftest.main}: what that child process runs.
"""
