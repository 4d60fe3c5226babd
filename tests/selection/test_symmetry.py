"""Tests of symmetry against statsmodels, the textbook F test, and their own level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import dblquad

import haarwire as hw
from haarwire.selection import largest_root
from haarwire.selection.largest_root import johnstone_sf, largest_root_sf
from haarwire.selection.multivariate import Sizes, hotelling, pillai, roy, wilks

PARAMETRIC = ("wilks", "pillai", "hotelling", "roy")
SKEWED = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.3, 0.0], [0.0, 0.0, 1.0, -0.4], [0.2, 0.0, 0.0, 1.0]])

REPRESENTATIONS = {
    "shifts": hw.groups.cyclic_shifts(4),
    "reflection": hw.groups.reflection(4),
    "images": hw.groups.image_rotations(3),
    "signed": hw.Representation(4, (hw.SignedPermutation([1, 0, 2, 3], [1, -1, 1, -1]),)),
    "skewed": hw.Representation(
        4, (hw.Matrix(SKEWED @ np.roll(np.eye(4), 1, axis=0) @ np.linalg.inv(SKEWED)),)
    ),
    "shear": hw.Representation(4, (hw.Matrix(np.eye(4) + np.eye(4, k=2)),)),
}


def samples(
    rep: hw.Representation, m: int, n_samples: int = 50, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, rep.dim)) @ (np.eye(rep.dim) + 0.3 * rng.random((rep.dim, rep.dim)))
    Y = 0.2 * X @ rng.standard_normal((rep.dim, m)) + rng.standard_normal((n_samples, m)) + 1.0
    return X, Y


def null_sums(X: np.ndarray, Y: np.ndarray, Q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H and E from two explicit least-squares fits with an intercept."""
    ones = np.ones((len(X), 1))
    left = []
    for design in (np.hstack([ones, X @ Q]), np.hstack([ones, X])):
        residual = Y - design @ np.linalg.lstsq(design, Y, rcond=None)[0]
        left.append(residual.T @ residual)
    return left[0] - left[1], left[1]


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize("m", [2, 3, 5])
def test_it_agrees_with_statsmodels(rep: hw.Representation, m: int) -> None:
    ols = pytest.importorskip(
        "statsmodels.multivariate.multivariate_ols", reason="the reference is statsmodels"
    )
    X, Y = samples(rep, m)
    complement = hw.invariant_subspace(rep).complement
    # W A = 0 in the coordinates of statsmodels, whose first row is the intercept.
    A = np.concatenate([g.to_dense() - np.eye(rep.dim) for g in rep.generators], axis=1)
    U, s, _ = np.linalg.svd(A)
    restrictions = U[:, : int((s > 1e-10).sum())].T
    assert restrictions.shape[0] == complement.shape[1]
    L = np.hstack([np.zeros((len(restrictions), 1)), restrictions])
    fit = ols._MultivariateOLS(Y, np.hstack([np.ones((len(X), 1)), X])).fit()
    table = fit.mv_test([("symmetry", L)]).results["symmetry"]["stat"]
    names = ("Wilks' lambda", "Pillai's trace", "Hotelling-Lawley trace", "Roy's greatest root")
    for method, name in zip(PARAMETRIC, names, strict=True):
        row = table.loc[name]
        found = hw.symmetry_test(X, Y, rep, method=method)  # type: ignore[call-overload]
        assert found.statistic == pytest.approx(float(row["Value"]), rel=1e-9)
        if method in ("wilks", "hotelling") or min(m, found.n_restrictions) == 1:
            assert found.df == pytest.approx((float(row["Num DF"]), float(row["Den DF"])))
            assert found.pvalue == pytest.approx(float(row["Pr > F"]), rel=1e-7)
        elif method == "pillai":  # theirs has the right mean only: too large a p-value in the tail
            assert 0.2 < found.pvalue / float(row["Pr > F"]) < 1.02
        else:  # theirs is only a bound
            assert found.df is None
            assert found.pvalue > float(row["Pr > F"])


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize("method", PARAMETRIC)
def test_one_target_is_the_f_test(rep: hw.Representation, method: Any) -> None:
    X, Y = samples(rep, 1, 40)
    found = hw.symmetry_test(X, Y, rep, method=method)
    Q = hw.invariant_subspace(rep).basis
    H, E = (float(A[0, 0]) for A in null_sums(X, Y, Q))
    q, v = rep.dim - Q.shape[1], len(X) - rep.dim - 1
    assert (found.n_restrictions, found.df_residual) == (q, v)
    assert found.df == pytest.approx((q, v))
    assert found.pvalue == pytest.approx(stats.f.sf(H / q / (E / v), q, v), rel=1e-8)


