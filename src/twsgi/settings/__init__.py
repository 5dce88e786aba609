"""From ini text to a frozen Settings and the Plan of what is to run.

Layer 1: pure; no Twisted, no sockets.
"""
