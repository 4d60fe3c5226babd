"""Orders of groups too large for their digits to be written down at once: 10 million factorial."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, total_ordering
from typing import Final, final

__all__ = ["Order", "factorial", "power_of_order", "times"]

_QUICK: Final = 10**4
"""Factorials up to this one are computed at once."""


@final
@total_ordering
class Order:
    """A positive integer of which the size is known, and the digits when they are asked for.

    Parameters
    ----------
    log10 : float
        Its decimal logarithm.
    exact : callable
        ``exact()`` computes it: seconds for 10^6!, longer than anyone waits for 10^7!.
    """

    def __init__(self, log10: float, exact: Callable[[], int]) -> None:
        self.log10 = log10
        self.exact = exact

    def __repr__(self) -> str:
        return f"about 10^{self.log10:.0f}"

    def __int__(self) -> int:
        return self.exact()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | float | Order):
            return NotImplemented
        return self._difference(other) == 0.0 and int(self) == int(other)

    def __lt__(self, other: float | Order) -> bool:
        difference = self._difference(other)
        return difference < 0.0 if difference else int(self) < int(other)

    def __hash__(self) -> int:
        return hash(int(self))

    def _difference(self, other: float | Order) -> float:
        """Of the logarithms; 0 where rounding could be all of it."""
        size = other.log10 if isinstance(other, Order) else _log10(other)
        difference = self.log10 - size
        return difference if abs(difference) > 1e-9 * self.log10 else 0.0


def factorial(n: int) -> int | Order:
    """n!, at once where it is quick."""
    if n <= _QUICK:
        return math.factorial(n)
    return Order(math.lgamma(n + 1.0) / math.log(10.0), partial(math.factorial, n))


def times(first: float | Order, second: float | Order) -> int | float | Order:
    """The product of two orders; infinite where one of them is."""
    if math.inf in (first, second):
        return math.inf
    if isinstance(first, Order) or isinstance(second, Order):
        return Order(_log10(first) + _log10(second), partial(_product, first, second))
    return first * second


def power_of_order(base: float | Order, exponent: int) -> int | float | Order:
    """The order of a group of pairs, triples, … of elements."""
    if base in (1, math.inf):
        return base
    if isinstance(base, Order) or exponent * math.log10(base) > _QUICK:
        return Order(exponent * _log10(base), partial(_power, base, exponent))
    return base**exponent


def _log10(number: float | Order) -> float:
    if isinstance(number, Order):
        return number.log10
    return math.log10(number) if number > 0 else -math.inf


def _product(first: float | Order, second: float | Order) -> int:
    return int(first) * int(second)


def _power(base: float | Order, exponent: int) -> int:
    return int(int(base) ** exponent)
