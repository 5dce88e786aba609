"""The load client: against servers that misbehave on purpose."""
