"""`Moments.from_source`: the same moments from every kind of source; errors name file and row."""

from __future__ import annotations

import io
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import haarwire as hw
from haarwire import DataError, FileError, Moments, ParameterError
from haarwire.moments.conditioning import IllConditionedWarning
from haarwire.moments.sources import ProgressBar, open_source
from haarwire.moments.sources import source as source_module

N, FEATURES, TARGETS = 3000, 6, 2
NAMES = [f"x{i}" for i in range(FEATURES)]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few hundred rows, so that there are many."""
    monkeypatch.setattr(source_module, "_PIECE_ELEMENTS", 2000)


def samples(offset: float = 0.0, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = offset + rng.standard_normal((N, FEATURES)) * np.geomspace(0.1, 10, FEATURES)
    return X.astype(dtype), (X[:, :TARGETS] + rng.standard_normal((N, TARGETS))).astype(dtype)


def difference(a: Moments, b: Moments) -> float:
    """Largest difference of scatters, relative to √(S_ii S_jj), and of means."""
    assert (a.n_features, a.count, a.dtype) == (b.n_features, b.count, b.dtype)
    spread = np.sqrt(b.scatter.diagonal())
    means = np.abs(a.mean - b.mean) / (np.abs(b.mean) + spread / np.sqrt(b.count))
    return max(float((np.abs(a.scatter - b.scatter) / np.outer(spread, spread)).max()), float(means.max()))


def table(X: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    columns = {name: X[:, i] for i, name in enumerate(NAMES)}
    return columns | {f"t{i}": Y[:, i] for i in range(Y.shape[1])}


TABLE_OPTIONS = {"x": NAMES, "y": ["t0", "t1"]}


def write_npy(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    return folder / "X.npy", {"y": str(folder / "Y.npy")}


def write_npy_table(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.save(folder / "all.npy", np.hstack([Y[:, :1], X, Y[:, 1:]]))
    return folder / "all.npy", {"y": [0, FEATURES + 1]}


def write_npy_fields(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    rows = np.empty(len(X), [("pixels", X.dtype, FEATURES), ("t", Y.dtype, TARGETS)])
    rows["pixels"], rows["t"] = X, Y
    np.save(folder / "fields.npy", rows)
    return folder / "fields.npy", {"x": "pixels", "y": "t"}


def write_npz(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.savez(folder / "data.npz", x=X.reshape(len(X), 2, -1), y=Y)
    return folder / "data.npz", {}


def write_npz_compressed(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.savez_compressed(folder / "small.npz", inputs=X, outputs=Y)
    return folder / "small.npz", {"x": "inputs", "y": "outputs"}


def write_parquet(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    (folder / "tables").mkdir()
    for i, rows in enumerate(np.array_split(np.arange(len(X)), 4)):
        name = folder / "tables" / f"part-{i}.parquet"
        pq.write_table(pa.table(table(X[rows], Y[rows])), name, row_group_size=300)
    return folder / "tables", TABLE_OPTIONS


def write_parquet_lists(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), FEATURES)
    targets = pa.FixedSizeListArray.from_arrays(pa.array(Y.ravel()), TARGETS)
    pq.write_table(pa.table({"image": flat, "target": targets}), folder / "lists.parquet")
    return folder / "lists.parquet", {}


def write_csv(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.csv as csv

    for i, rows in enumerate(np.array_split(np.arange(len(X)), 3)):
        csv.write_csv(pa.table(table(X[rows], Y[rows])), folder / f"c{i}.csv")
    return str(folder / "c*.csv"), TABLE_OPTIONS


def write_feather(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.feather as feather

    feather.write_feather(pa.table(table(X, Y)), folder / "all.feather", chunksize=500)
    return folder / "all.feather", {"x": ",".join(NAMES), "y": "t0,t1"}


def write_zarr(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    zarr = pytest.importorskip("zarr", reason="needs the io extra")
    group = zarr.open_group(folder / "store.zarr", mode="w")
    group.create_array("x", data=X, chunks=(333, 4))
    group.create_array("y", data=Y, chunks=(700, 1))
    return folder / "store.zarr", {}


def write_hdf5(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("deep/x", data=X, chunks=(100, 3), compression="gzip")
        file["y"] = Y
    return folder / "data.h5", {"x": "deep/x", "y": "y"}


def arrays(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    return (X, Y), {}


def batches(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    cuts = np.sort(np.random.default_rng(1).integers(0, len(X), 999))
    return ((X[a:b], Y[a:b]) for a, b in zip([0, *cuts], [*cuts, len(X)], strict=True)), {}


def torch_set(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    torch = pytest.importorskip("torch", reason="needs the torch extra")
    return torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), {}


def torch_loader(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    torch = pytest.importorskip("torch", reason="needs the torch extra")
    data, _ = torch_set(folder, X, Y)
    return torch.utils.data.DataLoader(data, batch_size=128), {}


def arrow_table(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    return pa.table(table(X, Y)), TABLE_OPTIONS


WRITERS = [
    arrays, batches, write_npy, write_npy_table, write_npy_fields, write_npz, write_npz_compressed,
    write_parquet, write_parquet_lists, write_csv, write_feather, write_zarr, write_hdf5, torch_set,
    torch_loader, arrow_table,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(("offset", "dtype"), [(0.0, np.float64), (1e6, np.float64), (3.0, np.float32)])
def test_the_same_moments_from_every_kind_of_source(write, offset, dtype, tmp_path) -> None:
    X, Y = samples(offset, dtype)
    source, options = write(tmp_path, X, Y)
    moments = Moments.from_source(source, **options)
    if write is write_csv and dtype is np.float32:
        X, Y = X.astype(np.float64), Y.astype(np.float64)  # text has no precision of its own
        text = np.loadtxt(tmp_path / "c0.csv", delimiter=",", skiprows=1)
        X[: len(text)] = text[:, :FEATURES]  # shortest digits of float32
        moments = Moments.from_source(tmp_path / "c0.csv", **options)
        X, Y = text[:, :FEATURES], text[:, FEATURES:]
    assert difference(moments, Moments.from_arrays(X, Y)) < 1e-12


@pytest.mark.parametrize("write", [write_npz, write_parquet, write_csv, write_hdf5])
def test_urls_of_fsspec(write, tmp_path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the io extra")
    X, Y = samples()
    source, options = write(tmp_path, X, Y)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path) + "/", "/bucket", recursive=True)
    name = "" if write is write_parquet else Path(str(source)).name
    url = "memory://bucket" + ("/tables" if write is write_parquet else f"/{name}")
    try:
        assert difference(Moments.from_source(url, **options), Moments.from_arrays(X, Y)) < 1e-12
        local = Moments.from_source(f"file://{source}", **options)
        assert difference(local, Moments.from_arrays(X, Y)) < 1e-12
        with pytest.raises(FileError, match="no file memory://bucket/none"):
            Moments.from_source("memory://bucket/none.npz")
    finally:
        memory.rm("/bucket", recursive=True)


def test_weights_and_filters_of_tables(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    X, Y = samples()
    rng = np.random.default_rng(1)
    w, year = rng.integers(0, 3, N), rng.integers(2018, 2024, N)
    pq.write_table(pa.table(table(X, Y) | {"w": w, "year": year}), tmp_path / "t.parquet")
    kept = year >= 2021
    expected = Moments.from_arrays(X[kept], Y[kept], w[kept])
    for filters in ([("year", ">=", 2021)], pa.dataset.field("year") >= 2021):
        moments = Moments.from_source(
            tmp_path / "t.parquet", **TABLE_OPTIONS, sample_weight="w", filters=filters
        )
        assert difference(moments, expected) < 1e-12
    with pytest.raises(DataError, match=r"filters=.* cannot be understood"):
        Moments.from_source(tmp_path / "t.parquet", **TABLE_OPTIONS, filters=[("year",)])


@pytest.mark.parametrize("kind", ["text", "integers", "dictionary"])
@pytest.mark.parametrize("order", ["mixed", "sorted"])
def test_labels_become_one_hot_in_sorted_order(kind, order, tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    X, _ = samples()
    codes = np.random.default_rng(2).integers(0, 12, N)
    codes = -np.sort(-codes) if order == "sorted" else codes
    labels = codes if kind == "integers" else np.array([f"class {c:02}" for c in codes])
    column = pa.array(labels).dictionary_encode() if kind == "dictionary" else pa.array(labels)
    columns = {name: X[:, i] for i, name in enumerate(NAMES)} | {"label": column}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    expected = Moments.from_arrays(X, np.eye(12)[codes])
    assert difference(Moments.from_source(tmp_path / "t.parquet", one_hot=True), expected) < 1e-12
    classes = np.unique(labels)[::-1]
    reversed_ = Moments.from_source(tmp_path / "t.parquet", one_hot=classes, accuracy="gram")
    assert difference(reversed_, Moments.from_arrays(X, np.eye(12)[codes][:, ::-1])) < 1e-12
    with pytest.raises(DataError, match="is none of the 11 classes"):
        Moments.from_source(tmp_path / "t.parquet", one_hot=classes[1:])


def test_images_of_bytes_with_labels_take_the_exact_route() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 3, 4), dtype=np.uint8)
    labels = np.sort(rng.integers(0, 5, N))  # every class begins late
    moments = Moments.from_source((images, labels), one_hot=True, accuracy="gram")
    expected = Moments.from_arrays(images.reshape(N, -1), np.eye(5, dtype=np.uint8)[labels])
    assert np.array_equal(moments.scatter, expected.scatter)
    assert np.array_equal(moments.mean, expected.mean)


@pytest.mark.parametrize("accuracy", ["gram", "qr"])
def test_classes_that_begin_late_are_columns_of_zeros_before(accuracy) -> None:
    X, _ = samples(1e6)
    labels = np.repeat([3, 1, 2], N // 3)
    moments = Moments.from_source((X, labels), one_hot=True, accuracy=accuracy)
    expected = Moments.from_arrays(X, np.eye(4)[labels][:, 1:])
    assert difference(moments, expected) < 1e-12
    if accuracy == "qr":
        assert np.array_equal(moments.factor, np.triu(moments.factor))


@pytest.mark.parametrize("sparse", [True, False])
def test_only_the_invariant_coordinates(sparse) -> None:
    rep = hw.groups.permutations_of_sets(3, 2)
    subspace = hw.invariant_subspace(rep)
    X, Y = samples()
    basis = subspace.matrix if sparse else np.asarray(subspace.basis)
    inner = Moments.from_source((X, Y), basis=basis)
    assert inner.n_features == subspace.dim < FEATURES
    found = hw.solve(inner, hw.groups.trivial(subspace.dim), approach=hw.Plain())
    whole = hw.solve(Moments.from_arrays(X, Y), rep, approach=hw.Hardwired())
    np.testing.assert_allclose(subspace.embed(found.coef), whole.coef, rtol=1e-10, atol=1e-12)
    X[1234, 1] = np.nan
    with pytest.raises(DataError, match="is nan at row 1234, column 1"):
        Moments.from_source((X, Y), basis=basis)
    with pytest.raises(DataError, match="the basis is for 5"):
        Moments.from_source((X, Y), basis=np.eye(5))
    with pytest.raises(ParameterError, match="basis has shape"):
        Moments.from_source((X, Y), basis=np.ones(6))


# What is wrong.


@pytest.mark.parametrize("write", [write_npy, write_npz, write_parquet, write_zarr, write_hdf5, arrays])
def test_a_missing_value_is_named_by_file_and_row(write, tmp_path) -> None:
    X, Y = samples()
    X[2777, 3] = np.nan
    source, options = write(tmp_path, X, Y)
    file, row = (
        (str(tmp_path / "tables/part-3.parquet"), 527) if write is write_parquet else (str(source), 2777)
    )
    file = "the arrays" if write is arrays else file
    with pytest.raises(DataError) as error:
        Moments.from_source(source, **options)
    assert error.value.what == f"X of {file} is nan at row {row}, column 3."


def test_a_null_is_named_by_column_file_and_row(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    values = [None if i == 777 else float(i) for i in range(1000)]
    columns = {"a": pa.array(values), "y": np.arange(1000.0)}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=250)
    with pytest.raises(DataError, match=r"Column 'a' of .*t.parquet is missing at row 777"):
        Moments.from_source(tmp_path / "t.parquet")


def test_a_schema_that_changes_is_named_by_file(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    first = {"a": np.arange(5.0), "b": np.arange(5), "y": np.arange(5.0) ** 2}
    pq.write_table(pa.table(first), tmp_path / "1.parquet")
    again = {"y": first["y"], "b": first["b"].astype(float), "a": first["a"]}
    pq.write_table(pa.table(again), tmp_path / "2.parquet")  # another order is none
    twice = Moments.from_source(tmp_path, accuracy="gram")
    X = np.column_stack([first["a"], first["b"]])
    expected = Moments.from_arrays(np.vstack([X, X]), np.tile(first["y"], 2))
    assert difference(twice, expected) < 1e-12
    for change, message in (
        ({"a": first["a"], "y": first["y"]}, "has no column 'b'"),
        (first | {"b": list("abcde")}, "Column 'b' of .*3.parquet has type string"),
    ):
        pq.write_table(pa.table(change), tmp_path / "3.parquet")
        with pytest.raises(DataError, match=message):
            Moments.from_source(tmp_path, accuracy="gram")
    (tmp_path / "3.parquet").unlink()
    np.savez(tmp_path / "1.npz", x=np.ones((3, 2)), y=np.arange(3))
    np.savez(tmp_path / "2.npz", x=np.ones((3, 4)), y=np.arange(3))
    with pytest.raises(DataError, match=r"2.npz has 4 features at row 0, .*1.npz has 2"):
        Moments.from_source(tmp_path / "*.npz")
    with pytest.raises(FileError, match=r"files of different kinds: .npz, .parquet"):
        Moments.from_source(tmp_path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(255 - b for b in content[middle : middle + 200])
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("write", [write_npy, write_npz, write_npz_compressed, write_parquet, write_hdf5])
def test_a_file_that_was_cut_off_is_named(write, tmp_path) -> None:
    source, options = write(tmp_path, *samples())
    file = tmp_path / "tables/part-2.parquet" if write is write_parquet else Path(str(source))
    truncate(file)
    with pytest.raises(FileError) as error:
        Moments.from_source(source, **options)
    assert str(file) in error.value.what


@pytest.mark.parametrize("write", [write_npz, write_npz_compressed, write_zarr])
def test_damage_in_the_middle_is_found(write, tmp_path) -> None:
    source, options = write(tmp_path, *samples())
    file = Path(str(source))
    if write is write_zarr:
        truncate(tmp_path / "store.zarr/x/c/5/0")
    else:
        scramble(file)
    # Damaged numbers may be NaN before the checksum at the end of the file is reached.
    with pytest.raises((FileError, DataError)) as error:
        Moments.from_source(source, **options)
    assert str(file) in error.value.what


def test_missing_chunks_are_not_read_as_zeros(tmp_path) -> None:
    X, Y = samples()
    source, _ = write_zarr(tmp_path, X, Y)
    (tmp_path / "store.zarr/x/c/5/0").unlink()
    with pytest.raises(FileError, match=r"1 of the 20 chunks .* are missing"):
        Moments.from_source(source)
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_dataset("x", (100, 2), chunks=(10, 2), dtype=float)[:50] = 1.0
        file["y"] = np.arange(100.0)
    with pytest.raises(FileError, match=r"5 of the 10 chunks .* are missing"):
        Moments.from_source(tmp_path / "d.h5")


def test_text_tables(tmp_path) -> None:
    pytest.importorskip("pyarrow", reason="needs the io extra")
    path = tmp_path / "t.csv"
    # Whole numbers at first, fractions a megabyte later.
    lines = ["a,b,label", *["1,2,u"] * 300_000, "2.5,1,v"]
    path.write_text("\n".join(lines) + "\n")
    moments = Moments.from_source(path, one_hot=True, accuracy="gram")
    assert moments.count == 300_001
    assert moments.x_mean[0] == pytest.approx((300_000 + 2.5) / 300_001, rel=1e-14)
    path.write_text("\n".join([*lines, "oops,1,v"]) + "\n")
    with pytest.raises(FileError, match=r"t.csv cannot be read.*oops"):
        Moments.from_source(path, one_hot=True)
    path.write_text("0.5,1.5,2\n3,4,5\n")
    with pytest.raises(DataError, match="has no header"):
        Moments.from_source(path, y=2)
    path.write_text("a,a,y\n1,2,3\n")
    with pytest.raises(FileError, match=r"t.csv cannot be read.*a"):
        Moments.from_source(path)
    path.write_text("a,b,y\n1,,3\n2,5,6\n")
    with pytest.raises(DataError, match=r"Column 'b' of .* is missing at row 0"):
        Moments.from_source(path)
    path.write_text("a,b,y\nu,2,3\n")
    with pytest.raises(DataError, match=r"Column 'a' of .* is not numeric"):
        Moments.from_source(path)
    (tmp_path / "t.tsv").write_text("a\ty\n1\t3\n2\t5\n")
    assert Moments.from_source(tmp_path / "t.tsv").count == 2


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (7, {}, ParameterError, "cannot be read from a int"),
        ("none.npz", {}, FileError, "There is no file none.npz"),
        ("data.txt", {}, FileError, "of no known kind"),
        ("/dev/null", {}, FileError, "neither a file nor a folder"),
        ((np.ones((3, 2)), np.ones(4)), {}, DataError, "have 3 and 4 rows"),
        ((np.ones((3, 2)), np.ones(3)), {"x": "a"}, ParameterError, "x='a' does not apply"),
        ((np.ones((3, 2)), np.ones(3)), {"filters": [("a", ">", 1)]}, ParameterError, "does not apply"),
        ([], {}, DataError, "no sample with a weight above zero"),
        ([np.ones((3, 2))], {}, DataError, "Batch 0 is a ndarray"),
        ((np.ones((3, 2)), np.ones(3)), {"accuracy": "best"}, ParameterError, "accuracy is 'best'"),
        ((np.ones((3, 2)), [np.nan, 1.0, 2.0]), {"one_hot": True}, DataError, "row 0 is missing"),
        ((np.ones((3, 2)), np.array(["a", None, "b"])), {"one_hot": True}, DataError, "row 1 is missing"),
        ((np.ones((3, 2)), np.ones((3, 2))), {"one_hot": True}, DataError, "Labels.* have shape"),
        ((np.ones((3, 2)), np.ones(3)), {"one_hot": [1, 1]}, DataError, "of which 1 differ"),
        (
            [(np.ones((2, 2)), ["a", "b"]), (np.ones((1, 2)), [1])],
            {"one_hot": True},
            DataError,
            "another kind",
        ),
        ({"a": np.ones((3, 2))}, {}, DataError, "Which array of the group is x"),
        ({"x": np.ones((3, 2)), "y": np.ones(3)}, {"sample_weight": "w"}, DataError, "no array called 'w'"),
    ],
)
def test_bad_sources(source, options, error, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.txt").touch()
    if isinstance(source, tuple):
        source = tuple(np.asarray(A) for A in source)
    with pytest.raises(error, match=message):
        Moments.from_source(source, **options)


def test_names_that_are_nearly_right(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", pixels=np.ones((3, 2)), labels=np.arange(3))
    with pytest.raises(DataError, match=r"Which array of .*d.npz is x.* pixels, labels"):
        Moments.from_source(tmp_path / "d.npz")
    pytest.importorskip("pyarrow", reason="needs the io extra")
    (tmp_path / "t.csv").write_text("age,size,price\n1,2,3\n2,1,4\n")
    with pytest.raises(DataError, match=r"Which column of .* is the target"):
        Moments.from_source(tmp_path / "t.csv")
    with pytest.raises(DataError, match="did you mean 'price'"):
        Moments.from_source(tmp_path / "t.csv", y="prise")


def test_no_pickle_is_read(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([{}], dtype=object), y=np.arange(1))
    with pytest.raises(FileError, match="dtype object"):
        Moments.from_source(tmp_path / "d.npz")
    np.save(tmp_path / "d.npy", np.array([{}], dtype=object))
    with pytest.raises(FileError, match="cannot be read"):
        Moments.from_source(tmp_path / "d.npy", y=0)


# How it is read.


def test_an_error_of_a_batch_ends_the_reading() -> None:
    seen = []

    def stream() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for i in range(100):
            seen.append(i)
            yield np.full((2, 2), np.nan if i == 3 else 1.0), np.ones(2)

    with pytest.raises(DataError, match="X of batch 3 is nan at row 0"):
        Moments.from_source(stream())
    assert len(seen) <= 5  # one is read ahead


def test_an_error_of_the_stream_is_raised() -> None:
    def stream() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield np.ones((2, 2)), np.ones(2)
        raise OSError("the network is gone")

    with pytest.raises(OSError, match="the network is gone"):
        Moments.from_source(stream())


def test_progress(tmp_path, monkeypatch) -> None:
    X, Y = samples()
    calls: list[tuple[int, int | None]] = []
    Moments.from_source((X, Y), progress=lambda rows, total: calls.append((rows, total)))
    assert calls[-1] == (N, N)
    assert len(calls) > 5
    text = io.StringIO()
    bar = ProgressBar(text)
    clock = iter([1.0, 1.1, 9.0])
    monkeypatch.setattr("haarwire.moments.sources.progress.time.monotonic", lambda: next(clock))
    bar._started = bar._written = 0.0
    bar(100, 1000)
    bar(200, 1000)
    bar(900, None)
    bar.close()
    assert text.getvalue().split("\r")[1] == "100 of 1,000 rows (10 %), 100 rows/s"
    assert text.getvalue().split("\r")[2].rstrip() == "900 rows, 100 rows/s"


def test_memory_does_not_grow_with_the_samples(monkeypatch) -> None:
    monkeypatch.setattr(source_module, "_PIECE_ELEMENTS", 2**16)
    X, y = np.random.default_rng(0).standard_normal((1024, 64)), np.zeros(1024)
    y[::2] = 1

    def peak(n_batches: int) -> int:
        tracemalloc.start()
        Moments.from_source(((X + i, y) for i in range(n_batches)), chunk_rows=2048, accuracy="gram")
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(2)
    few, many = peak(6), peak(100)
    assert many <= 1.05 * few + 2**16
    # 3 n² doubles and chunks: two batches and the one that is multiplied, with what its checks need.
    assert many <= 8 * (3 * 65**2 + 2049 * 65 + 3 * 1024 * 65) + 2**19


# Nearly collinear features.


def test_nearly_collinear_features_are_read_again(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 4))
    X[:, 3] = X[:, 0] + 1e-7 * X[:, 3]
    y = X.sum(axis=1)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    with pytest.warns(IllConditionedWarning, match='What to do: accuracy="qr"'):
        moments = Moments.from_source(tmp_path / "d.npz")
    assert moments.factor is not None
    solution = hw.solve(moments, hw.groups.trivial(4), approach=hw.Plain())
    np.testing.assert_allclose(solution.coef[0], 1.0, atol=1e-6)
    with pytest.warns(IllConditionedWarning, match="nothing is done"):
        assert Moments.from_source(iter([(X, y)])).factor is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Moments.from_source(tmp_path / "d.npz", accuracy="qr").factor is not None
        assert Moments.from_source(tmp_path / "d.npz", accuracy="gram").factor is None
        constant = np.column_stack([X[:, :3], np.full(500, 7.0)])
        assert Moments.from_source((constant, y)).factor is None


# Checkpoints.


class CutOffError(Exception):
    pass


@pytest.mark.parametrize("write", [write_npz, write_parquet, batches])
@pytest.mark.parametrize("kind", ["reals", "bytes", "labels", "qr"])
def test_a_pass_that_was_cut_off_goes_on_to_the_same_bits(write, kind, tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples(1e6)
    options = {"accuracy": "qr" if kind == "qr" else "gram", "chunk_rows": 170}
    if kind == "labels":
        Y = np.round(Y[:, :1] / 4) + np.arange(N)[:, None] // 500
    if kind == "bytes":
        X, Y = (np.arange(FEATURES) * np.arange(N)[:, None]).astype(np.uint8), Y.mean() < Y
    source, more = write(tmp_path, X, Y)
    if kind == "labels":
        options["one_hot"] = True
        more = {"x": NAMES, "y": "t0"} if write is write_parquet else more
    options |= more

    def again() -> object:
        return batches(tmp_path, X, Y)[0] if write is batches else source

    whole = Moments.from_source(again(), **options)
    path = tmp_path / "run.checkpoint"
    for stop in (700, 1900):

        def progress(rows: int, total: int | None, stop: int = stop) -> None:
            if rows > stop:
                raise CutOffError

        with pytest.raises(CutOffError):
            Moments.from_source(again(), **options, checkpoint=path, checkpoint_every=0.0, progress=progress)
        assert path.exists()
    calls: list[int] = []
    resumed = Moments.from_source(
        again(), **options, checkpoint=path, progress=lambda rows, total: calls.append(rows)
    )
    assert calls[0] > 1000
    assert not path.exists()
    assert np.array_equal(resumed.scatter, whole.scatter)
    assert np.array_equal(resumed.mean, whole.mean)
    assert resumed.count == whole.count == N


def test_a_checkpoint_of_another_pass_is_refused(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    path = tmp_path / "c"

    def stop(rows: int, total: int | None) -> None:
        if rows > 900:
            raise CutOffError

    with pytest.raises(CutOffError):
        Moments.from_source((X, Y), checkpoint=path, checkpoint_every=0.0, progress=stop)
    with pytest.raises(FileError, match="of another pass"):
        Moments.from_source((X, Y), checkpoint=path, accuracy="qr")
    Moments.from_arrays(X, Y).save(path)
    with pytest.raises(FileError, match="holds moments, no checkpoint"):
        Moments.from_source((X, Y), checkpoint=path)


def test_a_source_has_a_short_name() -> None:
    assert repr(open_source(iter([]))) == "Source(batches)"


def test_no_rows_are_lost_between_announcement_and_reading() -> None:
    from haarwire.moments.sources import Source

    parts = open_source((np.ones((5, 2)), np.arange(5))).parts
    with pytest.raises(DataError, match="gave 5 rows, where 6 were announced"):
        Moments.from_source(Source("it", parts, 6), accuracy="gram")
