"""SciPy's own minimiser tests, run from the installed SciPy against nadamkit."""
