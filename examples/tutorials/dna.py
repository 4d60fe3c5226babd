"""
DNA and its reverse complement
==============================

The two strands of DNA say the same: ACCT on one is AGGT on the other, read the
other way. What depends on the double strand only, such as how well a protein
binds to it, is invariant under the reverse complement. What depends on the
direction of a gene is not. Both cases are simulated here. To run this as a
script: ``pip install ".[plots]"``.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

# %%
# Sequences
# ---------
# Random sequences of 400 letters, counted by words of three letters: 64
# features. The first target is a sum of weights, one a word, that is the same
# for a word and its reverse complement; the second has weights of one strand;
# the third both. Noise has the standard deviation of the signal.

rng = np.random.default_rng(0)
k, length = 3, 400


def word_counts(n_samples: int) -> np.ndarray:
    letters = rng.integers(4, size=(n_samples, length))
    words = sum(
        letters[:, i : length - k + 1 + i] * 4 ** (k - 1 - i) for i in range(k)
    )
    return np.stack([np.bincount(row, minlength=4**k) for row in words])


strands = hw.groups.reverse_complement(k)
weights = rng.standard_normal((1, 4**k))
binding = weights @ hw.reynolds_operator(strands)  # the invariant part
direction = weights - binding


def targets(X: np.ndarray, effect: np.ndarray) -> np.ndarray:
    signal = X @ effect.T
    return signal + signal.std() * rng.standard_normal(signal.shape)


X, X_test = word_counts(150), word_counts(2000)
print(strands)
print(hw.invariant_subspace(strands).dim, "invariant directions")

# %%
# Is the symmetry in the data?
# ----------------------------
# A test of exact invariance in the linear model y = W x + noise: a small p
# says that W is not invariant. And the evidence, the probability of the
# targets when W is drawn from the prior that a penalty stands for: which
# strength α makes them most likely? 0 says plain, ∞ hard-wired. The last word
# sums up both: "exact" where the hard-wired model has more evidence than the
# plain one and the test does not object (though a finite strength may have a
# little more), "approximate" where a finite strength has 20 times the evidence
# of none, "none" otherwise.

sets = {
    name: (targets(X, effect), targets(X_test, effect))
    for name, effect in (
        ("binding", binding),
        ("direction", direction),
        ("both", weights),
    )
}
for name, (y, _) in sets.items():
    test = hw.symmetry_test(X, y, strands)
    learned = hw.learn_symmetry(X, y, {"strands": strands})
    found = next(c for c in learned.by_evidence if c.name == "strands")
    strength = f"most evidence at α = {found.alpha:.3g}"
    print(f"{name:<10} p = {test.pvalue:.2g}, {strength}: {found.support}")

# %%
# Half of "both" is not invariant, and yet 150 sequences do not show it beyond
# doubt: p is small, and no strength has much more evidence than another.

# %%
# What it is worth
# ----------------
# With 150 sequences, half the parameters make a better model of binding; for
# what depends on the direction, the hard-wired model knows nothing at all and
# fits noise: it is worse than the mean, which has R² = 0. A small penalty
# helps even there: it shrinks, as a ridge does.

_, axes = plt.subplots(
    1, 3, figsize=(8.5, 3), sharey=True, layout="constrained"
)
for ax, (name, (y, y_test)) in zip(axes, sets.items(), strict=True):
    moments, test = (
        hw.Moments.from_arrays(X, y),
        hw.Moments.from_arrays(X_test, y_test),
    )
    path = hw.regularization_path(moments, strands)
    alphas = np.logspace(-3, 3, 60)
    r2 = [
        1 - test.loss(m.coef, m.intercept) / np.trace(test.total)
        for m in map(path.at, alphas)
    ]
    plain, hard = (
        1 - test.loss(m.coef, m.intercept) / np.trace(test.total)
        for m in map(path.at, (0.0, np.inf))
    )
    ax.plot(alphas, r2, "#0072B2")
    ax.axhline(plain, color="#6E6E6E", ls=":", label="plain")
    ax.axhline(hard, color="#D55E00", ls="--", label="hard-wired")
    ax.set(xscale="log", xlabel="strength α", title=name)
axes[0].set_ylabel("R² on other sequences")
axes[0].legend(frameon=False)
plt.show()
