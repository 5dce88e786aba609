"""Tests of L{twsgi.master}."""
