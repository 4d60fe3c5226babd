"""Each named representation against the operation that it is named after, and texts against calls."""

import itertools

import numpy as np
import pytest

import haarwire.groups as groups
from haarwire.errors import ParameterError, UnknownNameError
from haarwire.groups import (
    catalogue,
    cyclic_shifts,
    from_name,
    image_rotations,
    names,
    naming,
    permutations,
    permutations_of_graphs,
    permutations_of_sets,
    reflection,
    reverse_complement,
    save_generators,
    trivial,
)
from haarwire.groups.naming import EXAMPLES


@pytest.mark.parametrize("channels", [1, 3])
def test_image_rotations_are_those_of_numpy(channels):
    images = np.random.default_rng(0).standard_normal((5, 4, 4, channels))
    rep = image_rotations(4, channels=channels, reflections=True)
    turn, flip = rep.generators
    X = images.reshape(5, -1)
    np.testing.assert_array_equal(turn.apply(X), np.rot90(images, axes=(1, 2)).reshape(5, -1))
    np.testing.assert_array_equal(flip.apply(X), images[:, :, ::-1].reshape(5, -1))
    act = rep.action.act
    for k, f in itertools.product(range(4), range(2)):
        moved = np.rot90(images[0, :, ::-1] if f else images[0], k)
        np.testing.assert_array_equal(act((k, f)).apply(X[0]), moved.ravel())
    half = image_rotations(4, channels=channels).action.act(2)
    np.testing.assert_array_equal(half.apply(X[0]), images[0, ::-1, ::-1].ravel())


def test_cyclic_shifts_are_rolls():
    x, grid = np.arange(7.0), np.arange(12.0).reshape(3, 4)
    for k in range(7):
        np.testing.assert_array_equal(cyclic_shifts(7).action.act(k).apply(x), np.roll(x, k))
    for shifts in itertools.product(range(3), range(4)):
        moved = cyclic_shifts((3, 4)).action.act(shifts).apply(grid.ravel())
        np.testing.assert_array_equal(moved, np.roll(grid, shifts, (0, 1)).ravel())


def test_reflection_reverses():
    np.testing.assert_array_equal(reflection(5).generators[0].apply(np.arange(5)), np.arange(5)[::-1])


def test_sets_and_graphs_move_by_permutation_matrices():
    rng = np.random.default_rng(0)
    items, A = rng.standard_normal((5, 3)), rng.standard_normal((5, 5))
    for _ in range(5):
        p = rng.permutation(5)
        P = np.eye(5)[p]
        moved = permutations_of_sets(5, 3).action.act(p).apply(items.ravel())
        np.testing.assert_array_equal(moved, (P @ items).ravel())
        relabelled = permutations_of_graphs(5).action.act(p).apply(A.ravel())
        np.testing.assert_array_equal(relabelled, (P @ A @ P.T).ravel())


@pytest.mark.parametrize("k", [1, 2, 3])
def test_reverse_complement_of_strings(k):
    words = ["".join(letters) for letters in itertools.product("ACGT", repeat=k)]
    partner = {"A": "T", "C": "G", "G": "C", "T": "A"}
    expected = [words.index("".join(partner[b] for b in reversed(word))) for word in words]
    np.testing.assert_array_equal(reverse_complement(k).generators[0].indices, expected)


