"""What share of this machine's bandwidth a step reaches: ``python -m asv_benchmarks.roofline``."""
