"""Numbers and texts as a page holds them."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haarwire.report.encoding import bytes_of, floats, plain_text, rounded, script_json
from hostile import HOSTILE


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_seven_digits_are_kept(value: float) -> None:
    assert rounded(value) == pytest.approx(value, rel=6e-7, abs=1e-285)


@given(st.lists(st.floats(width=32), min_size=1))
def test_rounding_is_the_same_in_a_list(values: list[float]) -> None:
    assert rounded(values) == [rounded(v) for v in values]


def test_what_is_not_finite_is_none() -> None:
    assert rounded([[1.0, math.inf], [math.nan, -math.inf]]) == [[1.0, None], [None, None]]
    assert rounded(np.zeros((0, 2))) == []
    assert json.dumps(rounded([1 / 3, 2e-9 / 3, 1e12 / 3])) == "[0.3333333, 6.666667e-10, 333333300000.0]"


def test_floats_come_back_in_single_precision() -> None:
    values = np.random.default_rng(0).standard_normal((2, 3, 4))
    packed = floats(values)
    again = np.frombuffer(base64.b64decode(packed["data"]), "<f4").reshape(packed["shape"])
    np.testing.assert_array_equal(again, values.astype(np.float32))


@pytest.mark.parametrize("size", [0.0, 1e-12, 1.0, 1e12])
def test_bytes_are_within_half_a_step_and_keep_zero(size: float) -> None:
    values = size * np.random.default_rng(0).standard_normal((3, 5, 7))
    values[:, 0, 0] = 0.0
    packed = bytes_of(values)
    whole = np.frombuffer(base64.b64decode(packed["data"]), np.int8).reshape(packed["shape"])
    scale = np.array(packed["scale"])[:, None, None]
    assert (np.abs(whole * scale - values) <= 0.5001 * scale).all()
    assert (whole[:, 0, 0] == 0).all()


@given(st.text() | st.sampled_from(HOSTILE))
def test_json_in_a_script_element_stays_inside_it(text: str) -> None:
    embedded = script_json({"name": text, text: 1})
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert embedded.isascii()
    assert json.loads(embedded)["name"] == text or text == "name"


@given(st.text(st.characters()) | st.sampled_from(HOSTILE))
def test_plain_text_can_be_written(text: str) -> None:
    clean = plain_text(text)
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert "\x00" not in clean


def test_infinity_does_not_slip_into_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        script_json({"value": math.inf})
