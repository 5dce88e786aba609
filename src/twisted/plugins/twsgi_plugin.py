"""C{twistd uwsgi} and C{twist uwsgi}: says where L{twsgi.tap} is, and nothing else."""

from twisted.application.service import ServiceMaker

uwsgi = ServiceMaker(
    "twsgi",
    "twsgi.tap",
    "Serve a WSGI application as its uwsgi.ini says.",
    "uwsgi",
)
