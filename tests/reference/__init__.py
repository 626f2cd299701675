"""The paper in mpmath, with rounding bounds: what the tests compare nadamkit with."""
