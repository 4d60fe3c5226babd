"""`augment`: every sample of a batch moved by a random element of the group."""

from __future__ import annotations

from typing import Final, final

import torch
from torch import Tensor, nn

from haarwire.errors import GroupTooLargeError
from haarwire.groups import Element, Representation
from haarwire.groups.representation import checked_representation
from haarwire.training.modules._checks import check_compact, checked_batch, checked_generator
from haarwire.training.modules._elements import ElementStack

__all__ = ["Augment", "augment"]

_TABLE_ELEMENTS: Final = 1024
_TABLE_NUMBERS: Final = 2**22
"""A finite group is listed once where it has at most so many elements, and their entries are so few."""


@final
class Augment(nn.Module):
    """What `augment` returns."""

    def __init__(self, rep: Representation, seed: int | None = None) -> None:
        super().__init__()
        self.rep = rep
        self._rng = checked_generator(seed)
        self._elements = _listed(rep)
        # Tensors by device and dtype of the batches, made when the first of a kind comes.
        self._tables: dict[tuple[torch.device, torch.dtype], ElementStack] = {}
        if self._elements is None:
            rep.sample(0)  # whether elements can be drawn at all

    def extra_repr(self) -> str:
        """The group."""
        return self.rep.label

    def forward(self, x: Tensor) -> Tensor:
        """ρ(g_i)x_i in training, x in evaluation; shape (N, …) as given."""
        if not self.training:
            return x
        flat = checked_batch(x, self.rep)
        moved: Tensor = self._moved(flat)
        return moved.reshape(x.shape)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _moved(self, x: Tensor) -> Tensor:
        if self._elements is None:
            return ElementStack(self.rep.sample(self._rng, x.shape[0]), x).matched(x)
        kind = (x.device, x.dtype)
        if kind not in self._tables:
            self._tables[kind] = ElementStack(self._elements, x)
        which = self._rng.integers(len(self._elements), size=x.shape[0])
        return self._tables[kind].chosen(x, which)


def augment(rep: Representation, seed: int | None = None) -> Augment:
    """x_i ↦ ρ(g_i)x_i with independent g_i by Haar measure: data augmentation as a batch transform.

    Put it before the network, ``torch.nn.Sequential(augment(rep), network)``, or call it on batches. In
    evaluation mode it is the identity.

    Parameters
    ----------
    rep : Representation
        ρ, acting on the last axes of the batch (see `haarwire.training.modules`); the axes before, such as
        channels, move alike.
    seed : int, optional
        For the draws, which are made on the CPU whatever the device of the batch, so that they repeat.
        None: PyTorch's own seed determines them.

    Returns
    -------
    Augment
        A module without parameters. Permutations move batches of any dtype (a gather); other groups
        move floating-point batches (a product with a matrix each).

    Raises
    ------
    NotCompactError, NoSamplerError, GroupTooLargeError
        When there is no Haar measure of total mass 1, or no way to draw from it.
    ParameterError
        When rep or seed is none.
    DataError
        In the call, when the batch has another size.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import augment, torch
    >>> augment(hw.groups.cyclic_shifts(4), seed=0)(torch.arange(12).reshape(3, 4))
    tensor([[ 1,  2,  3,  0],
            [ 6,  7,  4,  5],
            [10, 11,  8,  9]])
    """
    checked_representation(rep)
    check_compact(rep, "a random element of the group")
    return Augment(rep, seed)


def _listed(rep: Representation) -> tuple[Element, ...] | None:
    """All elements of a small finite group."""
    size = rep.dim if rep.is_signed_permutation else rep.dim**2
    try:
        return rep.elements(min(_TABLE_ELEMENTS, max(1, _TABLE_NUMBERS // size)))
    except GroupTooLargeError:
        return None
