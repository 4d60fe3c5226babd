"""Cross-validation on moments finds what GridSearchCV finds by refits, and enumeration on moved data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_validate,
)

import haarwire as hw
from estimators.samples import REPRESENTATIONS, regression_data
from haarwire.estimators import InvariantRegressor, InvariantRegressorCV, regressor_cv
from haarwire.selection import alpha_grid, grid
from haarwire.solve import PenaltyFrame, path, penalty_frame

GRID = {"alpha": [0.0, 0.3, np.inf], "rank": [1, None], "ridge": [0.0, 0.1]}

SPLITTERS = {
    "none": None,
    "number": 4,
    "KFold": KFold(3, shuffle=True, random_state=0),
    "repeated": RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    "shuffled": ShuffleSplit(3, test_size=0.4, train_size=0.5, random_state=0),
    "mostly test": ShuffleSplit(3, test_size=0.7, random_state=0),
    "time": TimeSeriesSplit(3),
    "indices": [(np.arange(30), np.arange(30, 40)), (np.arange(10, 40), np.arange(10))],
    "masks": [(np.arange(40) < 30, np.arange(40) >= 30), (np.arange(40) >= 10, np.arange(40) < 20)],
}


def searched(rep: Any, cv: Any, X: np.ndarray, Y: np.ndarray, **parameters: Any) -> GridSearchCV:
    model = InvariantRegressor(rep, approach="regularized", **parameters)
    return GridSearchCV(model, GRID, scoring="neg_mean_squared_error", cv=cv).fit(X, Y)


def validated(rep: Any, cv: Any, X: Any, Y: np.ndarray, **parameters: Any) -> InvariantRegressorCV:
    grid = {"alphas": GRID["alpha"], "ranks": GRID["rank"], "ridges": GRID["ridge"]}
    return InvariantRegressorCV(rep, cv=cv, **{**grid, **parameters}).fit(X, Y)


def same(found: InvariantRegressorCV, expected: GridSearchCV) -> None:
    keys = [key for key in expected.cv_results_ if key.endswith("test_score")]
    assert set(keys) <= found.cv_results_.keys()
    for key in keys:
        if key != "rank_test_score":
            scale = np.abs(expected.cv_results_["mean_test_score"]) if key.startswith("std") else 0.0
            difference = np.abs(found.cv_results_[key] - expected.cv_results_[key])
            assert (difference <= 1e-8 * np.maximum(np.abs(expected.cv_results_[key]), scale)).all()
    assert found.cv_results_["params"] == expected.cv_results_["params"]
    assert found.best_score_ == pytest.approx(expected.best_score_, rel=1e-8)
    assert found.cv_results_["mean_test_score"][expected.best_index_] == pytest.approx(found.best_score_)
    assert found.n_splits_ == expected.n_splits_


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_scores_are_those_of_a_grid_search(rep: hw.Representation) -> None:
    X, Y = regression_data()
    same(validated(rep, None, X, Y), searched(rep, None, X, Y))


@pytest.mark.parametrize("cv", SPLITTERS.values(), ids=SPLITTERS)
def test_every_splitter_of_scikit_learn_will_do(cv: Any) -> None:
    X, Y = regression_data()
    same(validated("reflection", cv, X, Y), searched("reflection", cv, X, Y))


def test_leave_one_out_and_a_single_flat_target() -> None:
    X, Y = regression_data(12, n_targets=1)
    found = validated("reflection", LeaveOneOut(), X, Y[:, 0])
    same(found, searched("reflection", LeaveOneOut(), X, Y[:, 0]))
    assert found.coef_.shape == (4,)
    assert found.predict(X).shape == (12,)


@pytest.mark.parametrize("rep", ["cyclic_shifts", REPRESENTATIONS["signed"]], ids=["permutation", "signed"])
def test_data_far_from_the_origin_lose_nothing(rep: Any) -> None:
    X, Y = regression_data(offset=1e6)
    same(validated(rep, None, X, Y), searched(rep, None, X, Y))


def test_scores_are_those_of_cross_validate_far_from_the_origin() -> None:
    X, Y = regression_data(offset=1e6)
    folds = KFold(5, shuffle=True, random_state=0)
    found = InvariantRegressorCV("reflection", alphas=[0.3], cv=folds).fit(X, Y)
    model = InvariantRegressor("reflection", approach="regularized", alpha=0.3)
    expected = cross_validate(model, X, Y, cv=folds, scoring="neg_mean_squared_error")["test_score"]
    scores = [found.cv_results_[f"split{j}_test_score"][0] for j in range(5)]
    np.testing.assert_allclose(scores, expected, rtol=1e-8)


def test_without_intercept_and_without_symmetry_it_is_ridge_regression() -> None:
    X, Y = regression_data()
    found = validated(None, 4, X, Y, fit_intercept=False)
    same(found, searched(None, 4, X, Y, fit_intercept=False))
    ridges = np.array([0.01, 0.1, 1.0])
    splits = KFold(4)
    chosen = InvariantRegressorCV(alphas=[0.0], ridges=ridges, cv=splits).fit(X, Y)
    known = GridSearchCV(Ridge(), {"alpha": ridges * 30}, cv=splits, scoring="neg_mean_squared_error")
    known.fit(X, Y)
    np.testing.assert_allclose(
        chosen.cv_results_["mean_test_score"], known.cv_results_["mean_test_score"], rtol=1e-10
    )


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_scores_on_moved_data_are_means_over_the_group(
    rep: hw.Representation, fit_intercept: bool, offset: float
) -> None:
    X, Y = regression_data(offset=offset)
    found = validated(rep, 3, X, Y, question="moved", fit_intercept=fit_intercept)
    for j, (train, test) in enumerate(KFold(3).split(X)):
        for i, params in enumerate(found.cv_results_["params"]):
            model = InvariantRegressor(rep, approach="regularized", fit_intercept=fit_intercept, **params)
            model.fit(X[train], Y[train])
            losses = [((model.predict(g.apply(X[test])) - Y[test]) ** 2).mean() for g in rep.elements()]
            score = found.cv_results_[f"split{j}_test_score"][i]
            assert score == pytest.approx(-np.mean(losses), rel=1e-7)


def test_the_choice_is_fitted_on_all_data() -> None:
    X, Y = regression_data()
    found = validated("reflection", 5, X, Y)
    chosen = found.best_params_
    assert found.alpha_ == chosen["alpha"]
    assert found.ridge_ == chosen["ridge"]
    assert found.rank_ <= (chosen["rank"] or 3)
    folds = [hw.Moments.from_arrays(X[test], Y[test]) for _, test in KFold(5).split(X)]
    whole = sum(folds[1:], start=folds[0])
    path = hw.regularization_path(whole, hw.groups.reflection(4), rank=chosen["rank"], ridge=chosen["ridge"])
    np.testing.assert_array_equal(found.coef_, path.at(chosen["alpha"]).coef)
    again = InvariantRegressor("reflection", approach="regularized", **chosen).fit(X, Y)
    np.testing.assert_allclose(found.coef_, again.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.predict(X), again.predict(X), rtol=1e-9)


def test_defaults_try_both_ends_and_all_ranks_are_all() -> None:
    X, Y = regression_data()
    found = InvariantRegressorCV("reflection", ranks="all").fit(X, Y)
    alphas = found.cv_results_["param_alpha"]
    assert alphas.min() == 0.0
    assert np.isinf(alphas.max())
    assert set(found.cv_results_["param_rank"]) == {1, 2, 3}
    assert InvariantRegressorCV("reflection").fit(X, Y).best_params_["rank"] is None


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_grid_is_that_of_the_moments_fitted(fit_intercept: bool) -> None:
    X, Y = regression_data(offset=3.0)
    found = InvariantRegressorCV("reflection", fit_intercept=fit_intercept).fit(X, Y)
    moments = hw.Moments.from_arrays(X, Y)
    path = hw.regularization_path(moments, hw.groups.reflection(4), fit_intercept=fit_intercept)
    np.testing.assert_allclose(found.cv_results_["param_alpha"], alpha_grid(path), rtol=1e-9)


def test_the_penalty_is_factored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[hw.Representation] = []

    def counted(rep: hw.Representation) -> PenaltyFrame:
        frames.append(rep)
        return penalty_frame(rep)

    for module in (regressor_cv, grid, path):
        monkeypatch.setattr(module, "penalty_frame", counted)
    InvariantRegressorCV("reflection").fit(*regression_data())
    assert len(frames) == 1


def test_an_invariant_truth_is_hard_wired_and_a_violated_one_is_not() -> None:
    rep = hw.groups.reflection(8)
    for violation, least, most in ((0.0, 1.0, np.inf), (3.0, 0.0, 0.5)):
        data = hw.datasets.planted(rep, 100, violation=violation, rng=1)
        assert least <= InvariantRegressorCV(rep).fit(data.X, data.Y).alpha_ <= most


def test_weights_count_in_fits_and_scores() -> None:
    X, Y = regression_data()
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    splits = list(KFold(4).split(X))
    found = InvariantRegressorCV("reflection", alphas=[0.0, 1.0, np.inf], cv=splits).fit(X, Y, weights)
    of_row = np.repeat(np.arange(len(X)), weights)
    repeated = [(np.flatnonzero(np.isin(of_row, a)), np.flatnonzero(np.isin(of_row, b))) for a, b in splits]
    again = InvariantRegressorCV("reflection", alphas=[0.0, 1.0, np.inf], cv=repeated).fit(
        X[of_row], Y[of_row]
    )
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(found.cv_results_[key], again.cv_results_[key], rtol=1e-9)
    np.testing.assert_allclose(found.coef_, again.coef_, rtol=1e-9)


def test_a_fold_that_holds_nearly_all_weight_is_not_taken_from_the_whole() -> None:
    """The difference would have lost the digits of the rest."""
    X, Y = regression_data()
    weights = np.ones(len(X))
    weights[:10] = 1e12
    found = InvariantRegressorCV("reflection", alphas=[0.3], cv=4).fit(X, Y, weights)
    model = InvariantRegressor("reflection", approach="regularized", alpha=0.3).fit(X[10:], Y[10:])
    loss = ((model.predict(X[:10]) - Y[:10]) ** 2).mean()
    assert found.cv_results_["split0_test_score"][0] == pytest.approx(-loss, rel=1e-9)


def test_sparse_data() -> None:
    X, Y = regression_data()
    X[np.abs(X) < 0.5] = 0.0
    dense = validated("reflection", 4, X, Y)
    for kind in (sp.csr_array, sp.csc_array, sp.coo_matrix):
        found = validated("reflection", 4, kind(X), Y)
        np.testing.assert_allclose(
            found.cv_results_["mean_test_score"], dense.cv_results_["mean_test_score"], rtol=1e-9
        )
        np.testing.assert_allclose(found.predict(kind(X)), dense.predict(X), rtol=1e-9)


def test_float32_stays_float32() -> None:
    X, Y = (A.astype(np.float32) for A in regression_data())
    found = InvariantRegressorCV("reflection").fit(X, Y)
    assert found.coef_.dtype == found.predict(X).dtype == np.float32


def test_groups_go_to_the_splitter() -> None:
    X, Y = regression_data()
    groups = np.arange(len(X)) // 5
    splits = list(GroupKFold(3).split(X, groups=groups))
    expected = InvariantRegressorCV("reflection", cv=splits).fit(X, Y)
    found = InvariantRegressorCV("reflection", cv=GroupKFold(3)).fit(X, Y, groups=groups)
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    with sklearn.config_context(enable_metadata_routing=True):
        routed = InvariantRegressorCV("reflection", cv=GroupKFold(3)).fit(X, Y, groups=groups)
    np.testing.assert_array_equal(routed.cv_results_["mean_test_score"], found.cv_results_["mean_test_score"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'group'"):
        InvariantRegressorCV("reflection").fit(X, Y, group=groups)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": [-1.0]}, "the alphas must be a flat list of numbers ≥ 0"),
        ({"alphas": []}, "the alphas must be a flat list of numbers ≥ 0"),
        ({"ranks": "some"}, 'ranks must be bounds on the rank, "all" or None'),
        ({"ranks": []}, "ranks must be a list of bounds on the rank"),
        ({"ranks": 2}, "ranks must be a list of bounds on the rank"),
        ({"ranks": [0]}, "rank must be a positive integer or None"),
        ({"ridges": []}, "ridges must be a list of numbers ≥ 0"),
        ({"ridges": ["a"]}, "ridges must be a list of numbers ≥ 0"),
        ({"ridges": [-1.0]}, "ridge must be a finite number ≥ 0"),
        ({"question": "both"}, "question must be as_is or moved"),
        ({"fit_intercept": None}, "fit_intercept must be True or False"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(hw.ParameterError, match=message):
        InvariantRegressorCV("reflection", **parameters).fit(*regression_data())


def test_moved_data_need_a_group_with_an_average() -> None:
    X, Y = regression_data()
    assert np.isfinite(InvariantRegressorCV("shear:4").fit(X, Y).best_score_)
    with pytest.raises(hw.NotCompactError, match="the score on moved data does not exist"):
        InvariantRegressorCV("shear:4", question="moved").fit(X, Y)


def test_a_fold_may_hold_all_that_varies() -> None:
    X, Y = regression_data(n_targets=1)
    Y = np.zeros_like(Y)
    Y[3] = 1.0
    assert np.isfinite(InvariantRegressorCV("reflection").fit(X, Y).best_score_)
    with pytest.raises(hw.DataError, match="the targets are constant"):
        InvariantRegressorCV("reflection").fit(X, np.zeros(len(X)))
    with pytest.raises(hw.ParameterError, match="cv has no splits"):
        InvariantRegressorCV("reflection", cv=[]).fit(X, Y)
