"""The lint and its two sisters."""