TEXTS = {
    "trivial:10": lambda: trivial(10),
    "image_rotations:8": lambda: image_rotations(8),
    "image_rotations:side=8": lambda: image_rotations(8),
    "image_rotations:8,channels=3,reflections=true": lambda: image_rotations(8, channels=3, reflections=True),
    " image_rotations : 8 , reflections = No ": lambda: image_rotations(8),
    "cyclic_shifts:28": lambda: cyclic_shifts(28),
    "cyclic_shifts:28x20": lambda: cyclic_shifts((28, 20)),
    "cyclic_shifts:shape=4x5x6": lambda: cyclic_shifts((4, 5, 6)),
    "reflection:9": lambda: reflection(9),
    "permutations:6": lambda: permutations(6),
    "permutations_of_sets:14x12": lambda: permutations_of_sets(14, 12),
    "permutations_of_sets:14,12": lambda: permutations_of_sets(14, 12),
    "permutations_of_sets:14,n_features=12": lambda: permutations_of_sets(14, 12),
    "permutations_of_graphs:4": lambda: permutations_of_graphs(4),
    "reverse_complement:4": lambda: reverse_complement(4),
    "so2:0,-1,3": lambda: groups.so2([0, -1, 3]),
    "so3:1,0=2": lambda: groups.so3({0: 2, 1: 1}),
    "so3: 2 = 1": lambda: groups.so3(2),
    "o3:1o,0e=2,1e=1": lambda: groups.o3({"0e": 2, "1e": 1, "1o": 1}),
    "su2:1": lambda: groups.su2(1),
    "translations:2,-1": lambda: groups.translations([2, -1]),
    "translations:1x0,-1x2": lambda: groups.translations([[1, 0], [-1, 2]]),
    "scaling:1,-0.5,1e-3": lambda: groups.scaling([1.0, -0.5, 0.001]),
    "shear:3,plane=2x0": lambda: groups.shear(3, plane=(2, 0)),
    "point_clouds:4,2,reflections=yes": lambda: groups.point_clouds(4, 2, reflections=True),
    "point_cloud_vectors:4": lambda: groups.point_cloud_vectors(4),
    "wreath:4,copies=3": lambda: groups.wreath(4, 3),
    "wreath:wreath:cyclic_shifts:3,copies=2,copies=2": lambda: groups.wreath(
        groups.wreath(cyclic_shifts(3), 2), 2
    ),
    "cube_rotations:2,channels=3,reflections=true": lambda: groups.cube_rotations(
        2, channels=3, reflections=True
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_the_call(text):
    got, expected = from_name(text), TEXTS[text]()
    assert (got.name, got.dim, got.order) == (expected.name, expected.dim, expected.order)
    for g, h in zip(got.generators, expected.generators, strict=True):
        np.testing.assert_array_equal(g.to_dense(), h.to_dense())
    for L, K in zip(got.algebra, expected.algebra, strict=True):
        assert abs(L - K).max() == 0.0
    if got.action.draw is not None:
        np.testing.assert_array_equal(got.sample(1).to_dense(), expected.sample(1).to_dense())
    assert from_name(got.name).name == got.name


def test_every_named_representation_is_listed_and_public():
    assert set(names()) <= set(groups.__all__)
    assert set(names()) == set(EXAMPLES)
    unnamed = {"from_matrices", "from_permutation_group"}
    assert set(names()) == set(catalogue.__all__) - unnamed
    assert all(summary.endswith(".") and len(summary) < 110 for summary in names().values())
    assert all(hasattr(groups, name) for name in groups.__all__)


def test_a_text_that_ends_in_npz_is_a_file(tmp_path):
    path = tmp_path / "turns.npz"
    save_generators(path, image_rotations(3))
    assert from_name(str(path)).order == 4


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="no symmetry named 'image_rotation'") as raised:
        from_name("image_rotation:8")
    assert raised.value.cause == "did you mean 'image_rotations'?"
    assert all(name in raised.value.remedy for name in names())
    with pytest.raises(UnknownNameError, match="misspelt"):
        from_name("qqq")
    with pytest.raises(ParameterError, match="got int") as typed:
        from_name(8)
    assert typed.value.cause
    assert "from_name(" in typed.value.remedy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("image_rotations", "side is missing"),
        ("image_rotations:8x8", "2 values for side"),
        ("image_rotations:8,side=8", "side is given twice"),
        ("image_rotations:8,colour=3", "there is no option 'colour'"),
        ("image_rotations:8,channels=1,channels=3", "channels is given twice"),
        ("image_rotations:eight", "'eight' is neither a size"),
        ("image_rotations:2.5", "'2.5' is neither"),
        ("so2", "there are none"),
        ("so2:1,a", "'a' is not a whole number"),
        ("so3:0=2,0=1", "0 is given twice"),
        ("so3:1=x", "'x' is not a whole number"),
        ("scaling:1,b", "'b' is not a number"),
        ("translations:1x0,2", "of different lengths"),
        ("translations:", "there are none"),
        ("wreath:cyclic_shifts:3", "copies is missing"),
        ("wreath:cyclic_shifts,copies=3", "shape is missing"),
    ],
)
def test_wrong_arguments_show_how_to_write_them(text, problem):
    with pytest.raises(ParameterError) as raised:
        from_name(text)
    assert problem in raised.value.what
    name = "cyclic_shifts" if "shape" in problem else text.partition(":")[0]
    assert raised.value.cause.startswith(f"{name} takes ")
    assert raised.value.remedy == f"give them as in {EXAMPLES[name]}"
    if name == "image_rotations":
        assert raised.value.cause == "image_rotations takes side, channels=1, reflections=false"


