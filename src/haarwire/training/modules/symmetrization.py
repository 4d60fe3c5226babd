"""`symmetrize`: the average of a module over the group."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn

from haarwire.errors import DataError, GroupTooLargeError
from haarwire.groups import Element, Representation
from haarwire.groups.representation import checked_representation
from haarwire.training.modules._checks import (
    check_compact,
    check_same_group,
    checked_batch,
    checked_count,
    checked_generator,
    checked_module,
    tensor_output,
    trailing_axes,
)
from haarwire.training.modules._elements import ElementStack, block

__all__ = ["Symmetrized", "symmetrize"]

_USAGE: Final = "symmetrize(network, haarwire.groups.image_rotations(8))"


@final
class Symmetrized(nn.Module):
    """What `symmetrize` returns; ``.module`` is the module that is averaged."""

    def __init__(
        self,
        module: nn.Module,
        source: Representation,
        target: Representation | None,
        elements: tuple[Element, ...],
        sampler: tuple[Representation, np.random.Generator] | None,
    ) -> None:
        super().__init__()
        self.module = module
        self.source, self.target = source, target
        self._sampler = sampler
        like = next((p for p in module.parameters() if p.is_floating_point()), None)
        self._inputs, self._outputs = self._stacks(elements, like)

    def extra_repr(self) -> str:
        """Group and number of elements."""
        kind = "all" if self._sampler is None else "random"
        return f"{self.source.label}, {kind} {len(self._inputs)} elements"

    def forward(self, x: Tensor) -> Tensor:
        """Average over the group, shape (N, …) to that of the module's output."""
        flat = checked_batch(x, self.source)
        inputs, outputs = self._inputs, self._outputs
        if self._sampler is not None and self.training:
            inputs, outputs = self._drawn(x)
        moved = inputs.each(flat)
        count = moved.shape[0]
        y = tensor_output(self.module(moved.reshape(-1, *x.shape[1:])), self.module)
        shape = (x.shape[0], *y.shape[1:])
        samples = count * x.shape[0]
        if y.shape[0] != samples:
            raise DataError(
                f"{type(self.module).__name__} returned {y.shape[0]} outputs for {samples} samples",
                cause="a module that pools over the batch, or that has its samples on another axis",
                remedy="symmetrize needs a module with samples on the first axis of inputs and outputs",
            )
        if outputs is None:
            return y.reshape(count, *shape).mean(0)
        assert self.target is not None
        self._check_output(y)
        back = outputs.matched(y.reshape(count, -1, self.target.dim))
        return back.reshape(count, *shape).mean(0)

    def _check_output(self, y: Tensor) -> None:
        target = self.target
        assert target is not None
        if trailing_axes(y.shape[1:], target) is None:
            raise DataError(
                f"the output has shape {tuple(y.shape)}, {target.label} acts on {target.dim} coordinates",
                cause="a target for outputs of another size",
                remedy="give a target whose dim is the product of the last axes of the output, or none for "
                "an invariant average",
            )

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _drawn(self, like: Tensor) -> tuple[ElementStack, ElementStack | None]:
        assert self._sampler is not None
        joint, rng = self._sampler
        return self._stacks(tuple(joint.sample(rng, len(self._inputs))), like)

    def _stacks(
        self, elements: tuple[Element, ...], like: Tensor | None
    ) -> tuple[ElementStack, ElementStack | None]:
        """Elements ρ_X(g) and ρ_Y(g)⁻¹, of the direct sum where there is a target."""
        if self.target is None:
            return ElementStack(elements, like), None
        n, total = self.source.dim, self.source.dim + self.target.dim
        inverses = [block(g, n, total).inverse() for g in elements]
        return ElementStack([block(g, 0, n) for g in elements], like), ElementStack(inverses, like)


def symmetrize(
    module: nn.Module,
    rep: Representation,
    n_elements: int | None = None,
    target: Representation | None = None,
    seed: int | None = None,
) -> Symmetrized:
    """∫ f(ρ(g)x) dg, or ∫ ρ_Y(g)⁻¹ f(ρ(g)x) dg: the average of a module f over a group.

    Exact over a finite group, and then invariant (equivariant) up to rounding. All moved copies of a batch
    go through the module in one call: time and memory grow with the number of elements, and a batch norm
    sees the statistics of the whole orbit.

    Parameters
    ----------
    module : torch.nn.Module
        f, with samples on the first axis of its input and its output. It is not copied.
    rep : Representation
        ρ, acting on the last axes of the input (see `haarwire.training.modules`).
    n_elements : int, optional
        Average over so many random elements, drawn by Haar measure and shared by the samples of a batch:
        new ones at every call in training, the same ones always in evaluation. None: over every element.
    target : Representation, optional
        ρ_Y, of the same group, acting on the last axes of the output. None: an invariant average.
    seed : int, optional
        For the random elements, drawn on the CPU. None: PyTorch's own seed determines them.

    Returns
    -------
    Symmetrized
        A module; gradients flow to the parameters of `module`.

    Raises
    ------
    GroupTooLargeError
        When the group has more than 100,000 elements, or infinitely many, and n_elements is None.
    NotCompactError
        When there is no Haar average.
    NoSamplerError
        When random elements are asked of a group for which none can be drawn.
    ParameterError, RepresentationError
        When module, rep and target do not fit together.
    DataError
        In the call, when the batch or the output has another size.

    References
    ----------
    O. Puny et al., "Frame averaging for invariant and equivariant network design", ICLR 2022 (the group
    average is the largest frame).

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import symmetrize, torch
    >>> symmetrize(torch.nn.Linear(64, 10), hw.groups.image_rotations(8))
    Symmetrized(
      image_rotations:8, all 4 elements
      (module): Linear(in_features=64, out_features=10, bias=True)
      (_inputs): ElementStack()
    )
    """
    checked_module(module, _USAGE)
    checked_representation(rep)
    joint = rep if target is None else check_same_group(rep, checked_representation(target, "target"))
    check_compact(joint, "the average over the group")
    if n_elements is not None:
        count = checked_count(n_elements, "n_elements", "symmetrize(network, rep, n_elements=8)")
        rng = checked_generator(seed)
        return Symmetrized(module, rep, target, tuple(joint.sample(rng, count)), (joint, rng))
    try:
        elements = joint.elements()
    except GroupTooLargeError as error:
        raise GroupTooLargeError(
            error.what,
            cause="an infinite group, or one far too large to average a network over",
            remedy="average over random elements: symmetrize(module, rep, n_elements=8); or hard-wire a "
            "linear layer, which costs nothing in the size of the group: hardwire(layer, 'weight', rep)",
        ) from error
    return Symmetrized(module, rep, target, elements, None)
