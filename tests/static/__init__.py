"""Tests of L{twsgi.static}."""
