"""
A stock C{twisted.web} site that serves C{probes.py} by L{WSGIResource}: a process of the behaviour
tests'.  Its log is on standard error.  Says C{serving PORT}.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.python.log import startLogging

# Beside this file, which is run as a script.
probes: Any = __import__("probes")
stock: Any = __import__("stock")

if __name__ == "__main__":
    startLogging(sys.stderr, setStdout=False)
    stock.application = probes.application
    stock.main()
