"""Distributions over the transformations of a group, with an amount: none at one end, all at the other."""

from __future__ import annotations

import math
from typing import Final, Protocol, final

import numpy as np
import torch
from scipy.stats import qmc
from torch import Tensor, nn

from haarwire.errors import GroupTooLargeError, ParameterError
from haarwire.groups import Matrix, Representation
from haarwire.training.modules._checks import (
    check_compact,
    checked_batch,
    checked_count,
    checked_generator,
    tensor_output,
)
from haarwire.training.modules._elements import ElementStack

__all__ = ["PartlyInvariant", "Probability", "Range", "Transformations"]

_NODES: Final = 16
"""Transformations that stand for a range, unless the user says how many."""

_SMALLEST: Final = 1e-4
"""Smallest probability of staying, and share of the largest range, that are searched above 0."""


class Transformations(Protocol):
    """A distribution over transformations of the last axis, given an amount."""

    @property
    def n_amounts(self) -> int:
        """How many numbers the amount is."""

    @property
    def ends(self) -> tuple[float, ...]:
        """Common amounts that are compared at any rate: none, and all where there is such a thing."""

    @property
    def grid(self) -> tuple[float, ...]:
        """Common amounts between that are tried first, as shares of `largest`."""

    @property
    def largest(self) -> tuple[float, ...]:
        """Largest amounts."""

    def bounds(self) -> list[tuple[float, float]]:
        """Of the free numbers."""

    def free(self, amount: Tensor) -> Tensor:
        """Free numbers of amounts strictly between the ends."""

    def amount(self, free: Tensor) -> Tensor:
        """Amounts of free numbers."""

    def moved(self, flat: Tensor, amount: Tensor) -> tuple[Tensor, Tensor]:
        """Samples (N, c, n) moved, (K, N, c, n), and weights (K,); differentiable in the amount."""

    def elements(self, amount: Tensor) -> tuple[ElementStack, Tensor]:
        """The same as elements."""


@final
class Probability:
    """A random element of the group, by Haar measure, with probability p; nothing with 1 − p.

    The free number is log(1 − p): for a linear module 1 − p scales what is not invariant.
    """

    n_amounts: Final = 1
    ends: Final = (0.0, 1.0)
    grid: Final = (0.5, 0.9)
    largest: Final = (1.0,)

    def __init__(self, rep: Representation, n_elements: int | None, seed: int, like: Tensor) -> None:
        check_compact(rep, "a random element of the group")
        try:
            if n_elements is None:
                listed = list(rep.elements())
            else:
                count = checked_count(n_elements, "n_elements", "learn_invariance(…, n_elements=8)")
                listed = rep.sample(checked_generator(seed), count)
        except GroupTooLargeError as error:
            raise GroupTooLargeError(
                error.what,
                cause="an infinite group, or one far too large to average a network over",
                remedy="average over random elements, learn_invariance(…, n_elements=8), or over a range of "
                "Lie-algebra elements, kind='range'",
            ) from error
        haar = torch.full((len(listed),), 1.0 / len(listed), dtype=like.dtype, device=like.device)
        if n_elements is not None:
            listed = [Matrix(np.eye(rep.dim)).simplified(), *listed]
            haar = torch.cat([haar.new_zeros(1), haar])
        self.stack, self.haar = ElementStack(listed, like), haar
        self.stay = torch.zeros_like(haar)
        self.stay[0] = 1.0

    def bounds(self) -> list[tuple[float, float]]:
        """Of log(1 − p)."""
        return [(math.log(_SMALLEST), 0.0)]

    def free(self, amount: Tensor) -> Tensor:
        """log(1 − p)."""
        return torch.log1p(-amount)

    def amount(self, free: Tensor) -> Tensor:
        """1 − exp."""
        return 1.0 - free.exp()

    def moved(self, flat: Tensor, amount: Tensor) -> tuple[Tensor, Tensor]:
        """All elements, those of no weight left out where the amount is fixed at an end."""
        if not amount.requires_grad and amount.item() == 0.0:
            return flat[None], self.stay[:1]
        return self.stack.each(flat), self._weights(amount)

    def elements(self, amount: Tensor) -> tuple[ElementStack, Tensor]:
        """All elements and their weights."""
        return self.stack, self._weights(amount)

    def _weights(self, amount: Tensor) -> Tensor:
        return (1.0 - amount) * self.stay + amount * self.haar


