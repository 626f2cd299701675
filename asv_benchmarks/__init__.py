"""Benchmarks: those of airspeed-velocity, and others' libraries beside ours in ``compare``."""
