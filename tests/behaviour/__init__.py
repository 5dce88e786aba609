"""Tests that start the real commands and look at them from outside."""
