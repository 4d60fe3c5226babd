"""
A cluster
=========

Moments are sums, so that they can be taken anywhere and added up: on the
workers of a Dask cluster, which read the data where they are and send back
matrices of the size of the features. To run this as a script: ``pip install
".[plots,dask]"``.
"""

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster

import haarwire as hw

# %%
# A cluster, and data that no worker holds whole
# ----------------------------------------------
# Two workers in this process, for the example; a script for real would start
# processes, or give the address of a cluster. 100,000 samples of 64 features
# in 20 pieces, drawn when they are needed.

cluster = LocalCluster(
    n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
)
client = Client(cluster)
shifts = hw.groups.cyclic_shifts(64)
state = da.random.default_rng(0)
X = state.standard_normal((100_000, 64), chunks=(5_000, 64))
y = X @ np.full((64, 1), 0.125) + 0.5 * state.standard_normal(
    (100_000, 1), chunks=(5_000, 1)
)

# %%
# One pass
# --------
# Pieces are reduced in a fixed order, so that any number of workers gives the
# same bits.

moments = hw.Moments.from_dask(X, y, progress=False)
print(moments)

# %%
# From here on it is one machine's work
# -------------------------------------
# Whatever the number of samples was, every model costs the same now.

path = hw.regularization_path(moments, shifts)
print("proven continuous:", path.certify().is_continuous)
model = hw.solve(moments, shifts, approach=hw.Hardwired())
print(f"loss {model.loss:.4f}, coefficient {model.coef[0, 0]:.4f}")
print("truth 0.25 and 0.125")

# %%
# The same as in one piece?

here = hw.Moments.from_arrays(X.compute(), y.compute())
difference = np.abs(here.gram - moments.gram).max()
print(f"relative difference {difference / np.abs(here.gram).max():.1e}")
client.close()
cluster.close()

_, ax = plt.subplots(figsize=(6, 3), layout="constrained")
alphas = np.logspace(-4, 3, 60)
ax.plot(alphas, path.curve(alphas).relative_invariance_gap[:, 0], "#0072B2")
ax.set(xscale="log", xlabel="strength α", ylabel="relative invariance gap")
plt.show()
