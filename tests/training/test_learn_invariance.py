"""`learn_invariance`: against the exact evidence, dense densities, finite differences and closed answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import haarwire as hw
import strategies as cases
from haarwire.selection import select_by_evidence

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training import learn_invariance  # noqa: E402
from haarwire.training.invariance_learning.laplace import Hyperparameters, LaplaceEvidence  # noqa: E402
from haarwire.training.invariance_learning.likelihoods import Categorical, Gaussian  # noqa: E402
from haarwire.training.invariance_learning.transformations import Probability, Range  # noqa: E402
from haarwire.training.modules import invariance_error, symmetrize  # noqa: E402

ROTATIONS = hw.groups.image_rotations(4)
TURN = [[0.0, -1.0], [1.0, 0.0]]
CIRCLE = hw.Representation(2, algebra=(TURN,), name="circle")
TWO_WAYS = hw.Representation(4, algebra=(np.kron(np.diag([1.0, 0.0]), TURN), np.diag([1.0], 3)), name="two")


@pytest.fixture(autouse=True, scope="module")
def doubles():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def linear(data: hw.datasets.Dataset, bias: bool = False) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    layer = nn.Linear(data.X.shape[1], data.Y.shape[1], bias=bias)
    return layer, torch.from_numpy(data.X), torch.from_numpy(data.Y)


def evidence(module, x, likelihood, family) -> LaplaceEvidence:
    return LaplaceEvidence(module.double(), x, x[:, None], likelihood, family)


def state(amount, log_precision, log_noise=0.0) -> Hyperparameters:
    return Hyperparameters(
        *(torch.as_tensor(part, dtype=torch.float64) for part in (amount, log_precision, log_noise))
    )


# A linear module: exact.


@given(
    rng=cases.seeds(),
    rep=cases.finite_representations(),
    p=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    logs=st.tuples(st.floats(-3.0, 3.0), st.floats(-2.0, 2.0)),
)
@settings(max_examples=25)
def test_a_linear_module_has_the_exact_evidence(rng, rep, p, logs):
    """Σ of W over p: prior covariance AAᵀ/δ, A = (1 − p)I + pP̄; for orthogonal ρ, log_evidence's α."""
    N, m = rep.dim + 4, 2
    X, Y = rng.standard_normal((N, rep.dim)), rng.standard_normal((N, m))
    module, x, y = nn.Linear(rep.dim, m, bias=False), torch.from_numpy(X), torch.from_numpy(Y)
    problem = evidence(module, x, Gaussian(y), Probability(rep, None, 0, x))
    given_state = state([p], [logs[0]], logs[1])
    found = float(problem.at(problem.fit(problem.start, given_state), given_state))
    delta, noise = math.exp(logs[0]), math.exp(logs[1])
    A = X @ ((1 - p) * np.eye(rep.dim) + p * hw.reynolds_operator(rep)).T
    dense = multivariate_normal(cov=noise * np.eye(N) + A @ A.T / delta)
    assert found == pytest.approx(dense.logpdf(Y.T).sum(), rel=1e-9, abs=1e-8)
    if rep.is_orthogonal:
        ridge = delta * noise / N
        alpha = math.inf if p == 1.0 else ridge * ((1 - p) ** -2 - 1)
        moments = hw.Moments.from_arrays(X, Y)
        options = {"noise_variance": noise, "penalty": "projection", "fit_intercept": False}
        exact = float(hw.log_evidence(moments, rep, alpha, ridge, **options))
        assert found == pytest.approx(exact, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("violation", [0.0, 0.5, 5.0])
def test_the_amount_learnt_is_that_of_the_closed_form(violation):
    data = hw.datasets.planted(ROTATIONS, 80, n_targets=2, noise=0.5, violation=violation, rng=0)
    found = learn_invariance(*linear(data), ROTATIONS)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    options = {"penalty": "projection", "fit_intercept": False}
    best = select_by_evidence(moments, ROTATIONS, **options)
    assert found.log_evidence == pytest.approx(best.log_evidence, abs=1e-3)
    ridge = found.prior_precision["weight"] * found.noise_variance / 80
    share = 1.0 - found.amount[0]
    alpha = ridge * (share**-2 - 1) if share else math.inf
    assert alpha == pytest.approx(best.alpha, rel=0.02)
    exact = hw.log_evidence(moments, ROTATIONS, alpha, ridge, noise_variance=found.noise_variance, **options)
    assert found.log_evidence == pytest.approx(float(exact), rel=1e-8, abs=1e-8)
    assert list(found.amounts) == [0.0, 0.5, 0.9, 1.0]
    assert found.log_evidence >= found.values.max()
    assert found.history.max() <= found.log_evidence
    verdicts = {0.0: "hard-wire it", 0.5: "in part, p = 0.59", 5.0: "do not support"}
    assert verdicts[violation] in found.reason


def test_bias_and_weight_have_priors_of_their_own():
    data = hw.datasets.planted(ROTATIONS, 60, noise=0.5, rng=1)
    Y = data.Y + 4.0
    module, x, _ = linear(data, bias=True)
    found = learn_invariance(module, x, torch.from_numpy(Y), ROTATIONS)
    A = data.X @ hw.reynolds_operator(ROTATIONS).T
    weight, bias = found.prior_precision["weight"], found.prior_precision["bias"]
    assert found.amount == (1.0,)

    def dense(weight, bias, noise):
        covariance = noise * np.eye(60) + A @ A.T / weight + 1.0 / bias
        return multivariate_normal(cov=covariance).logpdf(Y.T).sum()

    there = dense(weight, bias, found.noise_variance)
    assert found.log_evidence == pytest.approx(there, rel=1e-8)
    for factor in (0.8, 1.25):
        assert dense(weight * factor, bias, found.noise_variance) < there
        assert dense(weight, bias * factor, found.noise_variance) < there
        assert dense(weight, bias, found.noise_variance * factor) < there


def test_fewer_outputs_than_parameters_give_the_same():
    """The determinant of outputs against that of parameters."""
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((9, 16)))
    y, given_state = x[:, :1].abs(), state([0.4], [0.2], -1.0)
    problem = evidence(nn.Linear(16, 1, bias=False), x, Gaussian(y), Probability(ROTATIONS, None, 0, x))
    found = float(problem.at(problem.fit(problem.start, given_state), given_state))
    A = x.numpy() @ (0.6 * np.eye(16) + 0.4 * hw.reynolds_operator(ROTATIONS)).T
    covariance = math.exp(-1.0) * np.eye(9) + A @ A.T / math.exp(0.2)
    assert found == pytest.approx(multivariate_normal(cov=covariance).logpdf(y[:, 0]), rel=1e-10)


