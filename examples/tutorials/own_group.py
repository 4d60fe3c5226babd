"""
Your own group
==============

Any group will do that is given by generators: matrices or permutations, and
Lie-algebra elements for continuous ones. Here: a board of seven sensors, one
in the middle and six around it, which can be mounted in six orientations. To
run this as a script: ``pip install ".[plots]"``.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

# %%
# Generators
# ----------
# One turn by 60° moves sensor 1 to 2, 2 to 3, …, 6 to 1 and leaves 0 where it
# is. A ``Permutation`` says where each coordinate comes *from*; the same as a
# matrix shows that the order is found, not told.

turn = hw.Permutation([0, 6, 1, 2, 3, 4, 5])
board = hw.Representation(7, [turn])
print(
    board,
    board.order,
    hw.Representation(7, [hw.Matrix(turn.to_dense())]).order,
)

space = hw.invariant_subspace(board)
print(
    f"{space.dim} invariant directions: the middle, and the mean of the ring"
)

# %%
# A mistake is told
# -----------------
# Generators are checked: shapes, finiteness, invertibility.

try:
    hw.Representation(7, [hw.Permutation([0, 1, 1, 2, 3, 4, 5])])
except hw.HaarwireError as error:
    print(error)

# %%
# Larger ones from smaller ones
# -----------------------------
# Three such boards on one mast that turn together, with a temperature that
# nothing moves: sums. Products act on all products of coordinates, the
# quadratic features.

mast = board + board + board + hw.groups.trivial(1)
pairs = board * board
for rep in (mast, pairs):
    print(
        rep.dim,
        "coordinates,",
        hw.invariant_subspace(rep).dim,
        "invariant directions",
    )

# %%
# Continuous groups
# -----------------
# A Lie group is given by its Lie algebra: the rotations of the plane by d/dθ
# at θ = 0. On all quadratic features of (x, y) only x² + y² is invariant, and
# xy − yx, which is zero.

rotation = hw.Representation(
    2, [], algebra=[np.array([[0.0, -1.0], [1.0, 0.0]])]
)
print(hw.invariant_subspace(rotation * rotation).basis.T.round(3))

# %%
# Use it
# ------
# A model of 200 random readings that is invariant; ``assert_invariant`` is for
# tests of your own. A file of generators brings the group to the command line:
# ``haarwire compare data.csv --symmetry board.npz``.

data = hw.datasets.planted(board, 200, noise=0.3, rng=0)
moments = hw.Moments.from_arrays(data.X, data.Y)
model = hw.solve(moments, board, approach=hw.Hardwired())
hw.assert_invariant(model, board)
with tempfile.TemporaryDirectory() as folder:
    hw.groups.save_generators(Path(folder) / "board.npz", board)
    print(hw.groups.from_name(str(Path(folder) / "board.npz")).order)

angle = np.arange(6) * np.pi / 3
x, y = np.r_[0, np.cos(angle)], np.r_[0, np.sin(angle)]
_, axes = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained")
plain = hw.solve(moments, board, approach=hw.Plain())
for ax, values, title in (
    (axes[0], data.X[0], "a reading"),
    (axes[1], plain.coef[0], "plain coefficients"),
    (axes[2], model.coef[0], "hard-wired coefficients"),
):
    ax.scatter(
        x,
        y,
        s=700,
        c=values,
        cmap="RdBu_r",
        vmin=-np.abs(values).max(),
        vmax=np.abs(values).max(),
    )
    ax.set(
        title=title,
        xlim=(-1.5, 1.5),
        ylim=(-1.5, 1.5),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
plt.show()
