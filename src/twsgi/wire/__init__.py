"""
Sans-I/O codecs: bytes in, values out, and back.  No Twisted, no sockets, no clock.

- L{twsgi.wire.grammar}: RFC 9110 and 9112 as regular expressions, rules named as there.
- L{twsgi.wire.fields}: the two parsers of header fields, llhttp's and ours, behind one interface.
- L{twsgi.wire.head}: a request's head, with all policy: framing, Host, names, target.
- L{twsgi.wire.chunked}: the chunked transfer coding, received.
- L{twsgi.wire.response}: what the application says, checked and framed.
- L{twsgi.wire.frames}: what a frontend and a worker say to each other over a link.
"""