# Other modules: the formula, and its derivative.


def network(inputs, outputs, hidden=4):
    """Weights that need no random numbers."""
    module = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, outputs)).double()
    start = 0
    for values in module.parameters():
        numbers = torch.arange(start, start + values.numel(), dtype=torch.float64)
        values.data = numbers.add(1.0).sin().reshape(values.shape)
        start += values.numel()
    return module


def test_the_formula_is_that_of_laplace_torch():
    """Numbers of laplace-torch 0.3 (full GGN of all weights, CurvlinopsGGN) for the same network and data."""
    x = torch.arange(150, dtype=torch.float64).mul(0.7).cos().reshape(30, 5)
    y = torch.arange(60, dtype=torch.float64).mul(1.3).sin().reshape(30, 2)
    rep = hw.groups.trivial(5)
    known = {2: -197.59259851328437, 3: -87.43121300861151}
    for likelihood, outputs in ((Gaussian(y), 2), (Categorical(torch.arange(30) % 3), 3)):
        problem = evidence(network(5, outputs), x, likelihood, Probability(rep, None, 0, x))
        given_state = state([0.0], [math.log(1.3)] * 4, 2.0 * math.log(0.7))
        assert float(problem.at(problem.start, given_state)) == pytest.approx(known[outputs], rel=1e-12)


X4 = torch.from_numpy(np.random.default_rng(3).standard_normal((20, 4)))
SHIFTS = hw.groups.cyclic_shifts(4)
FAMILIES = {
    "probability": Probability(SHIFTS, None, 0, X4),
    "random elements": Probability(SHIFTS, 3, 0, X4),
    "range": Range(TWO_WAYS, 6, 0, X4),
}
LIKELIHOODS = {
    "gaussian": Gaussian(torch.stack([X4[:, 0].abs(), X4[:, 1]], 1)),
    "categorical": Categorical((X4.sum(1) > 0).long() + (X4[:, 0] > 1)),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_derivative_is_that_of_finite_differences(family, likelihood):
    """The weights of largest density move along: every trial finds them anew."""
    chosen, target = FAMILIES[family], LIKELIHOODS[likelihood]
    problem = evidence(network(4, 2 + (likelihood == "categorical")), X4, target, chosen)
    k = chosen.n_amounts
    h = np.concatenate([np.array(chosen.bounds())[:, 1] - 0.7, [0.3, -0.2, 0.1, -0.4], [-0.5]])

    def value(numbers, theta):
        free = torch.tensor(numbers).requires_grad_()
        now = Hyperparameters(chosen.amount(free[:k]), free[k:-1], free[-1])
        theta = problem.fit(theta, Hyperparameters(*(part.detach() for part in vars(now).values())))
        return *problem.value_and_slope(theta, now, free), theta

    _, slope, theta = value(h, problem.start)
    numeric = []
    for i in range(h.size):
        step = np.eye(h.size)[i] * 1e-4
        numeric.append((value(h + step, theta)[0] - value(h - step, theta)[0]) / 2e-4)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-6)
    if likelihood == "categorical":
        assert slope[-1] == 0.0


