"""Named representations, one short function each.

Each knows its own order and how to draw a random element, so neither costs anything, however large the
group; compact ones know how to average exactly (`Factor`). The name is what `from_name` reads:
``from_name(rep.name)`` builds the representation again.

Representations of one abstract group (all of S_4, say, or of SO(3)) have generators and Lie-algebra elements
that correspond, and can be added and multiplied: ``so3_vectors(2) + so3({0: 1, 2: 3})``. Whatever is not here
is made of it: ``rep * rep`` acts on matrices, ``outer_product(rep, trivial(k))`` on k features at each place.

Examples
--------
>>> from haarwire.groups import cyclic_shifts, outer_product, so3, so3_vectors, trivial
>>> (so3_vectors(2) + so3({0: 1, 2: 3})).dim
22
>>> outer_product(cyclic_shifts(28), trivial(3)).dim
84
"""

from haarwire.groups.catalogue.circles import so2, translations, unitary_phase
from haarwire.groups.catalogue.clouds import point_cloud_vectors, point_clouds
from haarwire.groups.catalogue.constructed import from_matrices, from_permutation_group, wreath
from haarwire.groups.catalogue.finite import (
    cube_rotations,
    cyclic_shifts,
    dihedral,
    image_rotations,
    reflection,
    reverse_complement,
    trivial,
)
from haarwire.groups.catalogue.noncompact import (
    lorentz_vectors,
    rigid_motions,
    scaling,
    shear,
    so13_tensors,
    special_linear,
    symplectic,
)
from haarwire.groups.catalogue.rotations import (
    o3,
    o3_tensors,
    o3_vectors,
    so3,
    so3_tensors,
    so3_vectors,
    su2,
)
from haarwire.groups.catalogue.symmetric import (
    alternating,
    hyperoctahedral,
    permutations,
    permutations_of_graphs,
    permutations_of_sets,
    permutations_of_tensors,
)

__all__ = [
    "alternating",
    "cube_rotations",
    "cyclic_shifts",
    "dihedral",
    "from_matrices",
    "from_permutation_group",
    "hyperoctahedral",
    "image_rotations",
    "lorentz_vectors",
    "o3",
    "o3_tensors",
    "o3_vectors",
    "permutations",
    "permutations_of_graphs",
    "permutations_of_sets",
    "permutations_of_tensors",
    "point_cloud_vectors",
    "point_clouds",
    "reflection",
    "reverse_complement",
    "rigid_motions",
    "scaling",
    "shear",
    "so2",
    "so3",
    "so3_tensors",
    "so3_vectors",
    "so13_tensors",
    "special_linear",
    "su2",
    "symplectic",
    "translations",
    "trivial",
    "unitary_phase",
    "wreath",
]
