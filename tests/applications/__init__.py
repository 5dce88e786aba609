"""WSGI applications that the tests run; each is a file that can stand alone in a C{code/}."""
