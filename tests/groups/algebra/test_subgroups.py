"""Subgroups: their number, known since Cayley, their elements, and what they leave invariant."""

import itertools

import numpy as np
import pytest

import haarwire as hw
from haarwire.errors import GroupTooLargeError, ParameterError
from haarwire.groups import subgroups


@pytest.mark.parametrize(
    ("rep", "number"),
    [
        (hw.groups.trivial(3), 1),
        (hw.groups.cyclic_shifts(12), 6),  # one a divisor
        (hw.groups.dihedral(6), 16),  # divisors and the sum of them
        (hw.groups.permutations(4), 30),
        (hw.groups.cube_rotations(2), 30),  # S4 again, by other matrices
        (hw.groups.alternating(5), 59),
    ],
    ids=lambda value: value.label if isinstance(value, hw.Representation) else None,
)
def test_their_number(rep: hw.Representation, number: int) -> None:
    found = subgroups(rep, distinct=False)
    assert len(found) == number
    assert len({own.label for own in found}) == number
    sizes = [len(own.elements()) for own in found]
    assert sizes == sorted(sizes, reverse=True)
    assert all(len(rep.elements()) % size == 0 for size in sizes)  # Lagrange
    sets = {frozenset(_rounded(g.apply(np.eye(rep.dim))) for g in own.elements()) for own in found}
    assert len(sets) == number


def _rounded(A: np.ndarray) -> bytes:
    return np.round(A + 0.0, 6).tobytes()


@pytest.mark.parametrize(("n", "bell"), [(3, 5), (4, 15)])
def test_distinct_ones_of_permutations_are_partitions(n: int, bell: int) -> None:
    """A space of vectors fixed by permutations says which coordinates are equal: Bell numbers count them."""
    assert len(subgroups(hw.groups.permutations(n))) == bell


@pytest.mark.parametrize(
    "rep",
    [hw.groups.dihedral(4), hw.groups.image_rotations(3), hw.groups.hyperoctahedral(2)],
    ids=lambda rep: rep.label,
)
def test_distinct_ones_have_every_invariant_space_once(rep: hw.Representation) -> None:
    def projections(reps: tuple[hw.Representation, ...]) -> list[np.ndarray]:
        bases = [hw.invariant_subspace(own).matrix for own in reps]
        return [np.asarray(Q @ Q.T) for Q in bases]

    kept = projections(subgroups(rep))
    for P, other in itertools.combinations(kept, 2):
        assert np.abs(P - other).max() > 1e-6
    for P in projections(subgroups(rep, distinct=False)):
        assert min(np.abs(P - other).max() for other in kept) < 1e-12


def test_names_are_words_in_the_generators() -> None:
    names = [own.label for own in subgroups(hw.groups.cyclic_shifts(4))]
    assert names == ["cyclic_shifts:4", "cyclic_shifts:4⟨a²⟩", "trivial:4"]


def test_refusals() -> None:
    with pytest.raises(GroupTooLargeError, match="at most 128 elements") as error:
        subgroups(hw.groups.permutations(6))
    assert "restrict" in error.value.remedy
    with pytest.raises(GroupTooLargeError):
        subgroups(hw.groups.so3_vectors(1))
    for limit in (0, -1, 2.5, True):
        with pytest.raises(ParameterError):
            subgroups(hw.groups.cyclic_shifts(4), limit=limit)  # type: ignore[arg-type]
    flips = [hw.SignedPermutation(np.arange(7), 1 - 2 * np.eye(7, dtype=int)[i]) for i in range(7)]
    with pytest.raises(GroupTooLargeError, match="more than 2000 subgroups"):
        subgroups(hw.Representation(7, flips))