@pytest.mark.parametrize("method", PARAMETRIC)
def test_moments_weights_and_intercept(method: Any) -> None:
    rep = REPRESENTATIONS["images"]
    X, Y = samples(rep, 2)
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(X))
    weights[:4] = 0.0
    found = hw.symmetry_test(X, Y, rep, sample_weight=weights, method=method)
    assert found == hw.symmetry_test(hw.Moments.from_arrays(X, Y, weights), rep, method=method)
    scaled = hw.symmetry_test(X[4:], Y[4:], rep, sample_weight=7 * weights[4:], method=method)
    assert scaled.pvalue == pytest.approx(found.pvalue, rel=1e-9)
    # Weighted least squares is ordinary least squares of the samples times √w, the intercept's column too.
    root = np.sqrt(weights[4:, None])
    direct = hw.symmetry_test(X[4:] * root, Y[4:] * root, rep, fit_intercept=False, method=method)
    plain = hw.symmetry_test(X[4:], Y[4:], rep, sample_weight=weights[4:], fit_intercept=False, method=method)
    assert plain.pvalue == pytest.approx(direct.pvalue, rel=1e-9)
    assert plain.df_residual == len(X) - 4 - rep.dim == found.df_residual + 1


def test_constant_features_count_for_nothing() -> None:
    """Where a whole orbit is constant, the test is that of the other features."""
    X, Y = samples(hw.groups.cyclic_shifts(4), 2)
    padded = np.hstack([X, np.full((len(X), 3), 5.0)])
    both = hw.Representation(
        7, (hw.Permutation([1, 2, 3, 0, 4, 5, 6]), hw.Permutation([0, 1, 2, 3, 5, 6, 4]))
    )
    found = hw.symmetry_test(padded, Y, both)
    expected = hw.symmetry_test(X, Y, hw.groups.cyclic_shifts(4))
    assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-10)
    assert found.df_residual == expected.df_residual


def test_a_dead_pixel_leaves_its_orbit_free() -> None:
    """x_0 constant: invariance still ties the others of its orbit to each other, by one restriction less."""
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 1)
    X[:, 0] = 2.0
    found = hw.symmetry_test(X, Y, rep)
    H, E = (float(A[0, 0]) for A in null_sums(X[:, 1:], Y, np.ones((3, 1))))
    assert (found.n_restrictions, found.df_residual) == (2, len(X) - 4)
    assert found.pvalue == pytest.approx(stats.f.sf(H / 2 / (E / 46), 2, 46), rel=1e-9)


@pytest.mark.parametrize("method", PARAMETRIC)
def test_one_hot_targets_are_those_without_a_class(method: Any) -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, _ = samples(rep, 1, 90)
    labels = np.random.default_rng(0).integers(0, 4, 90)
    Y = np.eye(4)[labels]
    found = hw.symmetry_test(X, Y, rep, method=method)
    assert found.pvalue == pytest.approx(hw.symmetry_test(X, Y[:, 1:], rep, method=method).pvalue, rel=1e-8)


@pytest.mark.parametrize("method", [*PARAMETRIC, "randomization"])
def test_data_far_from_the_origin(method: Any) -> None:
    rep = hw.groups.image_rotations(3)
    X, Y = samples(rep, 2)
    near = hw.symmetry_test(X, Y, rep, method=method, n_resamples=99)
    far = hw.symmetry_test(X + 1e6, Y - 1e6, rep, method=method, n_resamples=99)
    assert far.pvalue == pytest.approx(near.pvalue, rel=1e-5)
    assert far.effect_size == pytest.approx(near.effect_size, rel=1e-5)


@pytest.mark.parametrize("method", PARAMETRIC)
def test_the_units_of_the_targets_do_not_matter(method: Any) -> None:
    rep = hw.groups.reflection(4)
    X, Y = samples(rep, 3)
    mixed = Y @ np.array([[1.0, 2.0, 0.0], [0.0, 1e4, 1.0], [1e-3, 0.0, 5.0]])
    first, second = (hw.symmetry_test(X, A, rep, method=method).pvalue for A in (Y, mixed))
    assert second == pytest.approx(first, rel=1e-6)


