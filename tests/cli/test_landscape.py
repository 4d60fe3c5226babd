"""`haarwire landscape` as a user sees it: counts, histograms, the lowest points, JSON and pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire._wording import count
from haarwire.landscape import critical_points

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")


Run = Callable[..., tuple[int, str, str]]

NAMES = ("plain", "hardwired", "augmented", "regularized")
SYMMETRY = ("--symmetry", "reflection:6")


@pytest.fixture
def five(folder: Path) -> tuple[str, ...]:
    """Five targets of six features: under the reflection only three singular modes are left."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((100, 6))
    np.savez("five.npz", x=X, y=X @ rng.standard_normal((6, 5)) + rng.standard_normal((100, 5)))
    return ("landscape", "five.npz", *SYMMETRY, "--rank", "2")


def words(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def read(name: str = "r.json") -> Any:
    def refuse(token: str) -> None:
        pytest.fail(f"{token} is no JSON")

    return json.loads(Path(name).read_text(encoding="utf-8"), parse_constant=refuse)


def cells(out: str, name: str) -> list[str]:
    """The row of an approach in the first table."""
    (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
    return line.split()[1:]


# What it prints.


def test_it_counts_the_points_of_every_approach(five: tuple[str, ...], run: Run) -> None:
    code, out, err = run(*five)
    assert (code, err) == (0, "")
    assert "five under reflection:6, rank ≤ 2: all 100 samples" in out
    # C(5, 2) with five modes, C(3, 2) with three.
    assert cells(out, "plain") == ["10", "7", "isolated"]
    assert cells(out, "hardwired") == ["3", "0", "isolated"]
    assert cells(out, "augmented") == ["3", "0", "isolated"]
    assert cells(out, "regularized") == ["10", "7", "isolated"]
    assert "By index 0, 1, 2, … (plain, regularized): 1, 1, 2, 2, 2, 1, 1" in out
    assert "By index 0, 1, 2, … (hardwired, augmented): 1, 1, 1" in out


def test_it_lists_the_lowest_points_and_their_escapes(five: tuple[str, ...], run: Run) -> None:
    _, out, _ = run(*five, "--lowest", "2", "--json", "r.json")
    for name in NAMES:
        listed = out[out.index(f"Lowest, {name}; modes are numbered from 0:") :].splitlines()[3:5]
        best, saddle = read()["approaches"][name]["lowest"]
        assert listed[0].split()[:2] == ["0", "1"]
        assert listed[0].split()[-1] == "optimum"
        assert float(listed[0].split()[2]) == pytest.approx(best["loss"], rel=5e-4)
        row = listed[1].split()
        assert row[:2] == ["0", "2"]
        assert float(row[2]) == pytest.approx(saddle["loss"], rel=5e-4)
        assert row[3:7] == ["1", "2", "→", "1"]
        assert float(row[7]) == pytest.approx(saddle["escape"]["curvature"], rel=0.06)
        assert float(row[8]) == pytest.approx(saddle["loss"] - best["loss"], rel=1e-3)
        assert row[9:] == ["0", "1"]


def test_a_group_that_is_not_compact_has_no_augmentation(diagonal: tuple[str, ...], run: Run) -> None:
    code, out, _ = run("landscape", *diagonal, "--json", "r.json", "--plot", "l.png")
    assert code == 0
    assert cells(out, "augmented") == ["—", "—", "—"]
    assert "The group is not compact: no augmentation." in out
    assert "Lowest, augmented" not in out
    assert read()["approaches"]["augmented"] is None
    assert Path("l.png").read_bytes().startswith(b"\x89PNG")


def test_huge_counts_are_exact_in_the_json_and_short_on_the_screen(folder: Path, run: Run) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((120, 40))
    np.savez("wide.npz", x=X, y=X @ rng.standard_normal((40, 40)))
    code, out, _ = run(
        "landscape", "wide.npz", "-s", "reflection:40", "-r", "20", "--json", "r.json", "--plot", "l.png",
        columns=80,
    )  # fmt: skip
    assert code == 0
    plain = read()["approaches"]["plain"]
    assert plain["count"] == sum(plain["index_histogram"]) == math.comb(40, 20)
    assert len(plain["index_histogram"]) == 401
    assert cells(out, "plain")[0] == "1.38e+11"
    most = f"{max(plain['index_histogram']):.2e}"
    assert f"1, 1, 2, 3, 5, 7, … {most} of index 200, … 1 of index 400" in words(out)
    assert "0–19" in out
    assert "0–18 20" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (9_999_999, "9999999"), (10**7, "1.00e+07"), (3 * 10**400, "3.00e+400")],
)
def test_counts_beyond_floats_are_shown(value: int, shown: str) -> None:
    assert count(value) == shown


def test_ties_are_families_with_dimensions(folder: Path, run: Run) -> None:
    X = np.sqrt(6.0) * np.concatenate([np.eye(6), -np.eye(6)])
    np.savez("tied.npz", x=X, y=X * [2.0, 2.0, 2.0, 1.0, 1.0, 0.5])
    _, out, _ = run("landscape", "tied.npz", "-s", "trivial:6", "-r", "3", "--json", "r.json", columns=100)
    plain = read()["approaches"]["plain"]
    # How many of each cluster of 3, 2 and 1 tied modes: 3+0+0, 2+1+0, 2+0+1, 1+2+0, 1+1+1, 0+2+1.
    assert (plain["count"], plain["is_isolated"]) == (6, False)
    assert [point["dimension"] for point in plain["lowest"]] == [0, 3, 2, 2, 3]
    assert cells(out, "plain") == ["6", "0", "families"]
    assert "dimension" in out


