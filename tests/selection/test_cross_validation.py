"""Cross-validation on moments against a plain re-fit of every fold on its samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.selection import CrossValidation, cross_validate, default_alphas
from haarwire.selection.grid import alpha_grid
from haarwire.selection.held_out import HeldOut

ALPHAS = np.array([0.0, 1e-3, 0.1, 2.0, 1e3, math.inf])
STRETCH = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, 1.0]])

REPRESENTATIONS = {
    "permutation": hw.groups.cyclic_shifts(3),
    "trivial": hw.groups.trivial(3),
    "nothing fixed": hw.Representation(3, (hw.SignedPermutation([0, 1, 2], [-1, -1, -1]),)),
    "signed": hw.Representation(3, (hw.SignedPermutation([1, 0, 2], [1, -1, 1]),)),
    "orthogonal": hw.Representation(3, (hw.Matrix(np.eye(3) - 2.0 / 3.0),)),
    "non-orthogonal": hw.Representation(
        3, (hw.Matrix(STRETCH @ np.roll(np.eye(3), 1, axis=0) @ np.linalg.inv(STRETCH)),)
    ),
}

Fold = tuple[np.ndarray, np.ndarray]


def sample_folds(offset: np.ndarray | float = 0.0, sizes: tuple[int, ...] = (11, 10, 13, 12)) -> list[Fold]:
    rng = np.random.default_rng(5)
    W = rng.standard_normal((2, 3))
    folds = []
    for size in sizes:
        X = rng.standard_normal((size, 3))
        folds.append((X + offset, X @ W.T + 0.3 * rng.standard_normal((size, 2)) + 1.0))
    return folds


def mean_loss(model: hw.Solution, X: np.ndarray, Y: np.ndarray) -> float:
    return float(((X @ model.coef.T + model.intercept - Y) ** 2).sum(axis=1).mean())


def refitted(
    folds: list[Fold], rep: hw.Representation, alphas: np.ndarray, rank: int | None, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Held-out losses as is and moved: each fold's model from the samples of all other folds."""
    elements = rep.elements()
    as_is, moved = np.empty((len(alphas), len(folds))), np.empty((len(alphas), len(folds)))
    for j, (X, Y) in enumerate(folds):
        rest = [fold for k, fold in enumerate(folds) if k != j]
        moments = hw.Moments.from_arrays(
            np.concatenate([A for A, _ in rest]), np.concatenate([B for _, B in rest])
        )
        for i, alpha in enumerate(alphas):
            model = hw.solve(moments, rep, rank=rank, approach=hw.Regularized(alpha), ridge=ridge)
            as_is[i, j] = mean_loss(model, X, Y)
            moved[i, j] = np.mean([mean_loss(model, g.apply(X), Y) for g in elements])
    return as_is, moved


def moments_of(folds: list[Fold]) -> list[hw.Moments]:
    return [hw.Moments.from_arrays(X, Y) for X, Y in folds]


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize(("rank", "ridge"), [(None, 0.0), (1, 0.0), (1, 0.2)])
def test_it_is_a_refit_of_every_fold(rep: hw.Representation, rank: int | None, ridge: float) -> None:
    folds = sample_folds()
    found = cross_validate(moments_of(folds), rep, rank=rank, alphas=ALPHAS, ridge=ridge)
    as_is, moved = refitted(folds, rep, ALPHAS, rank, ridge)
    assert found.moved is not None
    np.testing.assert_allclose(found.as_is, as_is, rtol=1e-8)
    np.testing.assert_allclose(found.moved, moved, rtol=1e-8)
    np.testing.assert_array_equal(found.alphas, ALPHAS)
    np.testing.assert_allclose(found.weights, np.array([11, 10, 13, 12]) / 46)


FAR = {"the same for all features": 1e6, "of its own for each feature": np.array([1e6, 0.0, -2e6])}


@pytest.mark.parametrize("offset", FAR.values(), ids=FAR)
@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_data_far_from_the_origin_lose_nothing(rep: hw.Representation, offset: np.ndarray) -> None:
    folds = sample_folds(offset)
    found = cross_validate(moments_of(folds), rep, alphas=ALPHAS)
    as_is, moved = refitted(folds, rep, ALPHAS, None, 0.0)
    assert found.moved is not None
    np.testing.assert_allclose(found.as_is, as_is, rtol=1e-8)
    np.testing.assert_allclose(found.moved, moved, rtol=1e-8)