def test_nothing_to_test() -> None:
    X, Y = samples(hw.groups.trivial(4), 2)
    for method in (*PARAMETRIC, "randomization"):
        found = hw.symmetry_test(X, Y, hw.groups.trivial(4), method=method)  # type: ignore[call-overload]
        assert (found.pvalue, found.n_restrictions, found.effect_size) == (1.0, 0, 0.0)
        assert found.statistic == (1.0 if method == "wilks" else 0.0)


def test_an_exact_violation_is_certain() -> None:
    X, _ = samples(hw.groups.cyclic_shifts(4), 1)
    for method in PARAMETRIC:
        found = hw.symmetry_test(X, X[:, 0], hw.groups.cyclic_shifts(4), method=method)  # type: ignore[call-overload]
        assert found.pvalue < 1e-100
    assert found.effect_size > 0.5


# The distributions.


def null_roots(rng: np.random.Generator, sizes: Sizes, count: int) -> np.ndarray:
    """Roots θ of (H + E)⁻¹H for independent Wishart H and E."""
    p, q, v = sizes
    H, E = rng.standard_normal((count, q, p)), rng.standard_normal((count, v, p))
    H, E = np.swapaxes(H, 1, 2) @ H, np.swapaxes(E, 1, 2) @ E
    L = np.linalg.inv(np.linalg.cholesky(H + E))
    roots = np.linalg.eigvalsh(L @ H @ np.swapaxes(L, 1, 2))[:, ::-1]
    return np.clip(roots[:, : min(p, q)], 0.0, 1.0)


@pytest.mark.parametrize("sizes", [Sizes(2, 2, 8), Sizes(3, 10, 15), Sizes(5, 3, 30), Sizes(1, 4, 9)])
@pytest.mark.parametrize("test", [wilks, pillai, hotelling], ids=PARAMETRIC[:3])
def test_p_values_are_uniform(test: Any, sizes: Sizes) -> None:
    rng = np.random.default_rng(0)
    pvalues = np.array([test(theta, sizes).pvalue for theta in null_roots(rng, sizes, 3000)])
    is_exact = min(sizes.p, sizes.q) == 1 or (test is wilks and min(sizes.p, sizes.q) == 2)
    for level in (0.01, 0.05, 0.1):
        rate, error = (pvalues < level).mean(), np.sqrt(level * (1 - level) / 3000)
        assert abs(rate - level) < 3.5 * error + (0.0 if is_exact else 0.1 * level)


def test_the_moments_of_pillais_trace() -> None:
    """The F has the mean and the variance of simulated traces."""
    rng = np.random.default_rng(1)
    for sizes in (Sizes(2, 7, 6), Sizes(4, 3, 9)):
        traces = null_roots(rng, sizes, 40_000).sum(axis=1) / min(sizes.p, sizes.q)
        df = pillai(np.full(min(sizes.p, sizes.q), 0.5), sizes).df
        assert df is not None
        beta = stats.beta(df[0] / 2, df[1] / 2)
        assert traces.mean() == pytest.approx(beta.mean(), rel=0.01)
        assert traces.std() == pytest.approx(beta.std(), rel=0.02)


# Roy's largest root.


@pytest.mark.parametrize("sizes", [Sizes(2, 2, 8), Sizes(3, 10, 15), Sizes(5, 3, 30), Sizes(1, 4, 9)])
def test_largest_roots_at_the_quantiles_of_simulated_ones(sizes: Sizes) -> None:
    roots = null_roots(np.random.default_rng(0), sizes, 20_000)[:, :1]
    for level in (0.01, 0.05, 0.1):
        at = np.quantile(roots, 1 - level)
        assert roy(np.array([at]), sizes).pvalue == pytest.approx(
            level, abs=3.5 * np.sqrt(level * (1 - level) / 20_000)
        )


