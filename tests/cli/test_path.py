"""`haarwire path` as a user sees it: the table, the certificate in words, JSON and pictures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")

import haarwire.cli.path as command

Run = Callable[..., tuple[int, str, str]]

PATH = ("path", "data.npz", "--symmetry", "cyclic_shifts:6", "--rank", "1")
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def words(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def refuse(token: str) -> None:
    """JSON knows no NaN and no infinity."""
    pytest.fail(f"{token} is no JSON")


def read(name: str = "r.json") -> Any:
    return json.loads(Path(name).read_text(encoding="utf-8"), parse_constant=refuse)


def table_rows(out: str) -> list[list[str]]:
    """Cells of the rows between the headings and the first sentence."""
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("alpha"))
    return [line.split() for line in lines[start + 1 : lines.index("", start)]]


def computed(rank: int = 1, **options: Any) -> hw.RegularizationPath:
    """The path of data.npz."""
    data = hw.datasets.load("data.npz")
    moments = hw.Moments.from_arrays(data.X, data.Y)
    return hw.regularization_path(moments, hw.groups.cyclic_shifts(6), rank=rank, **options)


# What it prints.


def test_it_prints_nine_strengths_from_none_to_infinity(folder: Path, run: Run) -> None:
    code, out, err = run(*PATH, "--json", "r.json")
    assert (code, err) == (0, "")
    assert "data under cyclic_shifts:6, rank ≤ 1: all 90 samples, none held out" in out
    rows = table_rows(out)
    assert len(rows) == 9
    assert (rows[0][0], rows[-1][0]) == ("0", "∞")
    alphas = [float(row[0]) for row in rows[:-1]]
    assert alphas == sorted(alphas)
    curve = read()["curve"]
    shown = ["inf" if row[0] == "∞" else float(row[0]) for row in rows]
    for alpha, row in zip(shown, rows, strict=True):
        i = curve["alphas"].index(alpha)
        losses = [curve["loss"][i], curve["objective"][i]]
        assert [float(cell) for cell in row[1:3]] == pytest.approx(losses, rel=5e-4, abs=1e-12)
        sigma = curve["singular_values"][i]
        gap_and_sigma = [curve["relative_invariance_gap"][i], sigma[0], sigma[1]]
        assert [float(cell) for cell in row[3:6]] == pytest.approx(gap_and_sigma, abs=5e-4)
        assert float(row[6]) == pytest.approx(curve["degrees_of_freedom"][i], abs=0.051)


def test_the_jump_of_the_diagonal_example_is_told(diagonal: tuple[str, ...], run: Run) -> None:
    code, out, _ = run("path", *diagonal, "--json", "r.json")
    assert code == 0
    assert "Not proven continuous: the optimum may jump at 1 place (" in out
    assert "At alpha = 3 (± " in out
    assert "σ_1 and σ_2 meet at 1, and the solution jumps by 1.12 (Frobenius norm)." in words(out)
    assert "Relative gap at most 0.1 from alpha = 3, 0.01 from alpha = 3, 0.001 from alpha = 3." in words(out)
    content = read()
    (crossing,) = content["certificate"]["crossings"]
    assert content["certificate"]["is_continuous"] is False
    assert crossing["low"] < 3.0 < crossing["high"]
    assert crossing["high"] - crossing["low"] < 1e-9
    assert crossing["modes"] == [0, 1]
    # From [[0, 0], [0, 1/2]] to [[1, 0], [0, 0]].
    assert crossing["jump"] == pytest.approx(math.sqrt(1.25))


def test_a_proof_of_continuity_is_told_with_its_numbers(folder: Path, run: Run) -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((80, 6))
    np.savez("three.npz", x=X, y=X @ rng.standard_normal((6, 3)) * [3.0, 1.0, 0.3])
    _, out, _ = run("path", "three.npz", "-s", "reflection:6", "-r", "1", "--json", "r.json")
    certificate = read()["certificate"]
    assert certificate["is_continuous"] is True
    assert certificate["crossings"] == []
    assert words(
        f"Continuous on all of [0, ∞]: σ_1 and σ_2 come no nearer than {certificate['min_gap']:.3g} where "
        f"evaluated, and σ_1² − σ_2² > {certificate['gap_bound']:.2g} is proven in between "
        f"({certificate['n_evaluations']} evaluations, rounding margin {certificate['margin']:.1g})."
    ) in words(out)


def test_the_tail_and_the_strengths_for_gaps_are_those_of_the_library(folder: Path, run: Run) -> None:
    _, out, _ = run(*PATH, "--json", "r.json")
    content, path = read(), computed()
    assert content["tail"]["gap_constant"] == pytest.approx(path.tail.gap_constant)
    assert content["tail"]["distance_constant"] == pytest.approx(path.tail.distance_constant)
    assert f"invariance gap ≈ {path.tail.gap_constant:.3g}/alpha" in words(out)
    for gap in (0.1, 0.01, 0.001):
        alpha = path.alpha_for_gap(gap)
        assert content["alpha_for_relative_invariance_gap"][str(gap)] == pytest.approx(alpha)
        assert f"{gap} from alpha = {alpha:.3g}" in words(out)


def test_a_tie_all_along_has_no_tail(folder: Path, run: Run) -> None:
    X = 2.0 * np.concatenate([np.eye(4), -np.eye(4)])
    np.savez("tied.npz", x=X, y=X @ np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))
    _, out, _ = run("path", "tied.npz", "-s", "reflection:4", "-r", "1", "--json", "r.json")
    content = read()
    assert content["tail"] is None
    assert content["certificate"]["crossings"][-1]["high"] == "inf"
    assert "For alpha from 0 to ∞, σ_1 and σ_2 meet at " in words(out)
    assert "No limit at infinity: the hard-wired σ_1 and σ_2 are equal." in words(out)


@pytest.mark.parametrize("symmetry", ["trivial:6", "cyclic_shifts:6"])
def test_where_nothing_can_change_places_it_says_so(folder: Path, run: Run, symmetry: str) -> None:
    _, out, _ = run("path", "numbers.npz", "-s", symmetry, "--json", "r.json")
    assert "Continuous on all of [0, ∞]: no kept singular value changes places" in words(out)
    content = read()
    assert content["certificate"]["min_gap"] == "inf"
    assert content["certificate"]["gap_bound"] == "inf"
    assert all(row[5] == "—" for row in table_rows(out))


def test_held_out_samples_are_used_too(folder: Path, run: Run) -> None:
    arrays = np.load("data.npz")
    np.savez(
        "parts.npz",
        x_train=arrays["x"][:60],
        y_train=arrays["y"][:60],
        x_test=arrays["x"][60:],
        y_test=arrays["y"][60:],
    )
    run(*PATH, "-q", "--json", "whole.json")
    _, out, _ = run("path", "parts.npz", *PATH[2:], "--json", "parts.json")
    assert "all 90 samples" in out
    assert read("parts.json")["curve"]["loss"] == pytest.approx(read("whole.json")["curve"]["loss"])


@pytest.mark.parametrize("command", ["path", "landscape"])
@pytest.mark.parametrize("data", ["data", "numbers"])
def test_data_read_in_pieces_give_the_same(folder: Path, run: Run, data: str, command: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="reads Parquet")
    parquet = pytest.importorskip("pyarrow.parquet")
    arrays = np.load(f"{data}.npz")
    columns = {f"x{i}": arrays["x"][:, i] for i in range(6)}
    parquet.write_table(pa.table({**columns, "y": arrays["y"]}), f"{data}.parquet")
    options = ("-s", "cyclic_shifts:6", "-r", "1", "-q", "--json")
    assert run(command, f"{data}.npz", *options, "one.json") == (0, "", "")
    assert run(command, f"{data}.parquet", *options, "two.json") == (0, "", "")
    one, two = read("one.json"), read("two.json")
    assert two["n_samples"] == 90
    if command == "path":
        assert two["curve"]["loss"] == pytest.approx(one["curve"]["loss"])
    else:
        assert two["approaches"]["plain"]["singular_values"] == pytest.approx(
            one["approaches"]["plain"]["singular_values"]
        )


def test_numbers_read_in_pieces_are_not_taken_for_labels(folder: Path, run: Run) -> None:
    pa = pytest.importorskip("pyarrow", reason="reads Parquet")
    X, y = np.random.default_rng(0).standard_normal((300, 6)), np.arange(300)
    table = pa.table({**{f"x{i}": X[:, i] for i in range(6)}, "y": y})
    pytest.importorskip("pyarrow.parquet").write_table(table, "counts.parquet")
    code, _, err = run("path", "counts.parquet", "-s", "cyclic_shifts:6")
    assert code == 1
    assert "have 300 different values in 300 samples, too many to be taken for labels" in err
    assert run("path", "counts.parquet", "-s", "cyclic_shifts:6", "--targets", "numbers", "-q")[0] == 0


def test_quiet_prints_nothing(folder: Path, run: Run) -> None:
    assert run(*PATH, "--quiet") == (0, "", "")


@pytest.mark.parametrize("columns", [70, 80, 120])
def test_the_output_fits_the_terminal(diagonal: tuple[str, ...], run: Run, columns: int) -> None:
    _, out, _ = run("path", *diagonal, columns=columns)
    assert "…" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns


# JSON.


def test_json_holds_the_curve_of_the_library(folder: Path, run: Run) -> None:
    run(*PATH, "-q", "--ridge", "0.1", "--penalty", "projection", "--n-alphas", "5", "--json", "r.json")
    content, path = read(), computed(ridge=0.1, penalty="projection")
    assert list(content) == [
        "data", "symmetry", "n_samples", "rank", "ridge", "penalty", "curve", "certificate", "tail",
        "alpha_for_relative_invariance_gap",
    ]  # fmt: skip
    assert (content["data"], content["symmetry"], content["rank"]) == ("data", "cyclic_shifts:6", 1)
    assert content["n_samples"] == 90
    assert (content["ridge"], content["penalty"]) == (0.1, "projection")
    curve = content["curve"]
    assert len(curve["alphas"]) == 7
    assert curve["alphas"][0] == 0
    assert curve["alphas"][-1] == "inf"
    expected = path.curve([float(alpha) for alpha in curve["alphas"]])
    for ours, theirs in (
        ("loss", expected.loss[:, 0]),
        ("objective", expected.objective[:, 0]),
        ("invariance_penalty", expected.invariance_penalty[:, 0]),
        ("invariance_gap", expected.invariance_gap[:, 0]),
        ("relative_invariance_gap", expected.relative_invariance_gap[:, 0]),
        ("singular_values", expected.singular_values),
        ("degrees_of_freedom", expected.degrees_of_freedom),
    ):
        np.testing.assert_allclose(curve.pop(ours), theirs)
    assert list(curve) == ["alphas"]
    assert set(content["certificate"]) == {
        "is_continuous", "crossings", "min_gap", "gap_bound", "margin", "n_evaluations",
    }  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 7, 8, 200])
def test_any_number_of_strengths(folder: Path, run: Run, n: int) -> None:
    _, out, _ = run(*PATH, "--n-alphas", str(n), "--json", "r.json")
    assert len(read()["curve"]["alphas"]) == n + 2
    assert len(table_rows(out)) == min(n, 7) + 2


# Pictures.


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_a_picture_in_the_format_of_its_ending(diagonal: tuple[str, ...], run: Run, suffix: str) -> None:
    assert run("path", *diagonal, "-q", "--plot", f"p.{suffix}")[0] == 0
    assert Path(f"p.{suffix}").read_bytes().startswith(MAGIC[suffix.lower()])


def test_pictures_are_closed(diagonal: tuple[str, ...], run: Run) -> None:
    import matplotlib.pyplot as plt

    plt.close("all")
    run("path", *diagonal, "-q", "--plot", "p.png")
    assert plt.get_fignums() == []


# Errors.


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--plot", "p.jpg"), "p.jpg is no picture that can be drawn: it ends in .jpg"),
        (("--plot", "p"), "p is no picture that can be drawn: it ends in nothing"),
        (("--plot", "nowhere/p.png"), "nowhere/p.png cannot be written: there is no folder nowhere"),
        (("--json", "nowhere/r.json"), "nowhere/r.json cannot be written: there is no folder nowhere"),
        (("--rank", "7"), "rank must be an integer from 1 to 2, got 7"),
        (("--ridge", "-1"), "ridge must be a finite number ≥ 0"),
        (("--symmetry", "reflection:7"), "6 features, reflection:7 acts on 7 coordinates"),
    ],
)
def test_an_error_has_three_parts(folder: Path, run: Run, arguments: tuple[str, ...], what: str) -> None:
    code, out, err = run(*PATH, *arguments)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert what in lines[0]
    assert [line.split(":")[0].strip() for line in lines] == ["Error", "Likely cause", "What to do"]


def test_files_are_checked_before_the_work(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "regularization_path", lambda *_, **__: pytest.fail("the work was begun"))
    for arguments in (("--json", "nowhere/r.json"), ("--plot", "p.gif"), ("--plot", "nowhere/p.png")):
        assert run(*PATH, *arguments)[0] == 1


def test_a_picture_without_matplotlib_says_what_to_install(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    code, out, err = run(*PATH, "--plot", "p.png")
    assert (code, out) == (1, "")
    assert "pictures need matplotlib, which is not installed" in err
    assert 'pip install "haarwire[plots]"' in err
    assert run(*PATH)[0] == 0  # and without a picture it is not needed


def test_a_picture_that_cannot_be_written_is_an_error(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    code, _, err = run(*PATH, "--plot", "p.png")
    assert code == 1
    assert "p.png cannot be written: No space left on device" in err


def test_the_projection_penalty_needs_a_compact_group(diagonal: tuple[str, ...], run: Run) -> None:
    code, _, err = run("path", *diagonal, "--penalty", "projection")
    assert code == 1
    assert "the group is not compact" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--penalty", "words"), "'words' is not one of generators, projection"),
        (("--targets", "words"), "'words' is not one of auto, labels, numbers"),
        (("--n-alphas", "0"), "Invalid value for '--n-alphas'"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    folder: Path, run: Run, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(*PATH, *arguments, columns=120)
    assert (code, out) == (2, "")
    assert message in words(err)


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_readable(run: Run, columns: int) -> None:
    code, out, _ = run("path", "--help", columns=columns)
    assert code == 0
    assert max(map(len, out.splitlines())) <= columns
    lines = [line.strip() for line in out.splitlines()]
    assert "haarwire path digits --symmetry image_rotations:8 --rank 5" in lines
    assert '"inf" stands for infinity' in out
    options = "--symmetry", "--rank", "--penalty", "--ridge", "--n-alphas", "--json", "--plot", "--quiet"
    for option in options:
        assert option in out