@final
class Range:
    """exp(Σ_j η_j u_j L_j) with u_j uniform on [−1, 1]: a range η_j for each Lie-algebra element.

    For one L, u runs over the midpoints of equal parts: at the largest η the average over a circle is exact
    for functions of fewer frequencies than there are points. For more, u is a Sobol' sequence. The free
    numbers are log η.
    """

    def __init__(self, rep: Representation, n_elements: int | None, seed: int, like: Tensor) -> None:
        if not rep.algebra or rep.generators:
            raise ParameterError(
                f"a range needs Lie-algebra elements and no other generators, {rep.label} has "
                f"{len(rep.algebra)} and {len(rep.generators)}",
                cause="a finite group, or a group with reflections: it has elements that no range reaches",
                remedy="use kind='probability', or Representation(n, algebra=rep.algebra)",
            )
        count = _NODES if n_elements is None else checked_count(n_elements, "n_elements", "n_elements=16")
        dense = [
            np.asarray(L.toarray() if hasattr(L, "toarray") else L, dtype=np.float64) for L in rep.algebra
        ]
        self.n_amounts = len(dense)
        self.ends = (0.0,)
        self.grid = (0.125, 0.25, 0.5, 1.0)
        self.largest = tuple(_half_period(L) for L in dense)
        if self.n_amounts == 1:
            nodes = ((2.0 * np.arange(count) + 1.0) / count - 1.0)[:, None]
        else:
            # A power of two, as Sobol's sequence wants it, of which the first points are taken.
            sampler = qmc.Sobol(self.n_amounts, rng=checked_generator(seed))
            nodes = 2.0 * sampler.random_base2(math.ceil(math.log2(count)))[:count] - 1.0
        self.nodes = torch.as_tensor(nodes, dtype=like.dtype, device=like.device)
        self.algebra = torch.as_tensor(np.stack(dense), dtype=like.dtype, device=like.device)

    def bounds(self) -> list[tuple[float, float]]:
        """Of log η."""
        return [(math.log(_SMALLEST * top), math.log(top)) for top in self.largest]

    def free(self, amount: Tensor) -> Tensor:
        """Log η."""
        return amount.log()

    def amount(self, free: Tensor) -> Tensor:
        """Exp."""
        return free.exp()

    def moved(self, flat: Tensor, amount: Tensor) -> tuple[Tensor, Tensor]:
        """All nodes; one where nothing moves."""
        if not amount.requires_grad and not amount.any():
            return flat[None], flat.new_ones(1)
        matrices = self._matrices(amount)
        return torch.einsum("kij,ncj->knci", matrices, flat), self._weights()

    def elements(self, amount: Tensor) -> tuple[ElementStack, Tensor]:
        """All nodes and their weights."""
        matrices = self._matrices(amount.detach()).cpu().numpy()
        return ElementStack([Matrix(g) for g in matrices], self.nodes), self._weights()

    def _matrices(self, amount: Tensor) -> Tensor:
        generators = torch.einsum("kj,jab->kab", self.nodes * amount, self.algebra)
        matrices: Tensor = torch.linalg.matrix_exp(generators)
        return matrices

    def _weights(self) -> Tensor:
        return self.nodes.new_full((len(self.nodes),), 1.0 / len(self.nodes))


def _half_period(L: np.ndarray) -> float:
    """π over the lowest frequency of exp(ηL), or over the norm of L where it does not turn."""
    norm = float(np.linalg.norm(L, 2))
    frequencies = np.abs(np.linalg.eigvals(L).imag)
    # A nilpotent L has eigenvalues that are rounding errors, of the root of the precision and more.
    turning = frequencies[frequencies > 1e-3 * norm]
    return math.pi / float(turning.min() if turning.size else norm or 1.0)


@final
class PartlyInvariant(nn.Module):
    """Σ_k w_k f(ρ(g_k)x): a module f averaged with the learnt amount; from `learn_invariance`."""

    weights: Tensor

    def __init__(self, module: nn.Module, rep: Representation, stack: ElementStack, weights: Tensor) -> None:
        super().__init__()
        self.module, self.rep, self.stack = module, rep, stack
        self.register_buffer("weights", weights.detach().clone(), persistent=False)

    def extra_repr(self) -> str:
        """Group and number of elements."""
        return f"{self.rep.label}, {len(self.stack)} elements"

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, …) to that of the module's output."""
        moved = self.stack.each(checked_batch(x, self.rep))
        y = tensor_output(self.module(moved.reshape(-1, *x.shape[1:])), self.module)
        stacked = y.reshape(len(self.stack), x.shape[0], *y.shape[1:])
        average: Tensor = torch.tensordot(self.weights.to(y.dtype), stacked, 1)
        return average