@pytest.mark.parametrize(
    "text",
    [
        "trivial:300000000",
        "cyclic_shifts:100000x100000",
        "reflection:999999999999999999999999",
        "dihedral:1000000000",
        "image_rotations:100000",
        "cube_rotations:5000",
        "permutations:1000000000",
        "permutations_of_sets:100000x100000",
        "permutations_of_graphs:100000000",
        "permutations_of_tensors:1000x9",
        "permutations_of_tensors:1x1000000",
        "alternating:1000000000",
        "hyperoctahedral:1000000000",
        "reverse_complement:20",
        "reverse_complement:1000000000",
        "so3:0=1000000000",
        "so3_vectors:1000000000",
        "so3_tensors:100",
        "o3:1o=1000000000",
        "o3_vectors:1000000000",
        "o3_tensors:100",
        "su2:1=1000000000",
        "unitary_phase:1000000000",
        "lorentz_vectors:1000000000",
        "so13_tensors:30",
        "shear:1000000000",
        "special_linear:1000000000",
        "symplectic:1000000000",
        "rigid_motions:1000000000",
        "rigid_motions:3434",
        "special_linear:65536",
        "symplectic:65536",
        "point_clouds:1000000000",
        "point_cloud_vectors:1000000000",
        "wreath:permutations:1000000,copies=1000000",
    ],
)
def test_what_cannot_be_held_is_refused_before_it_is_built(text):
    with pytest.raises(ParameterError, match=r"is too large: .* coordinates, at most 2") as raised:
        from_name(text)
    assert raised.value.cause.startswith("a size with a digit too many")
    assert raised.value.remedy.endswith(f", as in {EXAMPLES[text.partition(':')[0]]}")


def test_what_is_neither_true_nor_false_is_told_the_options():
    with pytest.raises(ParameterError, match="reflections must be True or False, got 1") as raised:
        from_name("image_rotations:8,reflections=1")
    assert "give side, channels=1, reflections=false, as in" in raised.value.remedy


def test_what_does_not_fit_this_machine_is_refused(monkeypatch):
    def full(*_):
        raise MemoryError("Unable to allocate 3.55 MiB")

    monkeypatch.setitem(naming._ENTRIES, "permutations", full)
    with pytest.raises(ParameterError, match="'permutations:10' needs more memory than there is"):
        from_name("permutations:10")


@pytest.mark.parametrize(
    "call",
    [
        lambda: trivial(0),
        lambda: trivial(True),
        lambda: cyclic_shifts(2.0),
        lambda: cyclic_shifts(()),
        lambda: cyclic_shifts((3, -1)),
        lambda: cyclic_shifts("28"),
        lambda: reflection(-2),
        lambda: image_rotations(0),
        lambda: image_rotations(3, channels=0),
        lambda: permutations("3"),
        lambda: permutations_of_sets(3, 0),
        lambda: permutations_of_sets(0, 3),
        lambda: permutations_of_graphs(None),
        lambda: reverse_complement(0),
        lambda: from_name("trivial:-3"),
    ],
)
def test_sizes_are_checked(call):
    with pytest.raises(ParameterError, match="must be a positive integer") as raised:
        call()
    assert "size" in raised.value.cause
    assert raised.value.remedy.startswith("give ")


def test_options_are_checked():
    with pytest.raises(ParameterError, match="reflections must be True or False, got 1") as raised:
        image_rotations(3, reflections=1)
    assert "yes-or-no" in raised.value.cause
    assert "reflections=True" in raised.value.remedy