def test_quiet_prints_nothing(five: tuple[str, ...], run: Run) -> None:
    assert run(*five, "--quiet") == (0, "", "")


@pytest.mark.parametrize("columns", [62, 80, 120])
def test_the_output_fits_the_terminal(five: tuple[str, ...], run: Run, columns: int) -> None:
    _, out, _ = run(*five, columns=columns)
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns


# JSON.


def test_an_infinite_strength_is_a_word_in_json(five: tuple[str, ...], run: Run) -> None:
    code, out, _ = run(*five, "--alpha", "inf", "--json", "r.json")
    assert code == 0
    assert "Regularized: alpha = ∞" in out
    approaches = read()["approaches"]
    assert approaches["regularized"]["alpha"] == "inf"
    assert approaches["regularized"]["count"] == approaches["hardwired"]["count"]


@pytest.mark.parametrize("alpha", [None, 0.7])
def test_json_is_what_the_library_finds(five: tuple[str, ...], run: Run, alpha: float | None) -> None:
    strength = () if alpha is None else ("--alpha", str(alpha))
    run(*five, "-q", "--lowest", "4", "--ridge", "0.01", *strength, "--json", "r.json")
    content = read()
    assert list(content) == ["data", "symmetry", "n_samples", "rank", "ridge", "penalty", "approaches"]
    assert list(content["approaches"]) == list(NAMES)
    data, rep = hw.datasets.load("five.npz"), hw.groups.reflection(6)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    # Where data and penalty balance: tr C₀ = alpha · tr R.
    balance = np.trace(moments.gram) / np.trace(hw.penalty_matrix(rep))
    used = content["approaches"]["regularized"]["alpha"]
    assert used == pytest.approx(balance if alpha is None else alpha)
    for approach in (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(used)):
        ours = content["approaches"][approach.label]
        points = critical_points(moments, rep, rank=2, approach=approach, ridge=0.01)
        assert (ours["alpha"] is None) == (approach.label != "regularized")
        assert ours["count"] == points.count
        assert ours["additional"] == points.additional
        assert ours["is_isolated"] is points.is_isolated is True
        assert ours["index_histogram"] == list(points.index_histogram)
        np.testing.assert_allclose(
            ours["singular_values"], points.modes.singular_values[: points.modes.n_modes]
        )
        for entry, point in zip(ours["lowest"], points.lowest(4), strict=True):
            assert tuple(entry["subset"]) == point.subset
            assert entry["loss"] == pytest.approx(point.loss)
            assert (entry["index"], entry["dimension"]) == (point.index, 0)
            if point.escape_direction is None:
                assert entry["escape"] is None
            else:
                assert tuple(entry["escape"]["swap"]) == point.escape_direction.swap
                assert tuple(entry["escape"]["leads_to"]) == point.escape_direction.leads_to
                assert entry["escape"]["curvature"] == pytest.approx(point.escape_direction.curvature)
                assert entry["escape"]["loss_decrease"] == pytest.approx(point.escape_direction.loss_decrease)


def test_without_a_penalty_any_strength_will_do(folder: Path, run: Run) -> None:
    run("landscape", "data.npz", "-s", "trivial:6", "-q", "--json", "r.json")
    assert read()["approaches"]["regularized"]["alpha"] == 1.0


# Errors and help.


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--alpha", "-1"), "alpha must be a number ≥ 0, got -1.0"),
        (("--rank", "6"), "rank must be an integer from 1 to 5, got 6"),
        (("--plot", "l.bmp"), "l.bmp is no picture that can be drawn: it ends in .bmp"),
        (("--plot", "nowhere/l.png"), "nowhere/l.png cannot be written: there is no folder nowhere"),
        (("--json", "nowhere/r.json"), "nowhere/r.json cannot be written: there is no folder nowhere"),
    ],
)
def test_an_error_has_three_parts(
    five: tuple[str, ...], run: Run, arguments: tuple[str, ...], what: str
) -> None:
    code, out, err = run(*five, *arguments)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert what in lines[0]
    assert [line.split(":")[0].strip() for line in lines] == ["Error", "Likely cause", "What to do"]


@pytest.mark.parametrize("arguments", [("--lowest", "0"), ("--penalty", "none"), ("--alpha", "much")])
def test_a_wrong_command_line_ends_with_2(
    five: tuple[str, ...], run: Run, arguments: tuple[str, str]
) -> None:
    code, out, err = run(*five, *arguments)
    assert (code, out) == (2, "")
    assert arguments[0] in err or arguments[1] in err


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_readable(run: Run, columns: int) -> None:
    code, out, _ = run("landscape", "--help", columns=columns)
    assert code == 0
    assert max(map(len, out.splitlines())) <= columns
    lines = [line.strip() for line in out.splitlines()]
    assert "haarwire landscape digits --symmetry image_rotations:8 --rank 5" in lines
    assert "numbered from 0" in words(out)
    for option in ("--symmetry", "--rank", "--alpha", "--lowest", "--json", "--plot", "--quiet"):
        assert option in out
