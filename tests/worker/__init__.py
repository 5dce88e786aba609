"""Tests of L{twsgi.worker}."""