@pytest.mark.parametrize(("p", "q", "v"), [(2, 2, 8), (2, 7, 30), (4, 2, 11)])
def test_the_largest_of_two_roots_by_integration(p: int, q: int, v: int) -> None:
    """The joint density of two roots is proportional to ∏ θ^m (1 − θ)^n (θ_1 − θ_2)."""
    m, n = (abs(p - q) - 1) / 2, (v - p - 1) / 2

    def mass(top: float) -> float:
        inner = lambda y, x: (x * y) ** m * ((1 - x) * (1 - y)) ** n * (x - y)  # noqa: E731
        return float(dblquad(inner, 0, top, 0, lambda x: x, epsabs=1e-14)[0])

    for theta in (0.2, 0.5, 0.7):
        assert largest_root_sf(theta, p, q, v) == pytest.approx(
            1 - mass(theta) / mass(1.0), rel=1e-5, abs=1e-9
        )


@pytest.mark.parametrize(
    ("p", "q", "v", "theta"), [(9, 48, 1700, 0.06), (20, 30, 100, 0.65), (9, 4, 200, 0.13)]
)
def test_large_problems_lose_no_digits(p: int, q: int, v: int, theta: float) -> None:
    """Against the Tracy–Widom limit, and p and q exchanged: θ(p, q, v) = θ(q, p, q + v − p)."""
    found = largest_root_sf(theta, p, q, v)
    assert found == pytest.approx(largest_root_sf(theta, q, p, q + v - p), rel=1e-7)
    assert found == pytest.approx(johnstone_sf(theta, p, q, v), rel=0.3)


def test_the_ends_and_the_largest_sizes() -> None:
    assert largest_root_sf(0.0, 2, 3, 9) == 1.0
    assert largest_root_sf(1.0, 2, 3, 9) == 0.0
    assert largest_root_sf(0.0155, 9, 588, 59_000) == johnstone_sf(0.0155, 9, 588, 59_000)
    assert largest_root_sf(0.5, 21, 30, 100) == johnstone_sf(0.5, 21, 30, 100)
    assert largest_root_sf(0.65, 20, 30, 100) != johnstone_sf(0.65, 20, 30, 100)


def test_the_largest_root_of_plain_violations() -> None:
    """Far in the tail, where probabilities leave the range of floats, they still fall, and come at once."""
    for p, q, v, theta in (
        (5, 5, 1000, np.array([0.05, 0.3, 0.6, 0.9, 0.999])),
        (12, 30, 4000, np.array([0.5, 0.99])),
    ):
        tail = np.array([largest_root_sf(x, p, q, v) for x in theta])
        assert (np.diff(tail) <= 0).all()
        assert tail[-1] == 0.0
        # θ_1 is at least the root of one target alone, a beta variable.
        assert (tail >= stats.beta(q / 2, v / 2).sf(theta)).all()
        assert (tail <= [johnstone_sf(x, p, q, v) for x in theta]).all()


@pytest.mark.parametrize("method", ["hotelling", "pillai"])
def test_traces_need_a_few_more_samples(method: Any) -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 2, 10)
    with pytest.raises(hw.DataError, match="2 targets needs 6 degrees of freedom") as error:
        hw.symmetry_test(X, Y, rep, method=method)
    assert "wilks" in error.value.remedy
    assert hw.symmetry_test(*samples(rep, 2, 11), rep, method=method).df_residual == 6
    assert hw.symmetry_test(*samples(rep, 1, 7), rep, method=method).df_residual == 2


# The randomization test.


@pytest.mark.parametrize(
    "rep", [hw.groups.cyclic_shifts(6), hw.groups.permutations(6)], ids=["listed", "drawn"]
)
def test_the_randomization_test_has_its_level_with_few_heavy_tailed_samples(rep: hw.Representation) -> None:
    rng = np.random.default_rng(3)
    pvalues = []
    for seed in range(120 if rep.order == 6 else 60):
        X = rng.standard_t(2, (7, 6))  # all coordinates alike: invariant
        Y = X.mean(axis=1) + rng.standard_cauchy(7)
        found = hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=19, rng=seed)
        pvalues.append(found.pvalue)
    for level in (0.05, 0.1, 0.5):
        rate = np.mean(np.array(pvalues) <= level + 1e-12)
        assert abs(rate - level) < 3.5 * np.sqrt(level * (1 - level) / len(pvalues))


def test_the_randomization_test_finds_violations_with_fewer_samples_than_features() -> None:
    rep = hw.groups.image_rotations(6)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 36))
    Y = X @ rng.standard_normal((36, 2))
    assert hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=199).pvalue < 0.02
    Y = X @ hw.invariant_subspace(rep).basis[:, :2] + 0.1 * rng.standard_normal((30, 2))
    assert hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=199).pvalue > 0.05


