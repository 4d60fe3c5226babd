"""Sums, products, duals and restrictions of representations.

Examples
--------
>>> from haarwire.groups import cyclic_shifts, permutations
>>> from haarwire.groups.algebra import outer_product
>>> outer_product(permutations(3), cyclic_shifts(4)).order
24
"""

from haarwire.groups.algebra.combination import direct_sum, dual, hom, tensor_product, trivial_of
from haarwire.groups.algebra.outer import outer_product, outer_sum
from haarwire.groups.algebra.restriction import restrict

__all__ = [
    "direct_sum",
    "dual",
    "hom",
    "outer_product",
    "outer_sum",
    "restrict",
    "tensor_product",
    "trivial_of",
]
