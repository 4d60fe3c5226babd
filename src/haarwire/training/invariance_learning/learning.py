"""`learn_invariance`: the amount of invariance by the evidence of the training data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final, Literal, TypeAlias

import numpy as np
from torch import Tensor, nn

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.training.invariance_learning.checks import (
    checked_amounts,
    checked_kind,
    checked_targets,
    in_float64,
)
from haarwire.training.invariance_learning.laplace import Hyperparameters, LaplaceEvidence
from haarwire.training.invariance_learning.results import Kind, LearnedInvariance
from haarwire.training.invariance_learning.search import Search
from haarwire.training.invariance_learning.transformations import (
    PartlyInvariant,
    Probability,
    Range,
    Transformations,
)
from haarwire.training.modules._checks import (
    checked_count,
    checked_module,
    checked_seed,
)

__all__ = ["learn_invariance"]

LikelihoodName: TypeAlias = Literal["gaussian", "categorical"]
Progress: TypeAlias = Callable[[str, float], None]

_USAGE: Final = "learn_invariance(network, x, y, rep)"

_STRONG: Final = math.log(20.0)
"""Log ratio of evidences from which on it is strong (Kass and Raftery 1995)."""


def learn_invariance(
    module: nn.Module,
    x: Tensor,
    y: Tensor,
    rep: Representation,
    *,
    likelihood: LikelihoodName = "gaussian",
    kind: Kind | None = None,
    amounts: Sequence[float] | None = None,
    n_elements: int | None = None,
    steps: int = 50,
    seed: int = 0,
    progress: Progress | None = None,
) -> LearnedInvariance:
    """Learn how much invariance a module should have, from the training data alone.

    The module f is averaged over transformations, E f(ρ(g)x), whose distribution has an amount:

    - ``"probability"``: g is a random element of the group (Haar measure) with probability p, and nothing
      with 1 − p. p = 0 is the module as it is, p = 1 the hard-wired one. For a linear f without bias and an
      orthogonal ρ, this is the invariance penalty ``"projection"`` of strength
      α = ridge·((1 − p)⁻² − 1).
    - ``"range"``: g = exp(Σ_j η_j u_j L_j), u uniform on [−1, 1]: a range η_j for each element L_j of the Lie
      algebra, which need not belong to a compact group.

    Its log marginal likelihood, by the Laplace approximation with the full generalized Gauss–Newton matrix in
    float64, is maximized over the amount, the precision of a Gaussian prior of each parameter tensor, and the
    variance of the noise. It weighs fit against the size of the model, so that no held-out data are needed.
    For a linear module with Gaussian noise it is exact. Otherwise it is that of the maximum of the posterior
    density that is found, from the module's weights and from those of neighbouring amounts; from others it
    may be a few nats more or less.

    Parameters
    ----------
    module : torch.nn.Module
        f, with samples first. It is copied, and evaluated in evaluation mode (dropout off, batch norm with
        its running statistics). Parameters without ``requires_grad`` stay as they are.
    x : Tensor, shape (N, …)
        Inputs.
    y : Tensor, shape (N, …) or (N,)
        Targets of the shape of the outputs, or labels 0, 1, … of as many classes as there are outputs.
    rep : Representation
        ρ, acting on the last axes of x (see `haarwire.training.modules`).
    likelihood : {"gaussian", "categorical"}
        Gaussian noise of one variance, or the softmax of the outputs.
    kind : {"probability", "range"}, optional
        None: ``"range"`` for Lie-algebra elements without other generators, otherwise ``"probability"``.
    amounts : sequence of float, optional
        Amounts tried first, from the module's weights and from each other's (for ranges one number for all
        η_j); no amount, and full invariance for probabilities, are tried at any rate. The ascent starts
        from the best between.
    n_elements : int, optional
        So many random elements stand for the group, so many points for the ranges. None: every element; 16.
    steps : int
        Most steps of one ascent, by L-BFGS with the exact derivative.
    seed : int
        For the random elements, and the points of several ranges.
    progress : callable, optional
        Called with what is done and the share done, from 0 to 1.

    Returns
    -------
    LearnedInvariance

    Raises
    ------
    ParameterError
        When module, representation or an option is not what it should be; when the module is too large for
        the full matrix, or cannot be differentiated.
    DataError
        When inputs, targets and outputs do not fit together or are not finite; when there is no noise.
    GroupTooLargeError, NotCompactError, NoSamplerError
        When the group has no average, or needs n_elements.
    ConvergenceError
        When the weights of largest posterior density are not found.

    References
    ----------
    A. Immer et al., "Invariance learning in deep neural networks with differentiable Laplace approximations",
    NeurIPS 2022; D. MacKay, "Bayesian interpolation", Neural Computation 4, 1992.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.invariance_learning import learn_invariance, torch
    >>> rep = hw.groups.reflection(4)
    >>> data = hw.datasets.planted(rep, 40, noise=0.5, violation=3.0, rng=0)
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(4, data.Y.shape[1])
    >>> found = learn_invariance(layer, torch.from_numpy(data.X), torch.from_numpy(data.Y), rep)
    >>> found.amount[0] < 0.5
    True
    """
    checked_module(module, _USAGE)
    checked_representation(rep)
    checked_seed(seed)
    checked_count(steps, "steps", "learn_invariance(network, x, y, rep, steps=50)")
    inputs, flat, network = in_float64(module, x, rep)
    chosen = checked_kind(kind, rep)
    family = (Probability if chosen == "probability" else Range)(rep, n_elements, seed, inputs)
    target, log_variance = checked_targets(network, inputs, y, likelihood)
    numbers = checked_amounts(amounts, family)
    search = Search(LaplaceEvidence(network, inputs, flat, target, family), log_variance, steps)
    return _learn(search, numbers, rep, chosen, progress or _silent)


def _learn(
    search: Search,
    amounts: list[tuple[float, tuple[float, ...]]],
    rep: Representation,
    kind: Kind,
    report: Progress,
) -> LearnedInvariance:
    problem, family = search.problem, search.problem.family
    first, tried, n = search.first_state(), [], len(amounts)
    for i, (number, amount) in enumerate(amounts):
        report(f"{kind} {number:.3g}", i / (3 * n))
        state = Hyperparameters(problem.start.new_tensor(amount), first.log_precision, first.log_noise)
        tried.append(search.ascend(state, problem.start, is_free=False))
    # From the weights of one amount the next may reach a better maximum than from the module's own.
    pairs = [(i - 1, i) for i in range(1, n)] + [(i + 1, i) for i in reversed(range(n - 1))]
    for done, (source, i) in enumerate(pairs, start=n):
        report(f"{kind} {amounts[i][0]:.3g} again", done / (3 * n))
        tried[i] = search.continued(tried[source], tried[i])
    report("amount free", (3 * n - 2) / (3 * n))
    between = [run for run, (number, _) in zip(tried, amounts, strict=True) if number not in family.ends]
    middle = max(between, key=attrgetter("value"))
    last = search.ascend(middle.state, middle.theta, is_free=True)
    tried = [
        search.continued(last, run) if number in family.ends else run
        for run, (number, _) in zip(tried, amounts, strict=True)
    ]
    best = max([*tried, last], key=attrgetter("value"))
    if search.has_no_noise(best.state):
        raise DataError(
            "the module fits the targets exactly: there is no noise to estimate, and no evidence",
            cause="targets without noise that the module can represent, or too few of them",
            remedy="give more samples, or a smaller module",
        )
    report("done", 1.0)
    values = np.array([run.value for run in tried])
    chosen = tuple(float(a) for a in best.state.amount)
    precisions = best.state.log_precision.exp().tolist()
    return LearnedInvariance(
        symmetry=rep.label,
        kind=kind,
        amount=chosen,
        log_evidence=best.value,
        prior_precision=dict(zip(problem.names, precisions, strict=True)),
        noise_variance=float(best.state.log_noise.exp()) if problem.likelihood.has_noise else None,
        amounts=np.array([number for number, _ in amounts]),
        values=values,
        history=np.array(last.history),
        reason=_reason(rep.label, chosen, best.value, values, family),
        module=PartlyInvariant(
            problem.module_at(best.theta), rep, *family.elements(best.state.amount)
        ).eval(),
    )


def _reason(
    label: str, amount: tuple[float, ...], best: float, values: FloatArray, family: Transformations
) -> str:
    """One sentence. The first of the values is that of no invariance, the last of all, if there is an all."""
    none, full = values[0], values[-1]
    if best - none < _STRONG:
        if 1.0 in family.ends and none - full < _STRONG:
            return (
                f"The data do not tell whether {label} is a symmetry: all of it and none are about as likely."
            )
        return f"The data do not support {label}: no amount of it has much more evidence than none."
    if 1.0 not in family.ends:
        ranges = ", ".join(f"±{a:.3g}" for a in amount)
        return f"The data support {label} within {ranges}: {best - none:.1f} nats more than for none."
    if best - full < _STRONG:
        return f"The data support {label}, hard-wire it: {full - none:.1f} nats more than for none."
    return (
        f"The data support {label} in part, p = {amount[0]:.3g}: {best - none:.1f} nats more than for none, "
        f"{best - full:.1f} more than for all."
    )


def _silent(stage: str, share: float) -> None:
    """Report nothing."""
