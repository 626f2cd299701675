"""The update rules: one file, one algorithm. `nadamkit.registry` finds them by itself."""
