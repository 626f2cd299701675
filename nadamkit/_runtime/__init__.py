"""The only modules that import numba and the CUDA package."""
