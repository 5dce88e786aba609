"""Tests of L{twsgi.settings}."""