class Kink(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.w.abs() + 0.0 * x


def test_a_maximum_on_a_kink_is_told():
    """Such a density has no Gaussian approximation."""
    x = torch.linspace(-1.0, 1.0, 9, dtype=torch.float64)[:, None]
    with pytest.raises(hw.ConvergenceError) as caught:
        learn_invariance(Kink(), x, x - 3.0, hw.groups.trivial(1))
    assert "were not found" in caught.value.what
    assert "kinks" in caught.value.cause
    assert "smooth activation" in caught.value.remedy


def test_a_saddle_is_told():
    """Two layers near zero: the density grows away from it."""
    module = nn.Sequential(nn.Linear(4, 1, bias=False), nn.Linear(1, 1, bias=False))
    problem = evidence(module, X4, Gaussian(3.0 * X4[:, :1]), Probability(SHIFTS, None, 0, X4))
    theta = torch.full((5,), 1e-3, dtype=torch.float64)
    now = state([0.0], [-1.0, -1.0], 0.0)
    with pytest.raises(hw.ConvergenceError) as caught:
        problem._polished(theta, now, problem.family.moved(problem.flat, now.amount), torch.ones(5))
    assert "not definite" in caught.value.what
    assert "saddle" in caught.value.cause
    assert "other random weights" in caught.value.remedy


# What is learnt.


class Quadratic(nn.Module):
    """All monomials of degree 1 and 2."""

    def forward(self, x):
        i, j = torch.triu_indices(x.shape[1], x.shape[1])
        return torch.cat([x, x[:, i] * x[:, j]], 1)


def polynomial(inputs):
    torch.manual_seed(0)
    return nn.Sequential(Quadratic(), nn.Linear(inputs + inputs * (inputs + 1) // 2, 1)).double()


def samples(target, n=4, n_samples=60, noise=0.3):
    rng = np.random.default_rng(1)
    x = torch.from_numpy(rng.standard_normal((n_samples, n)))
    return x, target(x)[:, None] + noise * torch.from_numpy(rng.standard_normal((n_samples, 1)))


def test_the_range_of_rotations():
    x, y = samples(lambda x: x.square().sum(1), n=2)
    radial = learn_invariance(polynomial(2), x, y, CIRCLE)
    assert radial.kind == "range"
    assert radial.amount[0] > 2.5  # all the way round is π
    assert "within ±" in radial.reason
    assert invariance_error(radial.module, x, CIRCLE) < 0.2
    angular = learn_invariance(polynomial(2), *samples(lambda x: 2.0 * x[:, 0] * x[:, 1], n=2), CIRCLE)
    assert "do not support" in angular.reason
    nodes = radial.amount[0] * ((2 * np.arange(16) + 1) / 16 - 1)
    moved = [x @ torch.from_numpy(scipy.linalg.expm(eta * np.array(TURN))).T for eta in nodes]
    A = torch.stack([Quadratic()(g) for g in moved]).mean(0).numpy()
    weight, bias = radial.prior_precision["1.weight"], radial.prior_precision["1.bias"]
    covariance = radial.noise_variance * np.eye(60) + A @ A.T / weight + 1.0 / bias
    exact = multivariate_normal(cov=covariance).logpdf(y[:, 0].numpy())
    assert radial.log_evidence == pytest.approx(exact, rel=1e-8)


def test_a_full_range_is_the_average_over_the_circle():
    x, y = samples(lambda x: x.square().sum(1), n=2)
    turn = hw.Matrix(scipy.linalg.expm(np.pi / 8 * np.array(TURN)))
    turns = hw.Representation(2, (turn,), name="C16")
    circle = evidence(polynomial(2), x, Gaussian(y), Range(CIRCLE, 16, 0, x))
    cyclic = evidence(polynomial(2), x, Gaussian(y), Probability(turns, None, 0, x))
    found = float(circle.at(circle.start, state([math.pi], [0.0, 0.0])))
    assert found == pytest.approx(float(cyclic.at(cyclic.start, state([1.0], [0.0, 0.0]))), rel=1e-12)


def test_each_lie_algebra_element_has_a_range_of_its_own():
    first, second = np.kron(np.diag([1.0, 0.0]), TURN), np.kron(np.diag([0.0, 1.0]), TURN)
    pair = hw.Representation(4, algebra=(first, second), name="pair")
    x, y = samples(lambda x: x[:, :2].square().sum(1) + 2.0 * x[:, 2] * x[:, 3])
    found = learn_invariance(polynomial(4), x, y, pair)
    assert len(found.amount) == 2
    assert found.amount[0] > 1.0 > 0.5 > found.amount[1]


def test_labels_and_the_module_that_comes_back():
    rng = np.random.default_rng(2)
    x = torch.from_numpy(rng.standard_normal((50, 4)))
    labels = (x.square().sum(1) + torch.from_numpy(rng.standard_normal(50)) > 3.0).long()
    torch.manual_seed(0)
    module = nn.Sequential(Quadratic(), nn.Linear(14, 2, bias=False)).double()
    before = module[1].weight.clone()
    calls: list[tuple[str, float]] = []
    options = {"likelihood": "categorical", "amounts": [0.5]}
    found = learn_invariance(module, x, labels, SHIFTS, **options, progress=lambda *c: calls.append(c))
    assert torch.equal(module[1].weight, before)
    assert found.noise_variance is None
    assert list(found.amounts) == [0.0, 0.5, 1.0]
    assert calls[0] == ("probability 0", 0.0)
    assert calls[-1] == ("done", 1.0)
    p, inner = found.amount[0], found.module.module
    expected = (1 - p) * inner(x) + p * symmetrize(inner, SHIFTS)(x)
    torch.testing.assert_close(found.module(x), expected)
    again = learn_invariance(module, x, labels, SHIFTS, **options)
    assert again.log_evidence == found.log_evidence
    assert again.amount == found.amount
    assert repr(found).startswith(
        "LearnedInvariance(symmetry='cyclic_shifts:4', kind='probability', amount=("
    )


def test_a_network_learns_that_shifts_are_a_symmetry():
    """Tanh units and labels, far from linear."""
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.standard_normal((40, 4)))
    noise = 0.3 * torch.from_numpy(rng.standard_normal(40))
    symmetric, not_symmetric = ((t + noise > 0).long() for t in (x.sum(1), x[:, 0] - x[:, 1]))
    options = {"likelihood": "categorical", "amounts": [0.9], "steps": 6}
    supported = learn_invariance(network(4, 2, 3), x, symmetric, SHIFTS, **options)
    assert supported.amount[0] > 0.9
    assert supported.values[-1] > supported.values[0]
    assert learn_invariance(network(4, 2, 3), x, not_symmetric, SHIFTS, **options).amount[0] < 0.5


def test_images_with_channels_and_random_elements():
    rng = np.random.default_rng(4)
    x = torch.from_numpy(rng.standard_normal((30, 2, 4, 4)))
    y = x.mean((1, 2, 3))[:, None] + 0.05 * torch.from_numpy(rng.standard_normal((30, 1)))
    module = nn.Sequential(nn.Flatten(), nn.Linear(32, 1, bias=False)).float()
    exact = learn_invariance(module, x.float(), y, ROTATIONS, amounts=[0.9])
    assert exact.amount == (1.0,)
    assert exact.module(x).dtype == torch.float64
    drawn = [
        learn_invariance(module, x, y, ROTATIONS, amounts=[0.9], n_elements=5, seed=s) for s in (0, 0, 1)
    ]
    assert drawn[0].log_evidence == drawn[1].log_evidence != drawn[2].log_evidence


def test_frozen_parameters_stay_as_they_are():
    x, y = samples(lambda x: x[:, 0], n=2, n_samples=20)
    module = network(2, 1)
    module[0].requires_grad_(False)
    found = learn_invariance(module, x, y, CIRCLE, n_elements=4, amounts=[1.0])
    assert list(found.prior_precision) == ["2.weight", "2.bias"]
    assert torch.equal(found.module.module[0].weight, module[0].weight)


def test_without_a_difference_the_data_do_not_tell():
    x = torch.from_numpy(np.random.default_rng(5).standard_normal((12, 4)))
    y = torch.from_numpy(np.random.default_rng(6).standard_normal((12, 1)))
    found = learn_invariance(nn.Linear(4, 1).double(), x, y, SHIFTS)
    assert "do not tell" in found.reason
