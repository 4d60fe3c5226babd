"""Which symmetry: planted ones are found, nested ones told apart, tests adjusted for their number."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.selection import fold_moments, select_by_evidence
from haarwire.selection.learning import _holm, _support

SIDE = 4
QUARTER = hw.groups.image_rotations(SIDE)
HALF = hw.Representation(16, (QUARTER.generators[0] @ QUARTER.generators[0],), name="half turn")
CANDIDATES = {"quarter": QUARTER, "half": HALF, "flip": "reflection:16"}


def planted(rep: hw.Representation, n_samples: int = 400, noise: float = 0.5, seed: int = 0) -> Any:
    return hw.datasets.planted(rep, n_samples, n_targets=3, noise=noise, rng=seed)


def test_of_nested_groups_the_one_in_the_data_has_most_evidence() -> None:
    for rep, best in ((QUARTER, "quarter"), (HALF, "half")):
        data = planted(rep)
        found = hw.learn_symmetry(data.X, data.Y, CANDIDATES)
        assert found.best.name == best
        assert found.best.support == "exact"
        assert found.by_loss[0].name == best
        support = {c.name: c.support for c in found.by_evidence}
        assert support["half"] == "exact"  # a subgroup of a symmetry is one
        if best == "half":  # image_rotations and its square: a half turn of the pixels is their reversal
            assert support["flip"] == "exact"
            assert support["quarter"] != "exact"
        assert support["trivial:16"] == "none"


def test_the_rows_are_what_the_parts_say() -> None:
    data = planted(HALF, 120)
    found = hw.learn_symmetry(data.X, data.Y, CANDIDATES, rng=3)
    folds = fold_moments(data.X, data.Y, rng=3)
    whole = sum(folds[1:], start=folds[0])
    rows = {c.name: c for c in found.by_evidence}
    assert set(rows) == {"quarter", "half", "flip", "trivial:16"}
    assert found.n_samples == 120
    row, rep = rows["quarter"], QUARTER
    evidence, test = select_by_evidence(whole, rep), hw.symmetry_test(whole, rep)
    assert (row.n_invariant, row.log_evidence, row.alpha) == (4, evidence.log_evidence, evidence.alpha)
    assert row.hardwired_log_evidence == evidence.hardwired_log_evidence
    assert (row.pvalue, row.effect_size) == (test.pvalue, test.effect_size)
    validation = hw.cross_validate(folds, rep, ridge=evidence.ridge)
    assert row.loss == pytest.approx(float((validation.as_is @ validation.weights).min()))
    assert row.loss_alpha == validation.best_as_is
    assert found.baseline is rows["trivial:16"]
    assert rows["trivial:16"].standard_error == 0.0
    assert rows["trivial:16"].alpha == 0.0
    order = [c.log_evidence for c in found.by_evidence]
    assert order == sorted(order, reverse=True)
    losses = [c.loss for c in found.by_loss]
    assert losses == sorted(losses)
    assert repr(found).startswith(f"LearnedSymmetry({found.best.name} (")


def test_holm() -> None:
    """Holm's own order: the smallest times k, the next times k − 1, never falling."""
    adjusted = _holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert _holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert _holm({}) == {}


def test_a_true_symmetry_is_seldom_contradicted_whatever_the_number_of_candidates() -> None:
    """Family-wise: any of four true ones, at the adjusted level of 5 %."""
    names = ["cyclic_shifts:6", "reflection:6", "permutations:6", "dihedral:6"]
    contradicted = 0
    for seed in range(200):
        data = hw.datasets.planted(hw.groups.permutations(6), 40, rng=seed)
        moments = hw.Moments.from_arrays(data.X, data.Y)
        pvalues = {name: hw.symmetry_test(moments, hw.groups.from_name(name)).pvalue for name in names}
        contradicted += min(_holm(pvalues).values()) < 0.05
    assert contradicted <= 20  # of 200: P(more) < 1 % at 5 %


def test_too_few_samples_for_the_test_leave_evidence_and_loss() -> None:
    data = planted(QUARTER, 15)
    found = hw.learn_symmetry(data.X, data.Y, [QUARTER])
    row = found.by_evidence[0]
    assert math.isnan(row.pvalue)
    assert math.isnan(row.adjusted_pvalue)
    assert np.isfinite([row.log_evidence, row.loss]).all()


def test_one_candidate_and_weights() -> None:
    data = planted(HALF, 60)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, 60)
    one = hw.learn_symmetry(data.X, data.Y, "reflection:16", sample_weight=weights, rank=2)
    assert {c.name for c in one.by_evidence} == {"reflection:16", "trivial:16"}
    # A trivial candidate of the caller's is not doubled.
    named = hw.learn_symmetry(data.X, data.Y, {"half": HALF, "none": hw.groups.trivial(16)})
    assert {c.name for c in named.by_evidence} == {"half", "none"}
    seen: list[tuple[str, float]] = []
    hw.learn_symmetry(data.X, data.Y, [HALF], progress=lambda name, share: seen.append((name, share)))
    assert seen == [("half turn", 0.0), ("trivial:16", 0.5), ("done", 1.0)]


def test_refusals() -> None:
    data = planted(HALF, 60)
    with pytest.raises(hw.ParameterError, match="there are no candidates"):
        hw.learn_symmetry(data.X, data.Y, [])
    with pytest.raises(hw.ParameterError, match="two candidates named 'half turn'"):
        hw.learn_symmetry(data.X, data.Y, [HALF, HALF])
    with pytest.raises(hw.ParameterError, match="must be a Representation or a name, got a ndarray"):
        hw.learn_symmetry(data.X, data.Y, [np.eye(16)])  # type: ignore[list-item]
    with pytest.raises(hw.UnknownNameError, match="no symmetry named 'reflexion'"):
        hw.learn_symmetry(data.X, data.Y, ["reflexion:16"])
    with pytest.raises(hw.DataError, match="acts on 9 coordinates"):
        hw.learn_symmetry(data.X, data.Y, ["reflection:9"])
    with pytest.raises(hw.DataError, match="5-fold cross-validation needs at least"):
        hw.learn_symmetry(data.X[:6], data.Y[:6], [HALF])


def test_support_in_words() -> None:
    def evidence(finite: float, hardwired: float) -> Any:
        return SimpleNamespace(log_evidence=finite, hardwired_log_evidence=hardwired)

    base = evidence(0.0, 0.0)
    for finite, hardwired, pvalue, word in (
        (5.0, 4.0, 0.5, "exact"),
        (5.0, 4.0, 0.01, "approximate"),
        (5.0, -1.0, 0.5, "approximate"),
        (1.0, -1.0, 0.5, "none"),
        (-1.0, -2.0, 0.5, "none"),
        (5.0, 4.0, math.nan, "exact"),
    ):
        assert _support(evidence(finite, hardwired), base, pvalue) == word