def test_the_statistic_of_many_samples_is_the_share_explained_by_least_squares() -> None:
    rep = REPRESENTATIONS["skewed"]
    X, Y = samples(rep, 1, 20_000)
    found = hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=1)
    H, E = null_sums(X, Y, hw.invariant_subspace(rep).basis)
    assert found.statistic == pytest.approx(float(H[0, 0] / (H + E)[0, 0]), rel=1e-3)


def test_both_forms_of_the_ridge_are_one() -> None:
    from haarwire.selection.randomization import _Statistic

    rep = hw.groups.cyclic_shifts(9)
    X, Y = samples(rep, 2, 9)
    wide = _Statistic(X, Y, rep, None, True)
    Z = (X - X.mean(axis=1, keepdims=True)) @ wide.whiten
    Z -= wide.design @ (wide.design.T @ Z)
    penalty = wide.n_directions * np.eye(wide.n_directions)
    S = Z.T @ wide.residuals
    assert wide.n_directions == 8
    assert wide(X) == pytest.approx(np.vdot(S, np.linalg.solve(Z.T @ Z + penalty, S)) / wide.total)
    few = _Statistic(X[:6], Y[:6], rep, None, True)
    Z = (X[:6] - X[:6].mean(axis=1, keepdims=True)) @ few.whiten
    Z -= few.design @ (few.design.T @ Z)
    S = Z.T @ few.residuals
    penalty = few.n_directions * np.eye(few.n_directions)
    assert few(X[:6]) == pytest.approx(np.vdot(S, np.linalg.solve(Z.T @ Z + penalty, S)) / few.total)


def test_the_randomization_test_without_intercept() -> None:
    """The statistic of many samples is the share of the residuals of the invariant fit through the origin."""
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 1, 20_000)
    found = hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=1, fit_intercept=False)
    invariant, any_fit = (
        float(((Y - design @ np.linalg.lstsq(design, Y, rcond=None)[0]) ** 2).sum())
        for design in (X.sum(axis=1, keepdims=True), X)
    )
    assert found.statistic == pytest.approx(1.0 - any_fit / invariant, rel=1e-3)
    with_intercept = hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=1)
    assert abs(with_intercept.statistic / found.statistic - 1.0) > 0.1


def test_tiny_targets_are_not_taken_for_rounding() -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 2, 30)
    options: dict[str, Any] = {"method": "randomization", "n_resamples": 99}
    for scale in (1e-12, 1e12):
        found = hw.symmetry_test(X, Y * scale - 3.0 * scale, rep, **options)
        assert found.pvalue == hw.symmetry_test(X, Y - 3.0, rep, **options).pvalue


def test_weights_of_the_randomization_test() -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 2, 30)
    weights = np.random.default_rng(0).uniform(0.1, 2.0, 30)
    weights[5] = 0.0
    kept = weights > 0
    options: dict[str, Any] = {"method": "randomization", "n_resamples": 99}
    found = hw.symmetry_test(X, Y, rep, sample_weight=weights, **options)
    assert found == hw.symmetry_test(X[kept], Y[kept], rep, sample_weight=weights[kept], **options)
    assert found.statistic != pytest.approx(hw.symmetry_test(X, Y, rep, **options).statistic)


# The effect size.


def test_the_effect_size_is_that_of_the_population() -> None:
    rep = hw.groups.cyclic_shifts(8)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50_000, 8))
    rest = hw.invariant_subspace(rep).complement
    Y = 2.0 * X @ np.full(8, 1 / np.sqrt(8)) + X @ rest[:, 0] + 3.0 * rng.standard_normal(50_000)
    assert hw.symmetry_test(X, Y, rep).effect_size == pytest.approx(1 / 5, abs=0.02)


def test_the_effect_size_is_adjusted_for_chance() -> None:
    rep = hw.groups.image_rotations(4)
    sizes = []
    for seed in range(30):
        data = hw.datasets.planted(rep, 40, rng=seed)
        sizes.append(hw.symmetry_test(data.X, data.Y, rep).effect_size)
    assert np.median(sizes) < 0.15  # 12 of 16 directions are not invariant, and 23 degrees are left


# Refusals.


