"""
The process that owns the clients' connections.

- L{twsgi.frontend.main}: the process: a Site of static files before the workers.
"""
