"""Tables in Parquet, CSV and Arrow files: columns, weights, filters, labels, schemas."""

from __future__ import annotations

import numpy as np
import pytest

from haarwire import DataError, FileError, Moments
from sources import (
    NAMES,
    TABLE_OPTIONS,
    N,
    difference,
    samples,
    table,
)


def test_weights_and_filters_of_tables(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    X, Y = samples()
    rng = np.random.default_rng(1)
    w, year = rng.integers(0, 3, N), rng.integers(2018, 2024, N)
    pq.write_table(pa.table(table(X, Y) | {"w": w, "year": year}), tmp_path / "t.parquet")
    kept = year >= 2021
    expected = Moments.from_arrays(X[kept], Y[kept], w[kept])
    for filters in ([("year", ">=", 2021)], ds.field("year") >= 2021):
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


@pytest.mark.parametrize("compression", ["uncompressed", "zstd"])
def test_filters_of_arrow_files(compression, tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    from pyarrow import feather

    X, Y = samples()
    year = np.random.default_rng(1).integers(2018, 2024, N)
    whole = pa.table(table(X, Y) | {"year": year})
    feather.write_feather(whole, tmp_path / "t.feather", compression=compression, chunksize=700)
    moments = Moments.from_source(tmp_path / "t.feather", **TABLE_OPTIONS, filters=[("year", ">=", 2021)])
    assert difference(moments, Moments.from_arrays(X[year >= 2021], Y[year >= 2021])) < 1e-12
