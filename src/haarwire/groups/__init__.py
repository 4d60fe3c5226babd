"""Which symmetry: group elements, representations and a catalogue of named ones. Knows no data.

Examples
--------
>>> import haarwire.groups as groups
>>> groups.image_rotations(side=8).order
4
>>> groups.Representation(3, [groups.Permutation([1, 2, 0])]).order
3
"""

from haarwire.groups.action import Factor, GroupAction, Level
from haarwire.groups.algebra import (
    direct_sum,
    dual,
    exterior_power,
    hom,
    outer_product,
    outer_sum,
    restrict,
    symmetric_power,
    symmetric_power_features,
    symmetric_power_indices,
    tensor_power,
    tensor_product,
)
from haarwire.groups.catalogue import (
    cyclic_shifts,
    image_rotations,
    permutations,
    permutations_of_graphs,
    permutations_of_sets,
    reflection,
    reverse_complement,
    trivial,
)
from haarwire.groups.elements import Element, Matrix, Permutation, SignedPermutation
from haarwire.groups.files import from_file, save_generators
from haarwire.groups.naming import from_name, names
from haarwire.groups.representation import Representation

__all__ = [
    "Element",
    "Factor",
    "GroupAction",
    "Level",
    "Matrix",
    "Permutation",
    "Representation",
    "SignedPermutation",
    "cyclic_shifts",
    "direct_sum",
    "dual",
    "exterior_power",
    "from_file",
    "from_name",
    "hom",
    "image_rotations",
    "names",
    "outer_product",
    "outer_sum",
    "permutations",
    "permutations_of_graphs",
    "permutations_of_sets",
    "reflection",
    "restrict",
    "reverse_complement",
    "save_generators",
    "symmetric_power",
    "symmetric_power_features",
    "symmetric_power_indices",
    "tensor_power",
    "tensor_product",
    "trivial",
]
