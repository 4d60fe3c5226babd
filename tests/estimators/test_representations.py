"""Names without sizes take them from the number of features."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

import haarwire as hw
from haarwire.estimators.representations import _SIZES, resolved

FITTING = {
    "alternating": 5,
    "cube_rotations": 27,
    "cyclic_shifts": 5,
    "dihedral": 5,
    "hyperoctahedral": 5,
    "image_rotations": 16,
    "lorentz_vectors": 8,
    "o3_tensors": 9,
    "o3_vectors": 6,
    "permutations": 5,
    "permutations_of_graphs": 9,
    "point_clouds": 6,
    "reflection": 5,
    "reverse_complement": 16,
    "rigid_motions": 4,
    "shear": 4,
    "so13_tensors": 16,
    "so3_tensors": 27,
    "so3_vectors": 6,
    "special_linear": 3,
    "symplectic": 4,
    "trivial": 5,
    "unitary_phase": 6,
}


OF_SEVERAL_SIZES = {
    "o3",
    "permutations_of_sets",
    "permutations_of_tensors",
    "point_cloud_vectors",
    "scaling",
    "so2",
    "so3",
    "su2",
    "translations",
    "wreath",
}
"""Names of which the number of features does not say enough."""


def test_every_name_of_one_size_is_in_the_table_and_tried_here() -> None:
    assert FITTING.keys() == _SIZES.keys()
    assert FITTING.keys() == hw.groups.names().keys() - OF_SEVERAL_SIZES


@pytest.mark.parametrize("name", FITTING)
def test_sizes_follow_from_the_number_of_features(name: str) -> None:
    rep = resolved(name, FITTING[name])
    assert rep.dim == FITTING[name]
    assert rep.name.startswith(name)


def test_options_are_kept_and_given_sizes_count() -> None:
    assert resolved("image_rotations:reflections=true", 16).order == 8
    assert resolved("image_rotations:2,channels=4", 16).name == "image_rotations:2,channels=4"
    assert resolved(" cyclic_shifts : 2x8 ", 16).order == 16
    assert resolved("permutations_of_sets:4x4", 16).dim == 16


@pytest.mark.parametrize("side", [1, 2, 3, 28, 31, 100])
def test_roots_are_exact(side: int) -> None:
    assert resolved("image_rotations", side**2).dim == side**2
    with pytest.raises(hw.DataError, match=f"no image_rotations acts on {side**2 + 2} coordinates"):
        resolved("image_rotations", side**2 + 2)


def test_none_is_the_trivial_group_and_an_object_itself() -> None:
    assert resolved(None, 3).order == 1
    rep = hw.groups.reflection(3)
    assert resolved(rep, 3) is rep


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(hw.DataError, match="X has 4 features, reflection:3 acts on 3"):
        resolved("reflection:3", 4)
    with pytest.raises(hw.UnknownNameError, match="no symmetry named 'reflexion'"):
        resolved("reflexion", 4)
    with pytest.raises(hw.ParameterError, match=r"the arguments of 'permutations_of_sets' do not fit"):
        resolved("permutations_of_sets", 4)
    with pytest.raises(hw.ParameterError, match="a Representation, a name or None, got 3"):
        resolved(3, 4)  # type: ignore[arg-type]
    with pytest.raises(hw.DataError, match="no reverse_complement acts on 1 coordinates"):
        resolved("reverse_complement", 1)
