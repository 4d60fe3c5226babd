"""`haarwire symmetry` as a user sees it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")

from haarwire.cli.symmetry import candidate_names

Run = Callable[..., tuple[int, str, str]]

SYMMETRY = ("symmetry", "numbers.npz", "--candidates", "cyclic_shifts:6,reflection:6")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("reflection:6", ["reflection:6"]),
        ("a, b ,c", ["a", "b", "c"]),
        ("image_rotations:8,channels=3,reflection:192", ["image_rotations:8,channels=3", "reflection:192"]),
        ("so2:0,1,2,scaling:1,-2", ["so2:0,1,2", "scaling:1,-2"]),
        ("so3:0=2,1=3,trivial:11", ["so3:0=2,1=3", "trivial:11"]),
        ("o3:0e=2,1o=3,group.npz", ["o3:0e=2,1o=3", "group.npz"]),
        ("wreath:cyclic_shifts:5,copies=4,x.npz", ["wreath:cyclic_shifts:5,copies=4", "x.npz"]),
        ("", []),
    ],
)
def test_candidates_are_taken_apart_at_the_right_commas(text: str, names: list[str]) -> None:
    assert candidate_names(text) == names


def test_every_example_of_a_name_is_one_candidate() -> None:
    from haarwire.groups.naming import EXAMPLES

    examples = list(EXAMPLES.values())
    assert candidate_names(",".join(examples)) == examples


def test_it_prints_the_ranking_and_what_it_says(folder: Path, run: Run) -> None:
    code, out, err = run(*SYMMETRY)
    assert (code, err) == (0, "")
    assert "numbers: 90 samples" in out
    lines = [line.split()[0] for line in out.splitlines() if line.startswith(("cyclic", "refl", "triv"))]
    assert lines == ["cyclic_shifts:6", "reflection:6", "trivial:6"]
    assert "In the data: cyclic_shifts:6, reflection:6" in out
    assert "Lowest cross-validated loss: " in out


def test_subgroups_are_tried(folder: Path, run: Run) -> None:
    """Of the shifts of six features: those by two and by three places, and none."""
    code, out, _ = run("symmetry", "numbers.npz", "--candidates", "cyclic_shifts:6", "--subgroups")
    assert code == 0
    lines = [line.split()[0] for line in out.splitlines() if line.startswith(("cyclic", "triv"))]
    assert lines[0] == "cyclic_shifts:6"
    assert set(lines[1:]) == {"cyclic_shifts:6⟨a²⟩", "cyclic_shifts:6⟨a³⟩", "trivial:6"}


def test_subgroups_of_two_files_are_told_apart(folder: Path, run: Run) -> None:
    for name, rep in (("a.npz", hw.groups.cyclic_shifts(6)), ("b.npz", hw.groups.reflection(6))):
        hw.groups.save_generators(name, hw.Representation(6, rep.generators))
    given = ("symmetry", "numbers.npz", "--candidates", "a.npz,b.npz", "--subgroups", "--json", "-")
    names = {row["name"] for row in json.loads(run(*given)[1])["by_evidence"]}
    assert names == {"a.npz", "a.npz⟨a²⟩", "a.npz⟨a³⟩", "b.npz", "trivial:6"}


def test_json_is_what_the_function_returns(folder: Path, run: Run) -> None:
    assert run(*SYMMETRY, "--json", "r.json", "--quiet", "--seed", "3", "--rank", "1") == (0, "", "")
    content = json.loads(Path("r.json").read_text(encoding="utf-8"))
    data = hw.datasets.load("numbers.npz")
    expected = hw.learn_symmetry(data.X, data.Y, ["cyclic_shifts:6", "reflection:6"], rng=3, rank=1)
    assert (content["data"], content["rank"], content["n_samples"]) == ("numbers", 1, 90)
    assert content["by_loss"] == [c.name for c in expected.by_loss]
    for row, candidate in zip(content["by_evidence"], expected.by_evidence, strict=True):
        assert row["name"] == candidate.name
        assert row["log_evidence"] == pytest.approx(candidate.log_evidence)
        assert row["support"] == candidate.support
        assert row["n_invariant"] == candidate.n_invariant
        assert row["alpha"] == ("inf" if math.isinf(candidate.alpha) else pytest.approx(candidate.alpha))


def test_a_broken_symmetry_is_not_supported(folder: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 6))
    np.savez("broken.npz", x=X, y=X[:, 0] - X[:, 5] + 0.3 * rng.standard_normal(200))
    _, out, _ = run("symmetry", "broken.npz", "-c", "reflection:6")
    assert "Not supported by the data: reflection:6" in out


@pytest.mark.parametrize("columns", [62, 100])
def test_the_output_fits_the_terminal(folder: Path, run: Run, columns: int) -> None:
    out = run(*SYMMETRY, columns=columns)[1]
    assert "…" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("symmetry", "none.npz", "-c", "reflection:6"), "there is no file none.npz"),
        (("symmetry", "data.npz", "-c", "reflexion:6"), "there is no symmetry named 'reflexion'"),
        (("symmetry", "data.npz", "-c", ","), "there are no candidates"),
        (("symmetry", "data.npz", "-c", "reflection:7"), "6 features, reflection:7 acts on 7 coordinates"),
        ((*SYMMETRY, "--json", "nowhere/r.json"), "there is no folder nowhere"),
        ((*SYMMETRY, "--rank", "5"), "rank must be an integer from 1 to 1, got 5"),
    ],
)
def test_an_error_has_three_parts(folder: Path, run: Run, arguments: tuple[str, ...], what: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert what in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [("symmetry", "data.npz"), (*SYMMETRY, "--seed", "-1"), (*SYMMETRY, "--targets", "words")]
)
def test_a_wrong_command_line_ends_with_2(folder: Path, run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_help_has_examples(run: Run) -> None:
    out = run("symmetry", "--help", columns=100)[1]
    assert "haarwire symmetry digits --candidates image_rotations:8,reflection:64" in out
