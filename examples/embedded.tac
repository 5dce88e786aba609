# A WSGI application beside another Twisted service, in one Twisted application.
#
#     twistd -ny examples/embedded.tac
#
# http://127.0.0.1:8000/ is the application of examples/scaling, in two processes of its own;
# telnet 127.0.0.1 8007 talks to a service of the host's, which knows nothing of WSGI.

import os

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo

from twsgi import Container

# PORT and ECHO_PORT: other ports than these, 0 for any that is free.
port = os.environ.get("PORT", "8000")
echo_port = int(os.environ.get("ECHO_PORT", "8007"))
scaling = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scaling")

application = Application("embedded")

Container(
    {
        "http": f"127.0.0.1:{port}",
        "chdir": scaling,
        "pythonpath": "code/",
        "module": "app",
        "check-static": "static/",
        "processes": 2,
        "threads": 2,
    }
).setServiceParent(application)

StreamServerEndpointService(
    TCP4ServerEndpoint(reactor, echo_port, interface="127.0.0.1"),
    Factory.forProtocol(Echo),
).setServiceParent(application)
