"""Comma-separated tables as data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.datasets import load
from samples_of_files import csv_of

# .csv


@pytest.mark.parametrize(
    ("text", "options", "expected", "classes"),
    [
        ("a,b,y\n1,2,u\n3,4,v\n", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,y\r\n1,2,u\r\n3,4,v", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("﻿y,b\nu,2\nv,4\n", {}, [[2], [4]], ["u", "v"]),
        ("\n a , b ,Label\n\n1, 2 ,u\n\n3,4, v\n\n", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,y\n1,2,7\n3,4,5\n", {}, [[1, 2], [3, 4]], [5, 7]),
        ("a,b,y\n1,2,7.5\n3,4e0,5\n", {}, [[1, 2], [3, 4]], None),
        ('"a, first",b,y\n1,2,"u, v"\n3,4,w\n', {"x": "0"}, [[1], [3]], ["u, v", "w"]),
        ("a,b,c,y\n1,2,x,0\n3,4,x,1\n", {"x": "b,a"}, [[2, 1], [4, 3]], [0, 1]),
        ("a,b,c\n1,2,u\n3,4,v\n", {"y": "c"}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,c\n1,2,u\n3,4,v\n", {"y": "-1"}, [[1, 2], [3, 4]], ["u", "v"]),
        ("1,2,0\n3,4,1\n", {"y": "2"}, [[1, 2], [3, 4]], [0, 1]),
        ("5.1,3.5,setosa\n4.9,3,other\n", {"y": "2"}, [[5.1, 3.5], [4.9, 3]], ["other", "setosa"]),
        ("5.1,,setosa\n4.9,3,other\n", {"x": "0", "y": "2"}, [[5.1], [4.9]], ["other", "setosa"]),
        ("0,1,2\n1.5,2,0\n3,4,1\n", {"y": "2"}, [[1.5, 2], [3, 4]], [0, 1]),
        ("label,0,1\n3,1,2\n4,3,4\n", {}, [[1, 2], [3, 4]], [3, 4]),
        ("country,2015,2016\nFR,1,2\nDE,3,4\n", {"y": "country"}, [[1, 2], [3, 4]], ["DE", "FR"]),
        ("a,y\n1,True\n2,False\n", {}, [[1], [2]], ["False", "True"]),
        ("a,y\n99999999999999999999,1\n1,2\n", {}, [[1e20], [1]], [1, 2]),
    ],
    ids=[
        "header", "CRLF", "BOM", "blanks", "integer labels", "numbers", "quoted commas", "features by name",
        "target by name", "target from the end", "no header", "no header, text labels",
        "no header, missing cell", "names that count", "numbers as names", "years as names", "booleans",
        "beyond 64 bits",
    ],
)  # fmt: skip
def test_csv(
    folder: Path, text: str, options: dict[str, str], expected: list[list[float]], classes: list[Any] | None
) -> None:
    data = load(csv_of(text), **options)
    np.testing.assert_array_equal(data.X, expected)
    assert (None if data.classes is None else data.classes.tolist()) == classes


def test_csv_integer_columns_are_integers_and_several_targets_numbers(folder: Path) -> None:
    data = load(csv_of("a,b,c,d\n1,2,3,4\n5,6,7,8\n9,8,7,6\n"), x="a,b", y="c,d")
    assert data.X.dtype == np.int64
    np.testing.assert_array_equal(data.Y, [[3, 4], [7, 8], [7, 6]])
    assert data.classes is None
    assert load("table.csv", y="d", targets="numbers").classes is None


def test_csv_a_range_of_columns(folder: Path) -> None:
    path = csv_of("id,a,b,c,y,d..e\n9,1,2,3,0,7\n8,4,5,6,1,7\n")
    for x in ("a..c", "1..3", "a .. b, c", "a..-3"):
        np.testing.assert_array_equal(load(path, x=x, y="y").X, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(load(path, x="d..e", y="y").X, [[7], [7]])


def test_csv_missing_cell_is_told_by_row_and_column(folder: Path) -> None:
    data = load(csv_of("a,b,c,y\n1,2,3,u\n4,5,,v\n7,8,9,u\n"))
    assert np.isnan(data.X[1, 2])
    with pytest.raises(hw.DataError, match="X is nan at row 1, column 2"):
        hw.Moments.from_arrays(data.X, data.Y)


def test_csv_missing_label_is_told(folder: Path) -> None:
    with pytest.raises(hw.DataError, match=r"label of sample 1 of table is missing \(1 of 3 are\)"):
        load(csv_of("a,y\n1,u\n4,\n7,u\n"))
    with pytest.raises(hw.DataError, match="label of sample 1 of table is missing"):
        load(csv_of("a,y\n1,2\n4,\n7,2\n"), targets="labels")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "table.csv has 0 rows"),
        ("a,b,y\n", {}, "table.csv has 1 rows"),
        ("a,b,y\n1,2,3\n\n1,2\n", {}, "line 4 of table.csv has 2 columns, the first line 3"),
        ("a,b,y\n1,2,3\n1,2,3,4\n", {}, "line 3 of table.csv has 4 columns"),
        ("a,b,c\n1,2,3\n1,2,3\n", {}, "Which column of table.csv is the target. It has a, b, c"),
        ("a,b,y\n1,2,3\n1,NA,3\n", {}, "column 'b' of table.csv is not numeric: it holds 'NA'"),
        ("a,b,y\n1,2,3\n1,1_000,3\n", {}, "it holds '1_000'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"x": "a,bb"}, "no column 'bb'; did you mean 'b'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"y": "3"}, "no column '3'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"x": "b..a"}, "column 'b' after 'a': b..a holds none"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"x": "a..c"}, "no column 'c'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"x": "a..b..y"}, "no column 'a..b..y'"),
        ("a,a,y\n1,2,3\n1,2,3\n", {}, "two columns called 'a'"),
        ("y\n1\n2\n", {}, "no feature columns beside the target"),
        ("a,b,c\nu,1,2\nv,3,4\n", {"x": "b", "y": "a,c"}, "numbers are needed"),
    ],
)
def test_csv_that_does_not_fit_is_refused(
    folder: Path, text: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(hw.DataError, match=message):
        load(csv_of(text), **options)


def test_csv_of_another_separator_is_refused_with_advice(folder: Path) -> None:
    with pytest.raises(hw.DataError, match="separated by semicolons, commas are needed") as caught:
        load(csv_of("a;b;y\n1;2;3\n4;5;6\n"))
    assert "tr ';' ','" in caught.value.remedy


def test_csv_of_many_columns_is_told_in_short(folder: Path) -> None:
    names = ",".join(f"p{i}" for i in range(20))
    with pytest.raises(hw.DataError, match=r"p0, .*p7, … \(20 in all\)"):
        load(csv_of(f"{names}\n{','.join('1' * 20)}\n"))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_csv_in_another_encoding_is_told(folder: Path, encoding: str) -> None:
    with pytest.raises(hw.FileError, match=r"table\.csv cannot be read") as caught:
        load(csv_of("a,y\n1,café\n2,thé\n", encoding=encoding))
    assert "UTF-8" in caught.value.remedy


def test_csv_with_an_endless_quoted_value_is_told(folder: Path) -> None:
    with pytest.raises(hw.FileError, match="field larger than field limit"):
        load(csv_of('a,y\n1,"' + "x" * 200_000))


def test_names_in_a_list(folder: Path) -> None:
    data = load(csv_of("a,b,z\n1,2,3\n4,5,6\n"), x=["b", 0], y=["z"], targets="numbers")
    np.testing.assert_array_equal(data.X, [[2, 1], [5, 4]])
    np.testing.assert_array_equal(data.Y, [[3], [6]])
    with pytest.raises(hw.DataError, match="no column '--1'"):
        load("table.csv", y="--1")
