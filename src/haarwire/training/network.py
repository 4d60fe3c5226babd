"""`DeepLinearNetwork`: x ↦ W_L ⋯ W_1 x, many independent runs in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Self, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_integer, is_real
from haarwire.errors import ParameterError
from haarwire.landscape import CriticalPoint, factor
from haarwire.training._torch import as_array, checked_device, checked_dtype, require_torch
from haarwire.training.initialization import Initialization, initial_layers

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DeepLinearNetwork", "checked_widths"]


@final
class DeepLinearNetwork:
    """The maps W = W_L ⋯ W_1 of given widths: all matrices of rank at most the least width.

    Parameters
    ----------
    widths : sequence of int
        k, h_1, …, h_{L−1}, m: inputs, hidden widths, outputs; at least two numbers (one layer). The
        inputs are the coordinates of the problem: n features, but for a hard-wired problem the d
        invariant ones.
    init : {"xavier", "balanced", "small", "orthogonal"}
        How the layers start (see Notes).
    scale : float, optional
        Size of the initial layers relative to the rule: by default 1 for ``"xavier"`` and
        ``"orthogonal"``, 0.1 for ``"balanced"`` and 0.01 for ``"small"``.
    runs : int
        How many independent networks are trained in one batch.
    seed : int
        Run i draws from a generator of its own, of seed ``seed + i``: it is the same alone
        (``runs=1, seed=seed + i``) as in any batch, on any device and in any precision.
    dtype : {"float64", "float32"}
        Precision of the layers.
    device : str
        ``"cpu"``, or any other device that PyTorch knows.

    Raises
    ------
    ParameterError
        When a width, an option or a device is not possible.
    MissingDependencyError
        Without PyTorch.

    Notes
    -----
    ``"xavier"``: entries N(0, 2 scale²/(fan_in + fan_out)); ``"small"`` is the same with a small scale.
    ``"orthogonal"``: scale times a random matrix with orthonormal rows or columns. ``"balanced"``:
    W_{l+1}ᵀW_{l+1} = W_l W_lᵀ exactly, which gradient flow preserves, with layers of norm about scale.

    References
    ----------
    Saxe, McClelland and Ganguli 2014, arXiv 1312.6120; Arora, Cohen, Golowich and Hu 2018,
    arXiv 1810.02281 (balanced initialization).

    Examples
    --------
    >>> network = DeepLinearNetwork((6, 2, 4), runs=3)
    >>> network
    DeepLinearNetwork(6-2-4, 3 runs, float64)
    >>> tuple(network.product().shape)
    (3, 4, 6)
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        init: Initialization = "xavier",
        scale: float | None = None,
        runs: int = 1,
        seed: int = 0,
        dtype: str = "float64",
        device: str = "cpu",
    ) -> None:
        sizes = checked_widths(widths)
        generators = _generators(seed, runs)
        each = [initial_layers(sizes, init, scale, rng) for rng in generators]
        self._set([np.stack(layers) for layers in zip(*each, strict=True)], dtype, device)

    weights: list[Tensor]
    """W_1, …, W_L, each of shape (runs, h_out, h_in)."""

    def _set(self, layers: Sequence[FloatArray], dtype: str, device: str) -> None:
        torch = require_torch()
        kind, place = checked_dtype(dtype), checked_device(device)
        # Copied, and not of negative strides, which PyTorch does not know.
        self.weights = [torch.tensor(np.ascontiguousarray(W), dtype=kind, device=place) for W in layers]

    @classmethod
    def from_arrays(
        cls, weights: Sequence[ArrayLike], *, dtype: str = "float64", device: str = "cpu"
    ) -> Self:
        """A network with given layers, such as those a `TrainingHistory` ends with.

        Parameters
        ----------
        weights : sequence of array_like
            W_1, …, W_L, each of shape (runs, h_out, h_in), or all of shape (h_out, h_in) for one run.
        dtype, device
            As for the class.

        Returns
        -------
        DeepLinearNetwork
            With copies of the layers.

        Raises
        ------
        ParameterError
            When the layers do not fit each other, or are not finite.
        """
        layers = [np.asarray(W, dtype=np.float64) for W in weights]
        layers = [W[None] if W.ndim == 2 else W for W in layers]
        fits = bool(layers) and all(W.ndim == 3 and W.size for W in layers)
        if not fits or any(a.shape[0] != b.shape[0] or a.shape[1] != b.shape[2] for a, b in pairwise(layers)):
            raise ParameterError(
                f"layers of shapes {[W.shape for W in layers]} do not make a network",
                cause="layers in the order of the product W_L ⋯ W_1, transposed ones, or runs that differ",
                remedy="give W_1 of shape (runs, h_1, k) first and W_L of shape (runs, m, h) last",
            )
        if not all(np.isfinite(W).all() for W in layers):
            raise ParameterError(
                "the layers hold values that are not finite",
                cause="where a run ended that diverged",
                remedy="leave it out: give W[~history.diverged] for each W of history.weights",
            )
        network = cls.__new__(cls)
        network._set(layers, dtype, device)
        return network

    @classmethod
    def at(
        cls,
        point: CriticalPoint,
        widths: Sequence[int],
        *,
        noise: float = 0.0,
        runs: int = 1,
        seed: int = 0,
        dtype: str = "float64",
        device: str = "cpu",
    ) -> Self:
        """Start at a critical point, or near one: balanced layers padded with zeros (see `factor`).

        Parameters
        ----------
        point : CriticalPoint
            W_S of the problem that will be trained.
        widths : sequence of int
            As for the class; hidden widths at least the rank of the point.
        noise : float
            Standard deviation of the Gaussian noise added to every entry of every layer.
        runs, seed, dtype, device
            As for the class; runs differ by their noise.

        Returns
        -------
        DeepLinearNetwork

        Raises
        ------
        ParameterError
            When the point does not fit through the widths, or noise is negative.
        """
        sizes = checked_widths(widths)
        m, k = point.problem_coef.shape
        if (sizes[0], sizes[-1]) != (k, m):
            raise ParameterError(
                f"widths {sizes} do not fit a critical point with {k} inputs and {m} outputs",
                cause="a hard-wired problem, whose inputs are the invariant coordinates, or a mix-up",
                remedy=f"use widths ({k}, …, {m})",
            )
        if not is_real(noise) or not 0 <= noise < np.inf:
            raise ParameterError(
                f"noise must be a finite number ≥ 0, got {noise!r}",
                cause="a negative standard deviation",
                remedy="use noise=0 for the point itself, or a small one such as noise=1e-3",
            )
        centre = factor(point, sizes[1:-1])
        each = [[W + noise * rng.standard_normal(W.shape) for W in centre] for rng in _generators(seed, runs)]
        stacked = [np.stack(layers) for layers in zip(*each, strict=True)]
        return cls.from_arrays(stacked, dtype=dtype, device=device)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        return f"DeepLinearNetwork({shape}, {self.runs} run{'s' * (self.runs != 1)}, {self.dtype})"

    @property
    def widths(self) -> tuple[int, ...]:
        """k, h_1, …, m."""
        first = self.weights[0].shape[2]
        return (int(first), *(int(W.shape[1]) for W in self.weights))

    @property
    def depth(self) -> int:
        """The number L of layers."""
        return len(self.weights)

    @property
    def rank(self) -> int:
        """The least width: the largest rank a map of this network can have."""
        return min(self.widths)

    @property
    def runs(self) -> int:
        """How many independent networks there are."""
        return int(self.weights[0].shape[0])

    @property
    def dtype(self) -> str:
        """``"float64"`` or ``"float32"``."""
        return str(self.weights[0].dtype).removeprefix("torch.")

    @property
    def device(self) -> str:
        """Where the layers are."""
        return str(self.weights[0].device)

    def product(self) -> Tensor:
        """W_L ⋯ W_1 of every run, shape (runs, m, k)."""
        product: Tensor = self.weights[0]
        for W in self.weights[1:]:
            product = W @ product
        return product

    def arrays(self) -> tuple[FloatArray, ...]:
        """Copies of the layers as float64 arrays."""
        return tuple(as_array(W) for W in self.weights)


def checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    """The widths k, h_1, …, m as integers, or ParameterError."""
    given = tuple(widths) if isinstance(widths, Sequence | np.ndarray) else (widths,)
    valid = all(is_integer(h, 1) for h in given)
    if len(given) < 2 or not valid:
        raise ParameterError(
            f"widths must be at least two integers ≥ 1, got {widths!r}",
            cause="hidden widths without the inputs and outputs, or a width of 0",
            remedy="give inputs, hidden widths and outputs: widths=(n_features, 5, n_targets)",
        )
    return tuple(int(h) for h in given)


def _generators(seed: int, runs: int) -> list[np.random.Generator]:
    for name, value, least in (("runs", runs, 1), ("seed", seed, 0)):
        if not is_integer(value, least):
            raise ParameterError(
                f"{name} must be an integer ≥ {least}, got {value!r}",
                cause="a missing count, or a generator in place of a seed",
                remedy="use for example runs=10, seed=0: run i starts from seed + i",
            )
    return [np.random.default_rng(int(seed) + i) for i in range(int(runs))]
