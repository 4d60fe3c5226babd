"""
A symmetry that is only approximate
===================================

Most symmetries of real data are not exact. Then neither plain nor hard-wired
is best, but something between. How much between can be read from the data by
their evidence and by cross-validation, which are compared here with the truth;
a test says whether the symmetry is exact. To run this as a script: ``pip
install ".[plots]"``.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

# %%
# Data with a flaw
# ----------------
# y = (V Qᵀ + v·U) x + noise on 24 shifted coordinates, Q the invariant
# directions (here one, the mean) and V, U random: the first part is exactly
# invariant, the second is not. ``violation`` is v: 0 for an exact symmetry.

shifts = hw.groups.cyclic_shifts(24)
violations = (0.0, 0.1, 0.3, 1.0)
alphas = np.concatenate([[0.0], np.logspace(-4, 3, 71), [np.inf]])
sets = {
    v: hw.datasets.planted(shifts, 12_000, n_targets=3, violation=v, rng=1)
    for v in violations
}

# %%
# The truth, and what 100 samples say
# -----------------------------------
# The first 100 samples are for learning, the other 11,900 say what each
# strength is worth. The evidence and cross-validation see only the 100.

_, axes = plt.subplots(
    1, 4, figsize=(10, 3), sharey=True, layout="constrained"
)
position = np.concatenate([[-5.0], np.log10(alphas[1:-1]), [4.0]])
for ax, (violation, data) in zip(axes, sets.items(), strict=True):
    X, Y = data.X[:100], data.Y[:100]
    moments = hw.Moments.from_arrays(X, Y)
    truth = hw.Moments.from_arrays(data.X[100:], data.Y[100:])
    path = hw.regularization_path(moments, shifts)
    models = [path.at(alpha) for alpha in alphas]
    losses = np.array(
        [truth.loss(model.coef, model.intercept) for model in models]
    )
    by_evidence = alphas[
        hw.log_evidence(moments, shifts, alphas, ridge=1e-3).argmax()
    ]
    by_folds = hw.recommend(X, Y, shifts).cross_validation.best_as_is
    pvalue = hw.symmetry_test(X, Y, shifts).pvalue
    print(
        f"v = {violation}: best α {alphas[losses.argmin()]:.3g}, "
        f"evidence {by_evidence:.3g}, cross-validation {by_folds:.3g}; "
        f"exact? p = {pvalue:.2g}"
    )
    ax.plot(position, losses, "#0072B2")
    for strength, colour, label in (
        (by_evidence, "#D55E00", "evidence"),
        (by_folds, "#009E73", "cross-validation"),
    ):
        place = np.clip(np.log10(max(strength, 1e-9)), -5, 4)
        ax.plot(
            place,
            truth.loss(
                *(
                    getattr(path.at(strength), part)
                    for part in ("coef", "intercept")
                )
            ),
            "o",
            ms=9 if label == "evidence" else 5,
            color=colour,
            label=label,
        )
    ax.set(
        title=f"violation {violation}",
        xlabel="strength α",
        xticks=[-5, -2, 0, 2, 4],
    )
    ax.set_xticklabels(["0", "0.01", "1", "100", "∞"])
axes[0].set_ylabel("loss on other data")
axes[0].legend(frameon=False)

# %%
# With an exact symmetry the loss falls and is flat in the end (its minimum
# differs from the end in the sixth digit): hard-wire. With a flaw it has a
# minimum on the way, the further to the left the larger the flaw. The
# test asks another question, whether the symmetry is *exact*; with enough
# samples it will reject every symmetry that is not, useful ones too. To decide
# what to use, ask for the strength.

plt.show()
