"""One BLAS thread, and Hypothesis runs the same examples everywhere: a failure here is a failure anywhere."""

from __future__ import annotations

import os

# Before NumPy is loaded: the matrices of the tests are small.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile(
    "haarwire",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("haarwire")
