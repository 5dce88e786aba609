"""The tests: C{python -m twisted.trial tests}."""

from hypothesis import HealthCheck, settings

# How long anything takes is for the benchmarks: a busy machine is no reason to fail.
settings.register_profile("twsgi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("twsgi")
