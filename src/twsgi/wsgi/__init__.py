"""
One request through one WSGI application, on one thread (PEP 3333).

- L{twsgi.wsgi.virtualenv}: the packages of a virtual environment.
- L{twsgi.wsgi.loader}: finds the applications that C{module}, C{wsgi-file} and C{mount} name.
- L{twsgi.wsgi.errorstream}: C{wsgi.errors}: lines that reach the log whole.
- L{twsgi.wsgi.environ}: what the application is told.
- L{twsgi.wsgi.response}: what it may say, and how that reaches a sink.
- L{twsgi.wsgi.finished}: the same for operators who ask for more.
- L{twsgi.wsgi.application}: one call of the application, from its beginning to C{close()}.
- L{twsgi.wsgi.forks}: ends what an application has forked and let go.
- L{twsgi.wsgi.link}: the worker's end of a link to a frontend.
- L{twsgi.wsgi.waitpoint}: where the cores wait for something to do.
- L{twsgi.wsgi.core}: a thread that serves one request at a time, and all of them together.
- L{twsgi.wsgi.mounts}: several applications, each below a path of its own.
- L{twsgi.wsgi.catching}: tells the client what the application has raised.
- L{twsgi.wsgi.bouncer}: sends requests back that wait while another worker has a free core.
- L{twsgi.wsgi.root}: the worker's root resource: hands requests of its own listeners to the cores.
- L{twsgi.wsgi.resource}: C{WSGIResource}, for any C{twisted.web} Site.
"""
