"""
Bytes on a socket become a Request, and back; the first half of every request's way.

In reading order:

- L{twsgi.web.acceptor}: takes connections from a listening socket, for the reactor.
- L{twsgi.web.transport}: one connection: reads for its protocol, and ends.
- L{twsgi.web.outgoing}: what leaves a socket: at once, from any thread, by one lock.
- L{twsgi.web.addresses}: what C{twisted.web} calls the ends of a connection.
- L{twsgi.web.outbox}: what waits for room in a socket: bytes and parts of files.
- L{twsgi.web.http1}: one HTTP/1 connection: heads, bodies, pipelining.
- L{twsgi.web.threadchannel}: one whose requests are read by the threads that serve them.
- L{twsgi.web.threadacceptor}: a listening socket on which such threads accept.
- L{twsgi.web.lifetime}: when that connection ends: deadlines, keep-alive, draining.
- L{twsgi.web.face}: what C{twisted.web}'s Request sees of that connection.
- L{twsgi.web.reception}: a body while it comes: taken apart, stored, held to its limits.
- L{twsgi.web.body}: a request's body: in memory while it is small, then in a file without a name.
- L{twsgi.web.request}: a request, lazily a C{twisted.web} one.
- L{twsgi.web.sinks}: where a response goes when it is made on another thread.
- L{twsgi.web.http2}: what C{twisted.web} does not say of a stream of HTTP/2.
- L{twsgi.web.reactorsink}: the same over any transport, by the reactor.
- L{twsgi.web.site}: what all connections of a listener share: resource, limits, deadlines, log.
- L{twsgi.web.finishing}: what the operator adds to every response, and takes from it.
- L{twsgi.web.pages}: what the server's own errors look like.
- L{twsgi.web.proxied}: who the client is, in a balancer's words.
- L{twsgi.web.readiness}: tells a load balancer whether requests are welcome.
- L{twsgi.web.limits}: what a client may ask for, and how long it may take.
- L{twsgi.web.admission}: how many connections there are, and who may come in.
- L{twsgi.web.descriptors}: how many connections a process has descriptors for.
- L{twsgi.web.files}: a response whose body is a part of a file.
- L{twsgi.web.passing}: a descriptor that another process has passed.
- L{twsgi.web.offload}: threads that do nothing but send files.
- L{twsgi.web.untaken}: what the kernel knows of a connection.
- L{twsgi.web.poller}: watches all these descriptors for the reactor, cheaply.
- L{twsgi.web.threads}: the one place where another thread calls into the reactor.
"""
