"""airspeed-velocity benchmarks. What they iterate over comes from the registry of methods."""
