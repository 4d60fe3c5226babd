"""Sums, products, duals, restrictions and subgroups of representations.

Examples
--------
>>> from haarwire.groups import cyclic_shifts, permutations
>>> from haarwire.groups.algebra import outer_product
>>> outer_product(permutations(3), cyclic_shifts(4)).order
24
"""

from haarwire.groups.algebra.combination import direct_sum, dual, hom, tensor_product, trivial_of
from haarwire.groups.algebra.outer import outer_product, outer_sum
from haarwire.groups.algebra.powers import (
    exterior_power,
    symmetric_power,
    symmetric_power_features,
    symmetric_power_indices,
    tensor_power,
)
from haarwire.groups.algebra.restriction import restrict
from haarwire.groups.algebra.subgroups import subgroups

__all__ = [
    "direct_sum",
    "dual",
    "exterior_power",
    "hom",
    "outer_product",
    "outer_sum",
    "restrict",
    "subgroups",
    "symmetric_power",
    "symmetric_power_features",
    "symmetric_power_indices",
    "tensor_power",
    "tensor_product",
    "trivial_of",
]
