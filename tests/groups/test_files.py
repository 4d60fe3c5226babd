"""Generator files: what is written is read back, and whatever is wrong with a file is said."""

import zipfile

import numpy as np
import pytest
import scipy.sparse as sp

from haarwire.errors import FileError, ParameterError
from haarwire.groups import (
    Matrix,
    Permutation,
    Representation,
    SignedPermutation,
    from_file,
    image_rotations,
    save_generators,
    trivial,
)


def test_round_trip(tmp_path):
    path = tmp_path / "group.npz"
    shear = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    rep = Representation(
        3,
        [Permutation([1, 2, 0]), SignedPermutation([0, 2, 1], [1, -1, 1]), Matrix(sp.csr_array(shear))],
        [shear - np.eye(3), sp.csr_array(np.diag([1.0, 2.0, 3.0]))],
    )
    save_generators(path, rep)
    again = from_file(path)
    assert again.name == str(path)
    assert [type(g) for g in again.generators] == [Permutation, SignedPermutation, Matrix]
    for g, h in zip(again.generators, rep.generators, strict=True):
        np.testing.assert_array_equal(g.to_dense(), h.to_dense())
    for L, K in zip(again.algebra, rep.algebra, strict=True):
        np.testing.assert_array_equal(L, sp.csr_array(K).toarray())


def test_the_trivial_group_keeps_its_dimension(tmp_path):
    save_generators(tmp_path / "trivial.npz", trivial(4))
    again = from_file(tmp_path / "trivial.npz")
    assert (again.dim, again.order) == (4, 1)


def test_the_order_of_more_than_ten_generators_is_kept(tmp_path):
    generators = [Permutation(np.roll(np.arange(13), k)) for k in range(13)]
    save_generators(tmp_path / "many.npz", Representation(13, generators))
    assert [g.indices[0] for g in from_file(tmp_path / "many.npz").generators] == [
        g.indices[0] for g in generators
    ]


def test_stacks_and_names(tmp_path):
    path = tmp_path / "stack.npz"
    turns = np.stack([g.to_dense() for g in image_rotations(2).elements()])
    np.savez(path, turns=turns, algebra_of_it=np.zeros((2, 4, 4)), last=np.array([3, 2, 1, 0]))
    rep = from_file(path)
    assert [type(g) for g in rep.generators] == [Permutation] * 5
    assert len(rep.algebra) == 2


save = np.savez


def truncated(path):
    np.savez(path, a=np.eye(30))
    path.write_bytes(path.read_bytes()[:-200])


def corrupt(path):
    np.savez(path, a=np.eye(30))
    content = bytearray(path.read_bytes())
    content[2000] ^= 255
    path.write_bytes(content)


def corrupt_compressed(path):
    np.savez_compressed(path, a=np.random.default_rng(0).standard_normal((30, 30)))
    content = bytearray(path.read_bytes())
    content[300:400] = bytes(100)
    path.write_bytes(content)


def foreign_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def npy(path):
    with path.open("wb") as file:
        np.save(file, np.eye(2))


@pytest.mark.parametrize(
    ("write", "what", "cause", "remedy"),
    [
        (lambda p: None, "cannot be opened", "wrong path", "check the path"),
        (lambda p: p.mkdir(), "cannot be opened", "folder", "check the path"),
        (npy, "not an .npz archive", "numpy.save", "numpy.savez"),
        (lambda p: p.write_text("1 2 3"), "not an .npz archive", "text file", "numpy.savez"),
        (lambda p: p.write_bytes(b""), "not an .npz archive", "another format", "numpy.savez"),
        (truncated, "damaged", "cut short", "again"),
        (corrupt, "damaged", "cut short", "again"),
        (corrupt_compressed, "damaged", "cut short", "again"),
        (foreign_zip, "'readme.txt' is not an array", "zip file", "numpy.savez"),
        (np.savez, "empty", "without arrays", "numpy.savez"),
        (lambda p: save(p, a=np.array([{}, 1])), "pickled", "dtype object", "real arrays"),
        (lambda p: save(p, a=np.ones(3)), "shape (3,) and dtype float64", "generator", "1-D array"),
        (lambda p: save(p, a=np.ones((2, 3))), "shape (2, 3)", "generator", "(k, n, n)"),
        (lambda p: save(p, a=np.eye(2) * 1j), "complex128", "generator", "real array"),
        (lambda p: save(p, a=np.array(["x"])), "dtype <U1", "generator", "real array"),
        (lambda p: save(p, a=np.ones((0, 2, 2))), "shape (0, 2, 2)", "generator", "(k, n, n)"),
        (lambda p: save(p, algebra=np.ones(3)), "'algebra' of shape (3,)", "Lie-algebra", "(n, n)"),
        (lambda p: save(p, a=[0, 1], b=[0, 2, 1]), "'a': 2, 'b': 3", "two groups", "one representation"),
        (lambda p: save(p, a=[0, 1], algebra=np.eye(3)), "'algebra': 3", "two groups", "one"),
        (lambda p: save(p, a=[1, 2]), "array 'a': not a permutation", "count from 1", "count from 0"),
        (
            lambda p: save(p, a=np.ones((2, 2))),
            "'a': the generator is singular",
            "projection",
            "algebra",
        ),
        (lambda p: save(p, algebra=np.full((2, 2), np.nan)), "contains NaN", "missing", "isfinite"),
    ],
)
def test_messages(tmp_path, write, what, cause, remedy):
    path = tmp_path / "group.npz"
    write(path)
    with pytest.raises(FileError) as raised:
        from_file(path)
    assert str(path) in raised.value.what
    assert what in raised.value.what
    assert cause in raised.value.cause
    assert remedy in raised.value.remedy


def test_names_that_no_file_can_have():
    with pytest.raises(FileError, match=r"cannot be opened .*null"):
        from_file("a\0b.npz")


@pytest.mark.parametrize(
    "header", [b"{'descr': '<f8', 'shape': (", b"{'descr': '<f8', 'shape': (9" + b"9" * 80]
)
def test_headers_that_numpy_stumbles_over(tmp_path, header):
    with zipfile.ZipFile(tmp_path / "group.npz", "w") as archive:
        start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        archive.writestr("a.npy", start + header)
    with pytest.raises(FileError, match="the archive is damaged"):
        from_file(tmp_path / "group.npz")


def test_where_generators_cannot_be_written(tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.npz") as raised:
        save_generators(tmp_path / "group.npy", trivial(2))
    assert "another format" in raised.value.cause
    assert "group.npz" in raised.value.remedy
    with pytest.raises(FileError, match="cannot write") as missing:
        save_generators(tmp_path / "nowhere" / "group.npz", trivial(2))
    assert "no such folder" in missing.value.cause
    assert "existing folder" in missing.value.remedy
