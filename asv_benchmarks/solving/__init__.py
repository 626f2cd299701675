"""How many problems are solved, by us and by others: ``python -m asv_benchmarks.solving``.

Costs are calls of the objective with its gradient, so that all but the times of `scipy` are the
same on any machine.
"""

import asv_benchmarks.compare  # noqa: F401  its settings: one thread for BLAS and for XLA
