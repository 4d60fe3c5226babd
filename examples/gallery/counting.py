"""
How many saddles of each kind
=============================

The critical points by index are the coefficients of a Gaussian binomial: exact
integers where the points themselves are far too many to be listed.
Regularization adds saddles where there are fewer invariants than targets.
"""

import matplotlib.pyplot as plt

import haarwire as hw

rep = hw.groups.cyclic_shifts(6) * hw.groups.trivial(
    4
)  # 24 features, 4 invariants
data = hw.datasets.planted(rep, 400, n_targets=12, violation=0.5, rng=0)
moments = hw.Moments.from_arrays(data.X, data.Y)
_, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
for ax, rank in zip(axes, (2, 3, 6), strict=True):
    for approach, colour in (
        (hw.Regularized(1.0), "#E69F00"),
        (hw.Augmented(), "#0072B2"),
    ):
        points = hw.critical_points(moments, rep, rank=rank, approach=approach)
        histogram = points.index_histogram
        ax.bar(
            range(len(histogram)),
            histogram,
            color=colour,
            label=f"{approach.label}: {points.count}",
        )
    ax.set(title=f"rank ≤ {rank}", xlabel="index")
    ax.margins(y=0.35)
    ax.legend(frameon=False, fontsize=8)
axes[0].set_ylabel("critical points")
plt.show()
