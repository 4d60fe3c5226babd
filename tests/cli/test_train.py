"""`haarwire train` as a user sees it: where each approach ended, JSON, pictures, messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("torch", reason="training needs the 'torch' extra")
pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("matplotlib", reason="pictures need the 'plots' extra")

Run = Callable[..., tuple[int, str, str]]

NAMES = ("plain", "hardwired", "augmented", "regularized")
SYMMETRY = ("--symmetry", "reflection:6")


@pytest.fixture
def four(folder: Path) -> tuple[str, ...]:
    """Four targets of six correlated features."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 6)) @ rng.standard_normal((6, 6)) + 3.0
    np.savez("four.npz", x=X, y=X @ rng.standard_normal((6, 4)) + rng.standard_normal((80, 4)))
    return ("train", "four.npz", *SYMMETRY, "--rank", "2")


def words(text: str) -> str:
    return " ".join(text.split())


def read(name: str = "r.json") -> Any:
    def refuse(token: str) -> None:
        pytest.fail(f"{token} is no JSON")

    return json.loads(Path(name).read_text(encoding="utf-8"), parse_constant=refuse)


def cells(out: str, name: str) -> list[str]:
    (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
    return line.split()[1:]


def test_data_read_in_pieces_give_the_same(four: tuple[str, ...], run: Run) -> None:
    pa = pytest.importorskip("pyarrow", reason="reads Parquet")
    arrays = np.load("four.npz")
    columns = {f"{name}{i}": arrays[name][:, i] for name in ("x", "y") for i in range(arrays[name].shape[1])}
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(columns), "four.parquet")
    assert run(*four, "-q", "--json", "one.json") == (0, "", "")
    pieces = ("train", "four.parquet", "--x", "x0..x5", "--y", "y0..y3", *four[2:])
    assert run(*pieces, "-q", "--json", "two.json") == (0, "", "")
    one, two = read("one.json")["approaches"], read("two.json")["approaches"]
    for name in NAMES:
        assert two[name]["optimal_loss"] == pytest.approx(one[name]["optimal_loss"])


@pytest.mark.parametrize("options", [(), ("--depth", "3"), ("--widths", "4,2,3"), ("--ridge", "0.1")])
def test_every_approach_ends_at_its_closed_form(four: tuple[str, ...], run: Run, options: Any) -> None:
    code, out, err = run(*four, *options, "--json", "r.json")
    assert (code, err) == (0, "")
    assert "four under reflection:6, rank ≤ 2: all 80 samples, none held out" in out
    assert "Converged: every network came within 1e-10" in words(out)
    content = read()
    assert list(content["approaches"]) == list(NAMES)
    assert content["n_samples"] == 80
    data, rep = hw.datasets.load("four.npz"), hw.groups.reflection(6)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    alpha = content["approaches"]["regularized"]["alpha"]
    assert alpha == pytest.approx(np.trace(moments.gram) / np.trace(hw.penalty_matrix(rep)))
    for approach in (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(alpha)):
        found = content["approaches"][approach.label]
        best = hw.solve(moments, rep, rank=2, approach=approach, ridge=content["ridge"])
        assert found["optimal_loss"] == pytest.approx(best.loss, rel=1e-12)
        assert found["final_loss"] == pytest.approx(best.loss, rel=1e-6)
        assert abs(found["relative_excess"]) < 1e-6
        assert found["invariance_gap"] == pytest.approx(best.invariance_gap, rel=1e-3, abs=1e-4)
        assert found["relative_invariance_gap"] == pytest.approx(
            best.relative_invariance_gap, rel=1e-3, abs=1e-4
        )
        assert found["optimal_invariance_gap"] == pytest.approx(best.invariance_gap, abs=1e-12)
        assert (found["nearest_index"], found["nearest_subset"]) == (0, [0, 1])
        assert found["converged"] is True
        assert 0 < found["stopped"] <= content["steps"]
        assert found["seconds"] > 0
        row = cells(out, approach.label)
        assert float(row[0]) == pytest.approx(best.loss, rel=1e-3)
        assert row[5] == "0"
        assert row[6] == str(found["stopped"])


def test_an_infinite_strength_is_a_word_in_json(four: tuple[str, ...], run: Run) -> None:
    code, out, _ = run(*four, "--steps", "3", "--alpha", "inf", "--json", "r.json")
    assert code == 0
    assert "Regularized: alpha = ∞" in out
    assert read()["approaches"]["regularized"]["alpha"] == "inf"


def test_raw_inputs_end_there_too_and_say_when_not(folder: Path, run: Run) -> None:
    arguments = ("train", "data.npz", *SYMMETRY, "--rank", "1", "--inputs", "raw")
    code, out, _ = run(*arguments, "--json", "r.json")
    assert code == 0
    assert "raw inputs" in out
    for name in NAMES:
        found = read()["approaches"][name]
        assert found["final_loss"] == pytest.approx(found["optimal_loss"], rel=1e-6)
        assert found["invariance_gap"] == pytest.approx(found["optimal_invariance_gap"], abs=1e-3)
    code, out, _ = run(*arguments, "--steps", "3")
    assert code == 0
    assert "Not converged within 3 steps: plain (1 of 1), hardwired (1 of 1)" in words(out)
    assert "--inputs whitened" in words(out)


