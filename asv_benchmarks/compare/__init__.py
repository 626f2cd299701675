"""nadamkit beside others on one machine in one run: ``python -m asv_benchmarks.compare``."""

import os

# Read once, when the libraries are imported.
for _name, _value in {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}.items():
    os.environ.setdefault(_name, _value)
