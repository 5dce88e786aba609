"""
The frontend's root resource: every request that is no static file goes to a worker.

- L{twsgi.proxy.root}: the resource: makes a L{Call} of a request.
- L{twsgi.proxy.call}: one request on its way to a worker, and its response on its way back.
- L{twsgi.proxy.spool}: what a slow client has not read yet, on disk.
- L{twsgi.proxy.dispatcher}: who gets a call: an idle link, a place in the queue, or 503.
- L{twsgi.proxy.retry}: which calls may go to another worker when theirs is gone.
- L{twsgi.proxy.balancer}: which of the idle links.
- L{twsgi.proxy.link}: the frontend's end of a link to a worker.
"""