@pytest.mark.parametrize("alphas", [[], "0.1", [[1.0]], [-1.0], [math.nan]])
def test_alphas_that_are_none_are_refused(alphas: Any) -> None:
    with pytest.raises(hw.ParameterError, match="alphas must be a flat list of numbers ≥ 0"):
        cross_validate(moments_of(sample_folds()), REPRESENTATIONS["permutation"], alphas=alphas)


def test_one_alpha_and_any_iterable_of_folds_will_do() -> None:
    rep = REPRESENTATIONS["permutation"]
    found = cross_validate(iter(moments_of(sample_folds())), rep, alphas=0.1)
    expected = cross_validate(moments_of(sample_folds()), rep, alphas=[0.1])
    np.testing.assert_array_equal(found.as_is, expected.as_is)


def test_a_fold_may_hold_all_that_varies() -> None:
    """The rest of the targets is constant: its model is its mean, not an error."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3))
    Y = np.zeros((20, 1))
    Y[2] = 1.0
    folds = [hw.Moments.from_arrays(X[i::4], Y[i::4]) for i in range(4)]
    found = cross_validate(folds, hw.groups.cyclic_shifts(3), alphas=[1.0])
    assert found.as_is[0, 2] == pytest.approx(1 / 5)  # one of five samples, predicted as 0


def test_the_projection_penalty_is_cross_validated_too() -> None:
    rep = REPRESENTATIONS["permutation"]
    folds = sample_folds()
    found = cross_validate(moments_of(folds), rep, alphas=np.array([0.5]), penalty="projection")
    for j, (X, Y) in enumerate(folds):
        rest = [fold for k, fold in enumerate(folds) if k != j]
        moments = hw.Moments.from_arrays(
            np.concatenate([A for A, _ in rest]), np.concatenate([B for _, B in rest])
        )
        model = hw.solve(moments, rep, approach=hw.Regularized(0.5, "projection"))
        assert found.as_is[0, j] == pytest.approx(mean_loss(model, X, Y), rel=1e-8)


def test_more_features_than_samples() -> None:
    rep = hw.groups.image_rotations(4)
    rng = np.random.default_rng(0)
    folds = [(rng.standard_normal((4, 16)), rng.standard_normal((4, 2))) for _ in range(3)]
    alphas = np.array([0.01, 1.0, 100.0])
    found = cross_validate(moments_of(folds), rep, alphas=alphas)
    as_is, moved = refitted(folds, rep, alphas, None, 0.0)
    assert found.moved is not None
    np.testing.assert_allclose(found.as_is, as_is, rtol=1e-8)
    np.testing.assert_allclose(found.moved, moved, rtol=1e-8)


def test_the_best_alpha_has_the_least_weighted_loss() -> None:
    found = CrossValidation(
        alphas=np.array([0.1, 1.0, 10.0]),
        as_is=np.array([[1.0, 9.0], [2.0, 5.0], [3.0, 3.5]]),
        moved=np.array([[1.0, 0.0], [2.0, 5.0], [3.0, 3.5]]),
        weights=np.array([0.9, 0.1]),
    )
    assert found.best_as_is == 0.1  # 1.8 against 2.3 and 3.05
    assert found.best_moved == 0.1
    even = CrossValidation(found.alphas, found.as_is, None, np.array([0.5, 0.5]))
    assert even.best_as_is == 10.0
    assert even.best_moved is None


def test_an_invariant_truth_asks_for_a_strong_penalty_and_a_violated_one_for_a_weak_one() -> None:
    rep = hw.groups.cyclic_shifts(8)
    best = {}
    for violation in (0.0, 3.0):
        data = hw.datasets.planted(rep, 200, noise=1.0, violation=violation, rng=1)
        folds = [hw.Moments.from_arrays(data.X[i::5], data.Y[i::5]) for i in range(5)]
        best[violation] = cross_validate(folds, rep)
    assert best[0.0].best_as_is > 100 * best[3.0].best_as_is
    assert best[3.0].best_moved is not None
    assert best[3.0].best_moved > 100 * best[3.0].best_as_is


def test_a_group_that_is_not_compact_has_no_loss_on_moved_data() -> None:
    shear = hw.Representation(3, (hw.Matrix(np.eye(3) + np.eye(3, k=1)),))
    found = cross_validate(moments_of(sample_folds()), shear)
    assert found.moved is None
    assert found.best_moved is None
    assert np.isfinite(found.as_is).all()


def test_alphas_are_tried_in_ascending_order() -> None:
    found = cross_validate(moments_of(sample_folds()), REPRESENTATIONS["signed"], alphas=ALPHAS[::-1])
    np.testing.assert_array_equal(found.alphas, ALPHAS)


def test_progress_goes_from_fold_to_fold() -> None:
    shares: list[float] = []
    cross_validate(moments_of(sample_folds()), REPRESENTATIONS["signed"], progress=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_folds_are_refused(count: int) -> None:
    with pytest.raises(hw.ParameterError, match=f"at least 2 folds, got {count}") as caught:
        cross_validate(moments_of(sample_folds())[:count], REPRESENTATIONS["signed"])
    assert "Moments.from_arrays" in caught.value.remedy


def test_a_symmetry_of_another_size_is_refused() -> None:
    with pytest.raises(hw.DataError, match=r"the data have 3 features, .* acts on 4 coordinates"):
        cross_validate(moments_of(sample_folds()), hw.groups.reflection(4))


def test_a_negative_alpha_is_refused() -> None:
    with pytest.raises(hw.ParameterError, match="alphas must be a flat list of numbers ≥ 0"):
        cross_validate(moments_of(sample_folds()), REPRESENTATIONS["signed"], alphas=np.array([-1.0]))
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got"):
        cross_validate(moments_of(sample_folds()), "reflection:4")  # type: ignore[arg-type]


# The grid.


def test_default_alphas_surround_the_spectrum() -> None:
    rep = hw.groups.cyclic_shifts(3)
    X = np.random.default_rng(0).standard_normal((30, 3))
    moments = hw.Moments.from_arrays(X, X[:, 0])
    alphas = default_alphas(moments, rep)
    spectrum = hw.regularization_path(moments, rep).spectrum
    assert alphas.shape == (51,)
    assert (alphas[0], alphas[-1]) == (0.0, math.inf)
    assert (np.diff(alphas) > 0).all()
    assert alphas[1] == pytest.approx(spectrum[0] / 100)
    assert alphas[-2] == pytest.approx(spectrum[-1] * 100)
    scaled = default_alphas(hw.Moments.from_arrays(1000 * X, X[:, 0]), rep, n_alphas=5)
    np.testing.assert_allclose(scaled[1:-1], 1e6 * default_alphas(moments, rep, n_alphas=5)[1:-1])


def test_cross_validation_takes_the_grid_of_all_samples() -> None:
    rep = REPRESENTATIONS["signed"]
    folds = moments_of(sample_folds())
    whole = sum(folds[1:], start=folds[0])
    np.testing.assert_allclose(cross_validate(folds, rep).alphas, default_alphas(whole, rep))


def test_default_alphas_without_penalty_or_data_are_the_two_ends() -> None:
    X = np.random.default_rng(0).standard_normal((30, 3))
    ends = [0.0, math.inf]
    np.testing.assert_array_equal(
        default_alphas(hw.Moments.from_arrays(X, X[:, 0]), hw.groups.trivial(3)), ends
    )
    constant = hw.Moments.from_arrays(np.ones((30, 3)), X[:, 0])
    np.testing.assert_array_equal(default_alphas(constant, hw.groups.cyclic_shifts(3)), ends)


@pytest.mark.parametrize("count", [0, -1, 2.5, True])
def test_a_grid_of_no_strengths_is_refused(count: Any) -> None:
    moments = moments_of(sample_folds())[0]
    with pytest.raises(hw.ParameterError, match="n_alphas must be a positive integer"):
        default_alphas(moments, REPRESENTATIONS["signed"], n_alphas=count)


def test_the_grid_is_that_of_the_penalty() -> None:
    rep = hw.groups.image_rotations(3)
    data = hw.datasets.planted(rep, 50, rng=0)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    path = hw.regularization_path(moments, rep, penalty="projection")
    np.testing.assert_allclose(default_alphas(moments, rep, penalty="projection"), alpha_grid(path))
    assert not np.allclose(default_alphas(moments, rep), alpha_grid(path))


def test_a_grid_is_of_moments_and_a_representation() -> None:
    samples = hw.Samples.from_arrays(*sample_folds()[0])
    with pytest.raises(hw.ParameterError, match="moments must be a Moments, got a Samples"):
        default_alphas(samples, REPRESENTATIONS["signed"])  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got 'signed'"):
        default_alphas(moments_of(sample_folds())[0], "signed")  # type: ignore[arg-type]


# Every rank at once.


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_every_rank_at_once(rep: hw.Representation) -> None:
    folds = moments_of(sample_folds())
    found = cross_validate(folds, rep, alphas=ALPHAS, ridge=0.1)
    assert found.as_is_by_rank is not None
    assert found.moved_by_rank is not None
    for rank in (1, 2):
        alone = cross_validate(folds, rep, rank=rank, alphas=ALPHAS, ridge=0.1)
        assert alone.moved is not None
        np.testing.assert_allclose(found.as_is_by_rank[:, rank - 1], alone.as_is, rtol=1e-12)
        np.testing.assert_allclose(found.moved_by_rank[:, rank - 1], alone.moved, rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_it_equals_cross_validation_by_scikit_learn(offset: float) -> None:
    """Ridge on the same folds; the penalty of a sum of squares counts the samples, ours their mean."""
    pytest.importorskip("sklearn", reason="the reference is scikit-learn's cross_validate")
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold
    from sklearn.model_selection import cross_validate as reference

    rng = np.random.default_rng(4)
    X = rng.standard_normal((60, 5)) + offset
    Y = (X - offset) @ rng.standard_normal((5, 2)) + rng.standard_normal((60, 2))
    splitter = KFold(5, shuffle=True, random_state=0)
    folds = [hw.Moments.from_arrays(X[rows], Y[rows]) for _, rows in splitter.split(X)]
    rep = hw.groups.cyclic_shifts(5)
    for ridge, centre in ((0.0, 0.0), (0.3, X.mean(axis=0))):
        scores = reference(
            Ridge(ridge * 48, solver="svd"), X - centre, Y, cv=splitter, scoring="neg_mean_squared_error"
        )
        found = cross_validate(folds, rep, alphas=[0.0], ridge=ridge)
        np.testing.assert_allclose(found.as_is[0] / 2, -scores["test_score"], rtol=1e-8)
    # Hard-wired: the same on the invariant feature.
    pooled = (X - offset).mean(axis=1, keepdims=True)
    scores = reference(Ridge(0.0, solver="svd"), pooled, Y, cv=splitter, scoring="neg_mean_squared_error")
    found = cross_validate(folds, rep, alphas=[math.inf])
    np.testing.assert_allclose(found.as_is[0] / 2, -scores["test_score"], rtol=1e-8)


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_held_out_losses_of_other_targets(rep: hw.Representation) -> None:
    """What depends on the inputs alone is kept from path to path."""
    rng = np.random.default_rng(5)
    X, alphas = rng.standard_normal((40, rep.dim)), np.array([0.0, 0.5, math.inf])
    paths = [
        hw.regularization_path(hw.Moments.from_arrays(X, rng.standard_normal((40, 3))), rep) for _ in range(2)
    ]
    held_out = HeldOut(
        paths[0], hw.Moments.from_arrays(rng.standard_normal((9, rep.dim)), rng.standard_normal((9, 3)))
    )
    held_out.prepare()
    other = held_out.of_other_targets(paths[1])
    fresh = HeldOut(paths[1], held_out.moments)
    np.testing.assert_allclose(other.as_is(alphas), fresh.as_is(alphas), rtol=1e-12)
    assert np.abs(other.as_is(alphas) - held_out.as_is(alphas)).max() > 1e-3
    if rep.is_compact:
        np.testing.assert_allclose(other.moved(alphas), fresh.moved(alphas), rtol=1e-12)
