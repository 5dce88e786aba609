"""Tests of L{twsgi.frontend}."""
