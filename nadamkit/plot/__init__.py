"""Plots of what minimisers did: ours and SciPy's.

Each function takes a result, a list of them or a dict of them by name, draws on `ax` or on new
axes, and returns the axes; nothing is shown, so that a plot can be changed and saved. They need
matplotlib (extra ``plot``). Lines differ in dashes and lightness, and can be read in grey.
"""

from nadamkit.plot._compare import compare
from nadamkit.plot._convergence import plot_convergence
from nadamkit.plot._params import plot_params
from nadamkit.plot._path import plot_path

__all__ = ["compare", "plot_convergence", "plot_params", "plot_path"]
