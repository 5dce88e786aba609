"""Tests of L{twsgi.proxy}."""
