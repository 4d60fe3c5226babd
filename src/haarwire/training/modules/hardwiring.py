"""`hardwire`: a parametrization that keeps the weight of a linear layer invariant or equivariant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils import parametrize

from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants import Subspace, invariant_subspace
from haarwire.training.modules._checks import checked_module, trailing_axes
from haarwire.training.modules._intertwiners import check_nonzero, fixed_vectors, intertwiners

__all__ = ["Spanned", "hardwire"]


@final
class Spanned(nn.Module):
    """W = V Qᵀ: a tensor whose rows lie in a subspace, from its coordinates.

    Q is orthonormal, so ‖V‖ = ‖W‖ (weight decay on V is weight decay on W), and a step of gradient descent
    on V is one on W, projected. A basis of orbits is kept as indices, and W costs one gather.

    Parameters
    ----------
    space : Subspace
        With Q of shape (n, d).
    leading : sequence of int
        Shape of V before its last axis.
    shape : sequence of int
        Shape of W, of ∏ leading · n entries.
    like : Tensor
        Gives dtype and device.
    """

    scale: Tensor
    labels: Tensor
    basis: Tensor

    def __init__(self, space: Subspace, leading: Sequence[int], shape: Sequence[int], like: Tensor) -> None:
        super().__init__()
        self.leading, self.shape = tuple(leading), tuple(shape)
        self.ambient_dim, self.dim = space.ambient_dim, space.dim
        Q = space.matrix
        self.by_index = space.has_disjoint_supports and space.dim > 0
        if isinstance(Q, sp.csr_array) and self.by_index:
            # At most one entry a row: a coordinate belongs to one orbit, or to none.
            counts = np.diff(Q.indptr)
            labels, scale = np.zeros(space.ambient_dim, dtype=np.int64), np.zeros(space.ambient_dim)
            labels[counts > 0], scale[counts > 0] = Q.indices, Q.data
            self.register_buffer("labels", torch.from_numpy(labels).to(like.device), persistent=False)
            self.register_buffer("scale", torch.from_numpy(scale).to(like), persistent=False)
        else:
            # Kept in the state: another machine's LAPACK may turn the basis of a null space.
            self.register_buffer("basis", torch.from_numpy(space.basis.copy()).to(like))

    def extra_repr(self) -> str:
        """Dimension and shapes."""
        return f"dim {self.dim} of {self.ambient_dim}, shape {self.shape}"

    def forward(self, V: Tensor) -> Tensor:
        """W = V Qᵀ, shape (leading axes, d) to `shape`."""
        if self.by_index:
            return (V.index_select(-1, self.labels) * self.scale).reshape(self.shape)
        return (V @ self.basis.T).reshape(self.shape)

    def right_inverse(self, W: Tensor) -> Tensor:
        """V = W Q, the coordinates of the projection of W."""
        rows = W.reshape(*self.leading, self.ambient_dim)
        if self.by_index:
            V = rows.new_zeros(*self.leading, self.dim)
            return V.index_add(-1, self.labels, rows * self.scale)
        return rows @ self.basis


def hardwire(
    module: nn.Module,
    name: str = "weight",
    source: Representation | None = None,
    target: Representation | None = None,
    *,
    bias: bool = True,
) -> nn.Module:
    """W = V Qᵀ (invariant), or W ρ_X(g) = ρ_Y(g) W (equivariant), whatever the optimizer does.

    Registers a parametrization (`torch.nn.utils.parametrize`) on a parameter. The trainable tensor is V,
    ``module.parametrizations.weight.original``; it starts as the projection of the present weight. Setting
    ``module.weight = W`` projects W; ``parametrize.remove_parametrizations(module, "weight")`` leaves a
    plain weight that is invariant or equivariant. Call it before the optimizer is built, and after the
    module has its dtype.

    Parameters
    ----------
    module : torch.nn.Module
        With the parameter: a `Linear`, the last linear layer of a network, a convolution, …
    name : str
        The parameter. A weight of shape (m, …): ρ_X acts on its last axes, flattened in C order. For an
        invariant weight these may be some of them: ``image_rotations(3)`` on the weight (m, c, 3, 3) of a
        convolution makes every filter symmetric. ``"bias"``, or another vector of shape (m,): see `target`.
    source : Representation, optional
        ρ_X, acting on the inputs. Needed for a weight; must be left out for a vector.
    target : Representation, optional
        ρ_Y, acting on the m outputs: a representation of the same group. None: the outputs do not move.
        For a vector: b is kept in the fixed vectors ρ_Y(g)b = b.
    bias : bool
        Whether a bias of the module is hard-wired together with an equivariant weight (without that the
        layer is not equivariant). For an invariant weight any bias will do, and it is left alone.

    Returns
    -------
    torch.nn.Module
        The module itself.

    Raises
    ------
    ParameterError
        When there is no such parameter, the sizes do not fit, or matrices act on more than 1024 entries.
    RepresentationError
        When source and target do not belong to one group, or nothing but zero is left for the weight.

    Notes
    -----
    Equivariant weights are spanned by the orbits on pairs (i, j) of coordinates where the group acts by
    (signed) permutations, and by the null space of a Kronecker condition otherwise. Every linear
    equivariant map is reached, for groups that are neither finite nor compact too.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714, for
    V Qᵀ; M. Finzi, M. Welling and A. G. Wilson, "A practical method for constructing equivariant multilayer
    perceptrons for arbitrary matrix groups", ICML 2021, for equivariant layers as null spaces.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import hardwire, torch
    >>> layer = hardwire(torch.nn.Linear(64, 10), "weight", hw.groups.image_rotations(8))
    >>> layer.weight.shape, layer.parametrizations.weight.original.shape
    (torch.Size([10, 64]), torch.Size([10, 16]))
    >>> hw.assert_invariant(layer.weight.detach().numpy(), hw.groups.image_rotations(8), tol=1e-6)
    """
    checked_module(module, "hardwire(torch.nn.Linear(64, 10), 'weight', rep)")
    parameter = _parameter(module, name)
    if target is not None:
        checked_representation(target, "target")
    if parameter.ndim == 1:
        _register(module, name, _vector_space(name, parameter, source, target), 0)
        return module
    if source is None:
        raise ParameterError(
            f"{name!r} has shape {tuple(parameter.shape)} and needs a representation on its inputs",
            cause="source was left out; only a bias goes without",
            remedy=f"type hardwire(module, {name!r}, source) or hardwire(module, {name!r}, source, target)",
        )
    checked_representation(source, "source")
    if target is None:
        axes = _invariant_axes(name, parameter, source)
        space = invariant_subspace(source)
        check_nonzero(
            space, f"functional invariant under {source.label}", "give a target, for an equivariant weight"
        )
        _register(module, name, space, parameter.ndim - axes)
        return module
    sizes = (int(parameter.shape[0]), math.prod(parameter.shape[1:]))
    if sizes != (target.dim, source.dim):
        raise ParameterError(
            f"{name!r} has shape {tuple(parameter.shape)}, which is {sizes[0]} outputs of {sizes[1]} inputs; "
            f"{target.label} acts on {target.dim} and {source.label} on {source.dim} coordinates",
            cause="source and target exchanged, or representations for a layer of another size",
            remedy=f"make the layer torch.nn.Linear({source.dim}, {target.dim}), or give representations on "
            f"{sizes[1]} inputs and {sizes[0]} outputs",
        )
    space = intertwiners(source, target)
    check_nonzero(
        space,
        f"equivariant map from {source.label} to {target.label}",
        "choose a target with a part in common with the source",
    )
    _register(module, name, space, 0)
    if bias and name == "weight" and isinstance(getattr(module, "bias", None), Tensor):
        b = _parameter(module, "bias")
        _register(module, "bias", _vector_space("bias", b, None, target), 0)
    return module


def _register(module: nn.Module, name: str, space: Subspace, n_leading: int) -> None:
    W: Tensor = getattr(module, name)
    spanned = Spanned(space, W.shape[:n_leading], W.shape, W.detach())
    parametrize.register_parametrization(module, name, spanned)


def _parameter(module: nn.Module, name: str) -> Tensor:
    own = [key for key, _ in module.named_parameters(recurse=False)]
    if parametrize.is_parametrized(module, name):
        raise ParameterError(
            f"{name!r} of this {type(module).__name__} is parametrized already",
            cause="hardwire called twice, or a weight or spectral norm on the same parameter",
            remedy=f"remove it first: torch.nn.utils.parametrize.remove_parametrizations(module, {name!r})",
        )
    if not isinstance(name, str) or name not in own:
        inner = next((f"{k}, in module.{k.rpartition('.')[0]}" for k, _ in module.named_parameters()), "none")
        raise ParameterError(
            f"this {type(module).__name__} has no parameter {name!r} of its own; it has "
            + (", ".join(own) or f"none (the first of its parts is {inner})"),
            cause="a misspelt name, or a whole network in place of one of its layers",
            remedy="give the layer that has the parameter, as in hardwire(network[-1], 'weight', rep)",
        )
    parameter: Any = getattr(module, name)
    if isinstance(parameter, UninitializedParameter):
        raise ParameterError(
            f"{name!r} of this {type(module).__name__} has no shape yet",
            cause="a lazy layer that has seen no batch",
            remedy="call the module on one batch first, or give torch.nn.Linear its sizes",
        )
    if not parameter.is_floating_point() or parameter.ndim == 0:
        raise ParameterError(
            f"{name!r} has dtype {parameter.dtype} and shape {tuple(parameter.shape)}",
            cause="a complex, quantized or scalar parameter",
            remedy="hard-wire a real floating-point weight or bias",
        )
    assert isinstance(parameter, Tensor)
    return parameter


def _vector_space(
    name: str, parameter: Tensor, source: Representation | None, target: Representation | None
) -> Subspace:
    if source is not None or target is None or target.dim != parameter.shape[0]:
        got = "no target" if target is None else f"{target.label} on {target.dim} coordinates as target"
        raise ParameterError(
            f"{name!r} is a vector of {parameter.shape[0]} numbers; got {got}"
            + ("" if source is None else " and a source"),
            cause="a bias is fixed by the symmetry of the outputs: hardwire(module, 'bias', target=rep)",
            remedy=f"give target=, a representation on {parameter.shape[0]} coordinates, and no source; with "
            "an invariant weight leave the bias alone",
        )
    return fixed_vectors(target)


def _invariant_axes(name: str, parameter: Tensor, source: Representation) -> int:
    axes = trailing_axes(parameter.shape[1:], source)
    if axes is None:
        raise ParameterError(
            f"{name!r} has shape {tuple(parameter.shape)}, {source.label} acts on {source.dim} coordinates",
            cause="a symmetry for inputs of another size, or a transposed weight",
            remedy=f"give a weight of shape (m, {source.dim}), such as that of torch.nn.Linear({source.dim}, "
            "m), or a representation on its inputs",
        )
    return axes
