"""Orders that are not written down: compared, multiplied and computed like integers."""

import math
import pickle

import pytest

from haarwire.groups.order import Order, factorial, power_of_order, times


def test_small_factorials_are_integers():
    assert factorial(10) == 3628800
    assert isinstance(factorial(10_000), int)
    assert isinstance(factorial(10_001), Order)


def test_comparisons_with_numbers():
    order = factorial(20_000)
    assert order != math.inf
    assert order < math.inf
    assert order > 10**6
    assert not order <= 10**6
    assert order > 0
    exact = math.factorial(20_000)
    assert order == exact
    assert order >= exact
    assert order < exact + 1
    assert order > exact - 1
    assert hash(order) == hash(exact)
    assert order != "20000!"
    assert factorial(20_000) == order
    assert factorial(20_001) > order


def test_products_and_powers():
    order = factorial(10_001)
    exact = math.factorial(10_001)
    assert int(times(order, 3)) == 3 * exact
    assert int(times(2, times(order, order))) == 2 * exact**2
    assert times(order, math.inf) == times(math.inf, 2) == math.inf
    assert times(2, 3) == 6
    assert int(power_of_order(order, 2)) == exact**2
    assert power_of_order(2, 10) == 1024
    assert power_of_order(math.inf, 3) == math.inf
    assert power_of_order(1, 10**9) == 1
    assert int(power_of_order(2, 10**5)) == 2 ** (10**5)
    assert isinstance(power_of_order(2, 10**9), Order)


def test_sizes_are_right():
    assert repr(factorial(10**5)) == "about 10^456573"
    assert repr(factorial(10**7)) == "about 10^65657059"
    assert factorial(10**4 + 1).log10 == pytest.approx(math.log10(math.factorial(10**4 + 1)), rel=1e-13)
    again = pickle.loads(pickle.dumps(factorial(20_000)))  # noqa: S301
    assert again == factorial(20_000)