def test_several_runs_show_the_one_that_ended_highest(four: tuple[str, ...], run: Run) -> None:
    code, out, _ = run(*four, "--runs", "3", "--steps", "40", "--seed", "4", "--json", "r.json")
    assert code == 0
    assert "of 3 runs each, the one that ended highest" in words(out)
    for found in read()["approaches"].values():
        assert len(found["runs"]) == 3
        assert found["final_loss"] == max(each["final_loss"] for each in found["runs"])
    first = read()
    run(*four, "--runs", "3", "--steps", "40", "--seed", "4", "--json", "again.json")
    again = read("again.json")
    for content in (first, again):
        for found in content["approaches"].values():
            del found["seconds"]
    assert first == again


def test_a_group_that_is_not_compact_has_no_augmentation(diagonal: tuple[str, ...], run: Run) -> None:
    code, out, _ = run("train", *diagonal, "--alpha", "0.5", "--json", "r.json", "--plot", "c.png")
    assert code == 0
    assert cells(out, "augmented") == ["—"] * 8
    assert "The group is not compact: no augmentation." in out
    content = read()["approaches"]
    assert content["augmented"] is None
    assert content["regularized"]["alpha"] == 0.5
    assert Path("c.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_left_to_train_without_invariants(folder: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    np.savez("minus.npz", g=-np.eye(3))
    np.savez("three.npz", x=X, y=X[:, :2])
    code, _, _ = run("train", "three.npz", "--symmetry", "minus.npz", "--rank", "1", "--json", "r.json")
    assert code == 0
    hardwired = read()["approaches"]["hardwired"]
    assert (hardwired["stopped"], hardwired["converged"]) == (0, True)
    assert hardwired["final_loss"] == hardwired["optimal_loss"]
    # Without noise nothing is left of the loss at full rank: no relative excess.
    run("train", "three.npz", "--symmetry", "minus.npz", "--json", "r.json")
    assert read()["approaches"]["plain"]["relative_excess"] is None


def test_quiet_prints_nothing(four: tuple[str, ...], run: Run) -> None:
    assert run(*four, "--quiet") == (0, "", "")


@pytest.mark.parametrize("columns", [62, 80, 120])
def test_the_output_fits_the_terminal(four: tuple[str, ...], run: Run, columns: int) -> None:
    _, out, _ = run(*four, "--steps", "40", columns=columns)
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--alpha", "-1"), "alpha must be a number ≥ 0, got -1.0"),
        (("--tol", "-1"), "tol must be"),
        (("--plot", "c.bmp"), "c.bmp is no picture that can be drawn: it ends in .bmp"),
        (("--json", "nowhere/r.json"), "nowhere/r.json cannot be written: there is no folder nowhere"),
    ],
)
def test_an_error_has_three_parts(four: tuple[str, ...], run: Run, arguments: Any, what: str) -> None:
    code, out, err = run(*four, *arguments)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert what in lines[0]
    assert [line.split(":")[0].strip() for line in lines] == ["Error", "Likely cause", "What to do"]


@pytest.mark.parametrize("rank", ["0", "5"])
def test_a_rank_out_of_range_is_an_error(folder: Path, run: Run, four: tuple[str, ...], rank: str) -> None:
    code, _, err = run(*four[:-1], rank)
    assert code == 1
    assert f"rank must be an integer from 1 to 4, got {rank}" in err


def test_without_torch_it_says_what_to_install(
    four: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    code, out, err = run(*four)
    assert (code, out) == (1, "")
    assert "training needs PyTorch, which is not installed" in err
    assert 'pip install "haarwire[torch]"' in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--optimizer", "newton"), "'newton' is not one of gd, momentum, adam, gradient_flow"),
        (("--inputs", "scaled"), "'scaled' is not one of whitened, raw"),
        (("--runs", "0"), "0 is not a whole number ≥ 1"),
        (("--seed", "-1"), "-1 is not a whole number ≥ 0"),
        (("--depth", "0"), "0 is not a whole number ≥ 1"),
        (("--depth", "1"), "one layer has no bottleneck"),
        (("--widths", "3;2"), "'3;2' is not a list such as 20,5,20"),
        (("--widths", "3,2", "--depth", "2"), "2 hidden widths make 3 layers, --depth says 2"),
        (("--widths", "3,3"), "the least width of 3,3 is 3, --rank says 2"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    four: tuple[str, ...], run: Run, arguments: Any, message: str
) -> None:
    code, out, err = run(*four, *arguments, columns=200)
    assert (code, out) == (2, "")
    assert message in words(err.replace("│", " "))


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_readable(run: Run, columns: int) -> None:
    code, out, _ = run("train", "--help", columns=columns)
    assert code == 0
    assert max(map(len, out.splitlines())) <= columns
    assert "haarwire train digits --symmetry image_rotations:8 --rank 5" in [
        s.strip() for s in out.splitlines()
    ]
    assert "All samples are used for training" in words(out)
    for option in ("--rank", "--alpha", "--depth", "--widths", "--inputs", "--steps", "--json", "--plot"):
        assert option in out
