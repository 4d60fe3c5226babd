"""
What a symmetry leaves
======================

The invariant directions of four actions on images of 12×12 pixels: what every
invariant linear map is made of.
"""

import matplotlib.pyplot as plt

import haarwire as hw

side = 12
actions = {
    "quarter turns": hw.groups.image_rotations(side),
    "with reflections": hw.groups.image_rotations(side, reflections=True),
    "shifts of the rows": hw.groups.cyclic_shifts(side)
    * hw.groups.trivial(side),
    "reversal": hw.groups.reflection(side * side),
}
_, axes = plt.subplots(4, 5, figsize=(6.5, 5.4), layout="constrained")
for row, (name, rep) in zip(axes, actions.items(), strict=True):
    space = hw.invariant_subspace(rep)
    row[0].set_ylabel(f"{name}\n{space.dim} of {rep.dim}", fontsize=8)
    chosen = range(0, space.dim, max(1, space.dim // 5))
    for ax, i in zip(row, chosen, strict=False):
        ax.imshow(space.basis[:, i].reshape(side, side) != 0, cmap="Blues")
        ax.set(xticks=[], yticks=[])
plt.show()
