"""`InvariantProjection`: the coordinates are those that the group leaves alone, and all of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import haarwire as hw
from estimators.samples import REPRESENTATIONS, regression_data
from haarwire.estimators import InvariantProjection, InvariantRegressor
from oracles import enumerate_group, reynolds_by_enumeration


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_coordinates_are_invariant_and_complete(rep: hw.Representation) -> None:
    X, _ = regression_data()
    projection = InvariantProjection(rep).fit(X)
    Z = projection.transform(X)
    P = reynolds_by_enumeration(enumerate_group([g.to_dense() for g in rep.generators], 4))
    assert Z.shape == (40, round(np.trace(P)))
    for g in rep.sample(0, size=4):
        np.testing.assert_allclose(projection.transform(g.apply(X)), Z, atol=1e-12)
    # Every invariant linear function of x, w P x, is one of the coordinates.
    averages = X @ P.T
    residual = averages - Z @ np.linalg.lstsq(Z, averages, rcond=None)[0]
    assert np.abs(residual).max() < 1e-12
    np.testing.assert_allclose(projection.transform(projection.inverse_transform(Z)), Z, atol=1e-12)
    if rep.is_orthogonal:
        np.testing.assert_allclose(projection.inverse_transform(Z), averages, atol=1e-12)


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_a_linear_model_on_them_is_the_hard_wired_one(rep: hw.Representation) -> None:
    X, Y = regression_data()
    pipeline = make_pipeline(InvariantProjection(rep), LinearRegression()).fit(X, Y)
    model = InvariantRegressor(rep).fit(X, Y)
    np.testing.assert_allclose(pipeline.predict(X), model.predict(X), rtol=1e-9)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.coo_matrix])
@pytest.mark.parametrize("name", ["permutation", "orthogonal"])
def test_sparse_data(kind: type, name: str) -> None:
    X, _ = regression_data()
    projection = InvariantProjection(REPRESENTATIONS[name]).fit(kind(X))
    expected = projection.transform(X)
    Z = projection.transform(kind(X))
    assert sp.issparse(Z) == (name == "permutation")
    np.testing.assert_allclose(Z.toarray() if sp.issparse(Z) else Z, expected, atol=1e-14)
    back = projection.inverse_transform(kind(expected))
    back = back.toarray() if sp.issparse(back) else back
    np.testing.assert_allclose(back, projection.inverse_transform(expected), atol=1e-14)


def test_many_features_take_no_dense_matrix() -> None:
    X = sp.random_array((3, 200_000), density=1e-4, format="csr", rng=0)
    Z = InvariantProjection("reflection").fit_transform(X)
    assert Z.shape == (3, 100_000)


def test_float32_stays_float32() -> None:
    X = regression_data()[0].astype(np.float32)
    for name in ("permutation", "orthogonal"):
        for inputs in (X, sp.csr_array(X)):
            projection = InvariantProjection(REPRESENTATIONS[name]).fit(inputs)
            Z = projection.transform(inputs)
            assert Z.dtype == projection.inverse_transform(Z).dtype == np.float32


def test_names_are_the_orbits() -> None:
    def names(rep: hw.Representation) -> list[str]:
        return InvariantProjection(rep).fit(np.zeros((1, rep.dim))).get_feature_names_out().tolist()

    assert names(hw.groups.reflection(5)) == ["x0 + x4", "x1 + x3", "x2"]
    assert names(hw.groups.cyclic_shifts(5)) == ["x0 + … + x4 (5 terms)"]
    signed = hw.Representation(3, (hw.SignedPermutation([1, 0, 2], [-1, -1, -1]),))
    assert names(signed) == ["x0 - x1"]
    assert names(REPRESENTATIONS["orthogonal"]) == [f"invariantprojection{i}" for i in range(3)]


def test_names_of_features_are_checked() -> None:
    projection = InvariantProjection("reflection").fit(np.zeros((1, 3)))
    assert projection.get_feature_names_out(["a", "b", "c"]).tolist() == ["a + c", "b"]
    with pytest.raises(ValueError, match="input_features should have length equal to number of features"):
        projection.get_feature_names_out(["a"])


def test_what_cannot_be_is_refused() -> None:
    X, _ = regression_data()
    nothing = hw.Representation(4, (hw.SignedPermutation([0, 1, 2, 3], [-1, -1, -1, -1]),))
    with pytest.raises(hw.ParameterError, match="no linear function of the features is invariant"):
        InvariantProjection(nothing).fit(X)
    with pytest.raises(hw.DataError, match="X has 4 columns, there are 2 invariant coordinates"):
        InvariantProjection("reflection").fit(X).inverse_transform(X)
    with pytest.raises(NotFittedError):
        InvariantProjection("reflection").transform(X)
