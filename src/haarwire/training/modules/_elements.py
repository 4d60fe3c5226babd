"""Group elements as tensors: gathers for permutations, products for matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from haarwire._numbers import IntArray
from haarwire.errors import DataError
from haarwire.groups import Element, Matrix, Permutation, SignedPermutation

__all__ = ["ElementStack", "block"]


class ElementStack(nn.Module):
    """K elements g_1 … g_K of one dimension n, as buffers that move with the module they are in.

    Parameters
    ----------
    elements : sequence of Element
        Permutations become indices (K, n), signed ones indices and signs, all others matrices (K, n, n).
    like : Tensor, optional
        Gives dtype and device; default: PyTorch's default dtype, CPU.
    """

    indices: Tensor
    signs: Tensor
    matrices: Tensor

    def __init__(self, elements: Sequence[Element], like: Tensor | None = None) -> None:
        super().__init__()
        device = None if like is None else like.device
        is_float = like is not None and like.is_floating_point()
        dtype = like.dtype if like is not None and is_float else torch.get_default_dtype()
        self.kind = "permutations"
        by_index = [g for g in elements if isinstance(g, Permutation | SignedPermutation)]
        if len(by_index) < len(elements):
            self.kind = "matrices"
            dense = torch.from_numpy(np.stack([g.to_dense() for g in elements]))
            self.register_buffer("matrices", dense.to(device, dtype), persistent=False)
            return
        indices = torch.from_numpy(np.stack([g.indices for g in by_index]).astype(np.int64))
        self.register_buffer("indices", indices.to(device), persistent=False)
        if any(g.signs is not None for g in by_index):
            self.kind = "signed permutations"
            signs = np.stack([np.ones(g.dim) if g.signs is None else g.signs for g in by_index])
            self.register_buffer("signs", torch.from_numpy(signs).to(device, torch.int8), persistent=False)

    def __len__(self) -> int:
        return len(self.matrices if self.kind == "matrices" else self.indices)

    def each(self, x: Tensor) -> Tensor:
        """ρ(g_k)x for every element and sample: (…, n) to (K, …, n)."""
        if self.kind == "matrices":
            flat = x.reshape(-1, x.shape[-1]) @ self._of_type(self.matrices, x).transpose(-1, -2)
            return flat.reshape(-1, *x.shape)
        moved = torch.stack([x.index_select(-1, row) for row in self.indices.to(x.device).unbind(0)])
        if self.kind == "permutations":
            return moved
        signs = self._of_type(self.signs, x)
        return moved * signs.reshape(len(signs), *[1] * (x.ndim - 1), -1)

    def matched(self, x: Tensor) -> Tensor:
        """ρ(g_k)x_k, one element for each of the first axis: (K, B, n) to (K, B, n)."""
        if self.kind == "matrices":
            return x @ self._of_type(self.matrices, x).transpose(-1, -2)
        moved = _gathered(x, self.indices.to(x.device))
        return moved if self.kind == "permutations" else moved * self._of_type(self.signs, x)[:, None]

    def chosen(self, x: Tensor, which: IntArray) -> Tensor:
        """ρ(g_{k(i)})x_i for k = which: (N, B, n) to (N, B, n)."""
        if self.kind == "matrices":
            # One product per element that occurs: N matrices at once would be N·n² numbers.
            matrices, moved = self._of_type(self.matrices, x), torch.empty_like(x)
            for k in np.unique(which).tolist():
                rows = torch.from_numpy(np.flatnonzero(which == k)).to(x.device)
                moved = moved.index_copy(0, rows, x.index_select(0, rows) @ matrices[k].T)
            return moved
        places = torch.from_numpy(which).to(self.indices.device)
        moved = _gathered(x, self.indices[places].to(x.device))
        if self.kind == "permutations":
            return moved
        return moved * self._of_type(self.signs[places], x)[:, None]

    def _of_type(self, values: Tensor, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            raise DataError(
                f"{self.kind} cannot move values of dtype {x.dtype}",
                cause="bytes or counts where the group adds and subtracts coordinates",
                remedy="convert them first: x.float()",
            )
        return values.to(x.device, x.dtype)


def _gathered(x: Tensor, indices: Tensor) -> Tensor:
    return x.gather(-1, indices[:, None].expand(x.shape))


def block(g: Element, start: int, stop: int) -> Element:
    """One diagonal block of an element of a direct sum."""
    if isinstance(g, Permutation):
        return Permutation(g.indices[start:stop] - start)
    if isinstance(g, SignedPermutation):
        return SignedPermutation(g.indices[start:stop] - start, g.signs[start:stop]).simplified()
    return Matrix(g.to_sparse()[start:stop, start:stop].toarray()).simplified()
