"""Isotypic decomposition over the reals: which irreducible representations, how often, of what type.

A random symmetric matrix, averaged over the group, commutes with the group and has irreducible eigenspaces
with probability one. A second one has a block between two of them exactly where they are equivalent
(Schur); the block is a multiple of an isometry and carries the basis of one to the other. What commutes with
an irreducible representation is R, C or H: its type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, TypeAlias, final

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.groups import Matrix, Representation, direct_sum, hom
from haarwire.groups.inner_product import in_basis, in_units, nearest_orthogonal
from haarwire.invariants.haar import basis_of, haar_average, require_compact
from haarwire.invariants.subspace import invariant_subspace

__all__ = ["IsotypicComponent", "IsotypicDecomposition", "isotypic_decomposition"]

FieldType: TypeAlias = Literal["real", "complex", "quaternionic"]
Certificate: TypeAlias = Literal["dimension", "random element"]

_TYPES: Final[dict[int, FieldType]] = {1: "real", 2: "complex", 4: "quaternionic"}
_GAP: Final = 1e-9
"""Eigenvalues of a random element of the commutant closer than this, relative to the largest, are one."""

_BLOCK: Final = 1e-7
"""A block of a random element of the commutant smaller than this, relative to the whole, is zero."""

_RESIDUAL: Final = 1e-8
_POLISHING_STEPS: Final = 40
_ORBIT_DIM: Final = 3000
"""(Signed) permutations up to this dimension have their commutant counted by orbits on pairs."""

_NULL_SPACE_DIM: Final = 20
"""Other representations have it from a null space up to this dimension."""


@final
@dataclass(frozen=True, eq=False)
class IsotypicComponent:
    """All copies of one irreducible representation π (of real dimension δ) in a representation.

    Attributes
    ----------
    dim : int
        δ.
    multiplicity : int
        How many copies.
    basis : ndarray, shape (n, multiplicity·δ)
        Copy after copy, in matching bases: ρ(g) E_k = E_k π(g) with one orthogonal π(g) for all of them.
        Orthonormal where ρ is orthogonal, otherwise in an inner product that the group leaves fixed.
    dual : ndarray, shape (n, multiplicity·δ)
        ``dual.T @ basis`` is the identity; ``dual.T @ x`` are the coordinates of x in the component.
    units : ndarray, shape (t, δ, δ)
        The orthogonal matrices 1, i, … that span what commutes with π: t is 1 for real type, 2 for
        complex type and 4 for quaternionic type.
    is_trivial : bool
        Whether the group leaves every vector of the component where it is.
    """

    dim: int
    multiplicity: int
    basis: FloatArray = field(repr=False)
    dual: FloatArray = field(repr=False)
    units: FloatArray = field(repr=False)
    is_trivial: bool
    _representation: Representation = field(repr=False)

    @property
    def type(self) -> FieldType:
        """By what commutes with π, R, C or H: "real", "complex" or "quaternionic"."""
        return _TYPES[len(self.units)]

    @property
    def copies(self) -> tuple[FloatArray, ...]:
        """The bases E_k of the copies, each of shape (n, δ)."""
        return tuple(np.split(self.basis, self.multiplicity, axis=1))

    @cached_property
    def irreducible(self) -> Representation:
        """The irreducible representation π itself, on R^δ."""
        rep, first = self._representation, self.basis[:, : self.dim]
        back = self.dual[:, : self.dim].T
        generators, tangents = in_basis(rep.generators, rep.algebra, first, back)
        return Representation(self.dim, list(map(Matrix, generators)), tangents)


@final
@dataclass(frozen=True, eq=False)
class IsotypicDecomposition:
    """R^n as the direct sum of isotypic components, made by `isotypic_decomposition`.

    Attributes
    ----------
    representation : Representation
        What was decomposed.
    components : tuple of IsotypicComponent
        The trivial one first, then by dimension.
    commutant_dim : int
        Σ multiplicity²·(1, 2 or 4): the dimension of the space of matrices that commute with the group.
    residual : float
        Largest ‖ρ(g)E_k − E_k π(g)‖ over the generators, relative to the size of ρ(g) on δ coordinates
        (Frobenius norms, in orthonormal coordinates; likewise for Lie-algebra elements).
    certificate : {"dimension", "random element"}
        How completeness was checked: against the dimension of the commutant, found independently by
        orbits or a null space; or, where that is out of reach, by a further random matrix averaged over
        the group, which must lie in what the components say commutes (it would not, with probability
        one, had a component been missed or two that are equivalent been told apart).
    """

    representation: Representation = field(repr=False)
    components: tuple[IsotypicComponent, ...] = field(repr=False)
    commutant_dim: int
    residual: float = field(repr=False)
    certificate: Certificate

    def project(self, M: FloatArray) -> FloatArray:
        """The part of an n×n matrix that commutes with the group: ∫ ρ(g) M ρ(g)⁻¹ dg."""
        total = np.zeros(M.shape)
        for c in self.components:
            blocks = (c.dual.T @ M @ c.basis).reshape(c.multiplicity, c.dim, c.multiplicity, c.dim)
            commuting = _commuting_part(blocks, c.units)
            total += c.basis @ commuting.reshape(c.basis.shape[1], c.basis.shape[1]) @ c.dual.T
        return total

    def __repr__(self) -> str:
        parts = [f"{c.multiplicity} × {c.dim} ({c.type})" for c in self.components]
        return f"IsotypicDecomposition({self.representation.label}: {', '.join(parts)})"


def isotypic_decomposition(
    rep: Representation, *, rng: np.random.Generator | int = 0
) -> IsotypicDecomposition:
    """Decompose a representation of a compact group into irreducible ones over the reals.

    Parameters
    ----------
    rep : Representation
        A compact group acting on R^n; where it is not orthogonal, it is made so by a change of basis.
    rng : numpy.random.Generator or int
        Source of the random matrices, or a seed. Components do not depend on it; the bases inside them
        do.

    Returns
    -------
    IsotypicDecomposition
        Certified: its `residual` is at most 1e-8 and the dimension of the commutant is right.

    Raises
    ------
    NotCompactError
        When the group has no Haar average.
    ConvergenceError
        When the decomposition cannot be certified.
    ParameterError
        When `rep` is no representation.

    References
    ----------
    Serre, Linear Representations of Finite Groups, section 13.2. Bröcker and tom Dieck, Representations of
    Compact Lie Groups, section II.6. Murota, Kanno, Kojima and Kojima 2010 for the method.

    Examples
    --------
    >>> import haarwire as hw
    >>> hw.isotypic_decomposition(hw.groups.cyclic_shifts(4))
    IsotypicDecomposition(cyclic_shifts:4: 1 × 1 (real), 1 × 1 (real), 1 × 2 (complex))
    """
    require_compact(rep, "the isotypic decomposition")
    random = np.random.default_rng(rng)
    orthogonal, S = _orthogonalized(rep)
    spaces = _irreducible_spaces(orthogonal, random)
    groups = [_polished(orthogonal, copies) for copies in _matched(orthogonal, spaces, random)]
    units = _units(orthogonal, groups, random)
    residual = float(np.max([_residual(orthogonal, copies) for copies in groups]))
    if not residual <= _RESIDUAL:
        raise _uncertified(rep, f"its subspaces are invariant to {residual:.1e} only")
    commutant_dim = sum(len(copies) ** 2 * len(J) for copies, J in zip(groups, units, strict=True))
    if not _countable(rep):
        _check_completeness(orthogonal, groups, units, random)
    elif (found := invariant_subspace(hom(rep, rep)).dim) != commutant_dim:
        raise _uncertified(rep, f"{found} dimensions commute with the group, not {commutant_dim}")
    inverse = None if S is None else np.linalg.inv(S)
    components = []
    for copies, J in zip(groups, units, strict=True):
        E = np.concatenate(copies, axis=1)
        components.append(
            IsotypicComponent(
                dim=copies[0].shape[1],
                multiplicity=len(copies),
                basis=E if S is None else S @ E,
                dual=E if inverse is None else inverse.T @ E,
                units=J,
                is_trivial=copies[0].shape[1] == 1 and _fixes(orthogonal, copies[0]),
                _representation=rep,
            )
        )
    components.sort(key=lambda c: (not c.is_trivial, c.dim, len(c.units), -c.multiplicity))
    return IsotypicDecomposition(
        rep, tuple(components), commutant_dim, residual, "dimension" if _countable(rep) else "random element"
    )


def _orthogonalized(rep: Representation) -> tuple[Representation, FloatArray | None]:
    """The representation in a basis S (None: the given one) in which it is orthogonal."""
    S = basis_of(rep)
    if S is None:
        return (replace(rep, algebra=tuple(in_units(rep.algebra))) if rep.algebra else rep), None
    generators, tangents = in_basis(rep.generators, in_units(rep.algebra), S, np.linalg.inv(S))
    return Representation(rep.dim, list(map(Matrix, generators)), tangents, name=rep.name), S


def _irreducible_spaces(rep: Representation, rng: np.random.Generator) -> list[FloatArray]:
    """Orthonormal bases of irreducible subspaces whose sum is R^n: two random draws, lest one ties."""
    spaces = _eigenspaces(_random_average(rep, rng))
    second = _random_average(rep, rng)
    found: list[FloatArray] = []
    for space in spaces:
        if space.shape[1] == 1:
            found.append(space)
        else:
            found += [space @ part for part in _eigenspaces(space.T @ second @ space)]
    return found


def _eigenspaces(H: FloatArray) -> list[FloatArray]:
    values, vectors = np.linalg.eigh((H + H.T) / 2.0)
    cuts = np.flatnonzero(np.diff(values) > _GAP * np.abs(values).max()) + 1
    return list(np.split(vectors, cuts, axis=1))


def _random_average(rep: Representation, rng: np.random.Generator) -> FloatArray:
    R = rng.standard_normal((rep.dim, rep.dim))
    return haar_average(R + R.T, rep)


def _random_commuting(rep: Representation, rng: np.random.Generator) -> FloatArray:
    """∫ ρ(g) R ρ(g)ᵀ dg of a random R that is not symmetric: a block of an average under ρ ⊕ ρ."""
    n = rep.dim
    joint = np.zeros((2 * n, 2 * n))
    joint[:n, n:] = rng.standard_normal((n, n))
    joint[n:, :n] = joint[:n, n:].T
    return haar_average(joint, direct_sum(rep, rep))[:n, n:]


def _size(H: FloatArray) -> float:
    """Root mean square of the singular values."""
    return float(np.linalg.norm(H) / np.sqrt(len(H)))


def _matched(
    rep: Representation, spaces: Sequence[FloatArray], rng: np.random.Generator
) -> list[list[FloatArray]]:
    """The spaces sorted by equivalence, in bases in which the group acts by the same matrices."""
    from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

    H = _random_average(rep, rng)
    scale = _size(H)
    found: list[list[FloatArray]] = []
    for size in sorted({space.shape[1] for space in spaces}):
        same = np.stack([space for space in spaces if space.shape[1] == size])
        count = len(same)
        V = np.moveaxis(same, 0, 1).reshape(rep.dim, count * size)
        blocks = (V.T @ H @ V).reshape(count, size, count, size).transpose(0, 2, 1, 3)
        strength = np.linalg.norm(blocks, axis=(2, 3)) / np.sqrt(size)
        np.fill_diagonal(strength, 0.0)
        strength[strength <= _BLOCK * scale] = 0.0
        number, labels = connected_components(strength, directed=False)
        # Along the strongest blocks, which know the isometries best.
        tree = minimum_spanning_tree(
            np.divide(1.0, strength, out=np.zeros_like(strength), where=strength > 0)
        )
        for label in range(number):
            root = int(np.flatnonzero(labels == label)[0])
            order, parents = breadth_first_order(tree, root, directed=False)
            bases = {root: same[root]}
            for k in order[1:]:
                parent = int(parents[k])
                turn = same[k].T @ H @ bases[parent]
                bases[int(k)] = same[k] @ nearest_orthogonal(turn)
            found.append([bases[int(k)] for k in sorted(bases)])
    return found


def _units(
    rep: Representation, groups: Sequence[Sequence[FloatArray]], rng: np.random.Generator
) -> list[FloatArray]:
    """What commutes with each irreducible representation: 1, or 1 and i, or 1, i, j and k."""
    units: list[FloatArray] = [np.eye(copies[0].shape[1])[None] for copies in groups]
    # A complex structure needs an even dimension, three of them one divisible by 4.
    for needed, divisor in ((1, 2), (2, 4)):
        open_ones = [
            c for c, J in enumerate(units) if len(J) == needed and groups[c][0].shape[1] % divisor == 0
        ]
        if not open_ones:
            break
        R = _random_commuting(rep, rng)
        scale = _size(R)
        for c in open_ones:
            first, size = groups[c][0], groups[c][0].shape[1]
            K = first.T @ (R - R.T) @ first / 2.0
            for J in units[c][1:]:
                K = K - float(np.vdot(J, K)) / size * J
            if np.linalg.norm(K) / np.sqrt(size) <= _BLOCK * scale:
                continue
            imaginary = nearest_orthogonal(K - K.T)
            new = [imaginary] if needed == 1 else [imaginary, units[c][1] @ imaginary]
            units[c] = np.concatenate([units[c], np.stack(new)])
    return units


def _images(rep: Representation, E: FloatArray) -> list[FloatArray]:
    """ρ(g)E for the generators and LE for the Lie-algebra elements."""
    return [g.apply(E.T).T for g in rep.generators] + [np.asarray(L @ E) for L in rep.algebra]


def _polished(rep: Representation, copies: list[FloatArray]) -> list[FloatArray]:
    """The bases as exact as rounding allows, where near ties of eigenvalues have mixed them.

    π(g) = E_1ᵀρ(g)E_1 is right to second order in the error of E, which is then taken off by conjugate
    gradients on Σ_g ‖ρ(g)E − Eπ(g)‖² + Σ_L ‖LE − Eπ(L)‖² from E: they change E in the complement of the
    exact solutions only.
    """
    first, size = copies[0], copies[0].shape[1]
    pis, tangents = in_basis(rep.generators, rep.algebra, first, first.T)
    pairs = [(g, g.inverse(), pi) for g, pi in zip(rep.generators, pis, strict=True)]

    def turned(X: FloatArray, pi: FloatArray) -> FloatArray:
        return (X.reshape(-1, size) @ pi).reshape(X.shape)

    def gradient(X: FloatArray) -> FloatArray:
        total = np.zeros_like(X)
        for g, back, pi in pairs:
            defect = g.apply(X.T).T - turned(X, pi)
            total += back.apply(defect.T).T - turned(defect, pi.T)
        for L, K in zip(rep.algebra, tangents, strict=True):
            defect = L @ X - turned(X, K)
            total += turned(defect, K) - L @ defect
        return total

    X = np.concatenate(copies, axis=1)
    rest = -gradient(X)
    step, length = rest, float(np.vdot(rest, rest))
    best, least = X, length
    for _ in range(_POLISHING_STEPS):
        image = gradient(step)
        curvature = float(np.vdot(step, image))
        # Past convergence all are noise: a step along exact solutions has no curvature.
        if length <= EPS**2 * X.size or curvature <= EPS * float(np.vdot(step, step)):
            break
        X = X + length / curvature * step
        rest = rest - length / curvature * image
        previous, length = length, float(np.vdot(rest, rest))
        step = rest + length / previous * step
        if length < least:
            best, least = X, length
    return list(np.split(best, len(copies), axis=1))


def _residual(rep: Representation, copies: Sequence[FloatArray]) -> float:
    """Largest ‖ρ(g)E_k − E_k π(g)‖/√δ and ‖LE_k − E_k π(L)‖/(‖L‖√(δ/n)) (Frobenius norms)."""
    size, E = copies[0].shape[1], np.concatenate(copies, axis=1)
    found = [0.0]
    # An element is orthogonal, ‖ρ(g)‖ = √n; a Lie-algebra element has a size of its own.
    norms = [float(np.sqrt(size))] * len(rep.generators)
    norms += [float(np.linalg.norm(sp.csr_array(L).data) * np.sqrt(size / rep.dim)) for L in rep.algebra]
    for image, norm in zip(_images(rep, E), norms, strict=True):
        pi = copies[0].T @ image[:, :size]
        defects = (image - np.concatenate([copy @ pi for copy in copies], axis=1)).reshape(
            rep.dim, len(copies), size
        )
        found.append(float(np.linalg.norm(defects, axis=(0, 2)).max()) / (norm or 1.0))
    return float(np.max(found))


def _fixes(rep: Representation, e: FloatArray) -> bool:
    """Whether the group leaves the vector e (n×1) of an invariant line where it is."""
    # A Lie-algebra element acts on a line by a skew number: 0.
    return all(float(np.linalg.norm(g.apply(e.T).T - e)) < 1e-6 for g in rep.generators)


def _countable(rep: Representation) -> bool:
    """Whether the dimension of the commutant is cheap to find without the decomposition."""
    return rep.dim <= (_ORBIT_DIM if rep.is_signed_permutation else _NULL_SPACE_DIM)


def _check_completeness(
    rep: Representation,
    groups: Sequence[Sequence[FloatArray]],
    units: Sequence[FloatArray],
    rng: np.random.Generator,
) -> None:
    """Raise unless a random element of the commutant lies in the algebra of the components."""
    R = _random_commuting(rep, rng)
    rest = R.copy()
    for copies, J in zip(groups, units, strict=True):
        count, size = len(copies), copies[0].shape[1]
        E = np.concatenate(copies, axis=1)
        blocks = (E.T @ R @ E).reshape(count, size, count, size)
        rest -= E @ _commuting_part(blocks, J).reshape(E.shape[1], E.shape[1]) @ E.T
    defect = float(np.linalg.norm(rest)) / float(np.linalg.norm(R))
    if not defect <= _RESIDUAL:
        raise _uncertified(rep, f"a random element of the commutant is outside its algebra by {defect:.1e}")


def _commuting_part(blocks: FloatArray, J: FloatArray) -> FloatArray:
    """Blocks (c, δ, c, δ) between copies of an irreducible representation, projected on the span of J."""
    coefficients = np.einsum("kxly,qxy->klq", blocks, J, optimize=True) / J.shape[1]
    return np.asarray(np.einsum("klq,quv->kulv", coefficients, J, optimize=True))


def _uncertified(rep: Representation, what: str) -> ConvergenceError:
    return ConvergenceError(
        f"the isotypic decomposition of {rep.label} is not certified: {what}",
        cause="generators known to a few digits only, or an unlucky draw",
        remedy="give the generators in full precision, or try another seed: "
        "isotypic_decomposition(rep, rng=1)",
    )