def test_too_few_samples_are_sent_to_the_randomization_test() -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 3, 7)
    with pytest.raises(
        hw.DataError, match="7 samples leave 2 degrees of freedom for the noise of 3"
    ) as error:
        hw.symmetry_test(X, Y, rep)
    assert "randomization" in error.value.remedy
    assert 0 < hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=19).pvalue <= 1
    assert hw.symmetry_test(*samples(rep, 3, 8), rep).df_residual == 3


def test_targets_without_noise_are_refused() -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, _ = samples(rep, 1)
    for method in ("wilks", "randomization"):
        with pytest.raises(hw.DataError, match="an invariant model explains"):
            hw.symmetry_test(X, X.sum(axis=1), rep, method=method)  # type: ignore[call-overload]
        with pytest.raises(hw.DataError, match="an invariant model explains"):
            hw.symmetry_test(X, X.sum(axis=1) - 100.0, rep, method=method)  # type: ignore[call-overload]


def test_other_refusals() -> None:
    rep = hw.groups.cyclic_shifts(4)
    X, Y = samples(rep, 2)
    moments = hw.Moments.from_arrays(X, Y)
    with pytest.raises(hw.ParameterError, match=r"method must be one of wilks, .*, got 'wilk'"):
        hw.symmetry_test(X, Y, rep, method="wilk")  # type: ignore[call-overload]
    with pytest.raises(hw.ParameterError, match="needs samples, got moments"):
        hw.symmetry_test(moments, rep, method="randomization")
    with pytest.raises(hw.ParameterError, match="rep must be a Representation"):
        hw.symmetry_test(X, Y, "cyclic_shifts:4")  # type: ignore[call-overload]
    with pytest.raises(hw.ParameterError, match="rep must be a Representation"):
        hw.symmetry_test(moments, None)  # type: ignore[call-overload]
    with pytest.raises(hw.ParameterError, match="symmetry_test got moments, targets and a symmetry"):
        hw.symmetry_test(moments, Y, rep)  # type: ignore[call-overload]
    with pytest.raises(hw.ParameterError, match="symmetry_test got moments and a sample_weight"):
        hw.symmetry_test(moments, rep, sample_weight=np.ones(len(X)))  # type: ignore[call-overload]
    with pytest.raises(hw.ParameterError, match="moments must be a Moments, got a Samples") as error:
        hw.symmetry_test(hw.Samples.from_arrays(X, Y), rep)  # type: ignore[call-overload]
    assert "samples.moments()" in error.value.remedy
    with pytest.raises(hw.DataError, match="acts on 5 coordinates"):
        hw.symmetry_test(X, Y, hw.groups.cyclic_shifts(5))
    with pytest.raises(hw.DataError, match="targets are constant"):
        hw.symmetry_test(X, np.ones(len(X)), rep)
    for count in (0, -1, 1.5, True):
        with pytest.raises(hw.ParameterError, match="n_resamples must be a positive integer"):
            hw.symmetry_test(X, Y, rep, method="randomization", n_resamples=count)  # type: ignore[call-overload]
    X[3, 1] = np.nan
    with pytest.raises(hw.DataError, match="X is nan at row 3"):
        hw.symmetry_test(X, Y, rep, method="randomization")


def test_a_group_that_is_not_compact_has_no_randomization_test() -> None:
    rep = REPRESENTATIONS["shear"]
    X, Y = samples(rep, 2)
    assert 0 <= hw.symmetry_test(X, Y, rep).pvalue <= 1
    with pytest.raises(hw.NotCompactError):
        hw.symmetry_test(X, Y, rep, method="randomization")


def test_the_least_p_value_of_so_many_resamples() -> None:
    rep = hw.groups.cyclic_shifts(6)
    X, _ = samples(rep, 1, 100)
    found = hw.symmetry_test(X, X[:, :1], rep, method="randomization", n_resamples=39)
    assert found.pvalue == pytest.approx(1 / 40)


def test_digits_that_never_agree_leave_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rounding is all there is, its size and Johnstone's approximation are both bounds."""
    monkeypatch.setattr(largest_root, "_DIGITS", (50,))
    exact = largest_root_sf(0.5, 3, 4, 30)
    monkeypatch.undo()
    assert exact == pytest.approx(min(johnstone_sf(0.5, 3, 4, 30), largest_root_sf(0.5, 3, 4, 30)), rel=1e-9)
