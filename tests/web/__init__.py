"""Tests of L{twsgi.web}."""
