"""Each named representation against the operation that it is named after, and texts against calls."""

import itertools

import numpy as np
import pytest

import haarwire.groups as groups
from haarwire.errors import ParameterError, UnknownNameError
from haarwire.groups import (
    cyclic_shifts,
    from_name,
    image_rotations,
    names,
    permutations,
    permutations_of_graphs,
    permutations_of_sets,
    reflection,
    reverse_complement,
    save_generators,
    trivial,
)


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
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_the_call(text):
    got, expected = from_name(text), TEXTS[text]()
    assert (got.name, got.dim, got.order) == (expected.name, expected.dim, expected.order)
    for g, h in zip(got.generators, expected.generators, strict=True):
        np.testing.assert_array_equal(g.indices, h.indices)
    np.testing.assert_array_equal(got.sample(1).indices, expected.sample(1).indices)
    assert from_name(got.name).name == got.name


def test_every_named_representation_is_listed_and_public():
    assert set(names()) <= set(groups.__all__)
    assert set(names()) == {text.partition(":")[0].strip() for text in TEXTS}
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
        ("image_rotations", "missing a required argument: 'side'"),
        ("image_rotations:8x8", "too many positional arguments"),
        ("image_rotations:8,colour=3", "unexpected keyword argument 'colour'"),
        ("image_rotations:8,channels=1,channels=3", "channels is given twice"),
        ("image_rotations:eight", "'eight' is neither"),
        ("image_rotations:2.5", "'2.5' is neither"),
    ],
)
def test_wrong_arguments_show_the_signature(text, problem):
    with pytest.raises(ParameterError) as raised:
        from_name(text)
    assert problem in raised.value.what
    assert "image_rotations(side: int, *, channels: int = 1, reflections: bool" in raised.value.cause.replace(
        "'", ""
    )
    assert "channels=3" in raised.value.remedy


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
    assert raised.value.remedy.startswith("give a ")


def test_options_are_checked():
    with pytest.raises(ParameterError, match="reflections must be True or False, got 1") as raised:
        image_rotations(3, reflections=1)
    assert "yes-or-no" in raised.value.cause
    assert "reflections=True" in raised.value.remedy
