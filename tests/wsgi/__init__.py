"""One request through one WSGI application."""
