"""The paper in mpmath, with rounding bounds: what everything else is compared with."""
