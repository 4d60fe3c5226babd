"""Results as plain data: one word for infinity, None for NaN, whatever they are nested in."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire._plain import plain_data


@dataclass(frozen=True)
class Pair:
    """A result with another inside."""

    first: Any
    second: Any


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.inf, "inf"),
        (np.float64(-np.inf), "-inf"),
        (math.nan, None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (10**400, 10**400),
        (None, None),
        ("a", "a"),
        (np.array([[1.0, np.nan], [np.inf, 2.0]]), [[1.0, None], ["inf", 2.0]]),
        (Pair((1, math.inf), {"a": Pair([], math.nan)}), {
            "first": [1, "inf"],
            "second": {"a": {"first": [], "second": None}},
        }),
    ],
)  # fmt: skip
def test_what_json_can_hold(value: object, expected: object) -> None:
    found = plain_data(value)
    assert found == expected
    assert type(found) is type(expected)
    json.dumps(found, allow_nan=False)


def test_a_certificate_has_the_same_words_wherever_it_is_written() -> None:
    rep = hw.groups.trivial(3)
    moments = hw.Moments.from_arrays(np.eye(3), np.eye(3)[:, :2])
    certificate = plain_data(hw.regularization_path(moments, rep).certify())
    assert (certificate["crossings"], certificate["min_gap"], certificate["gap_bound"]) == ([], "inf", "inf")
