"""
Requests as bytes, and what is to become of them; C{README.md} tells the format.

- L{tests.corpus.cases}: reads the cases, and says where an outcome differs from what is expected.
- L{tests.corpus.echo}: the WSGI application that tells what it saw.
"""
