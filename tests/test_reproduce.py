"""The paper's experiments redone: every file is written, and whether a run agrees is computed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("torch", reason="training needs the 'torch' extra")
pytest.importorskip("matplotlib", reason="pictures need the 'plots' extra")
pytest.importorskip("sklearn", reason="the digits need the 'sklearn' extra")

from haarwire.reproduce import FIGURES, SENTENCES, Check, Done, Outcome, prepare, reproduce, table
from haarwire.reproduce.landscape import rings
from haarwire.reproduce.outcome import at_least, at_most, holds

PNG = b"\x89PNG"


def read(path: Path) -> Any:
    def refuse(token: str) -> None:
        pytest.fail(f"{token} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Done]]:
    """All figures, once, with the smallest budgets."""
    out = tmp_path_factory.mktemp("reproduced") / "new"
    return out, reproduce(prepare(quick=True, runs=2), out)


def test_quick_writes_every_figure_a_table_and_the_numbers(quick: tuple[Path, list[Done]]) -> None:
    out, done = quick
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(f"{name}.png" for name in FIGURES), "results.md", "results.json"]
    )
    for name in FIGURES:
        assert (out / f"{name}.png").read_bytes().startswith(PNG)
        assert (out / f"{name}.png").stat().st_size < 150_000
    assert [each.name for each in done] == list(FIGURES)


def test_the_json_says_what_was_found(quick: tuple[Path, list[Done]]) -> None:
    out, done = quick
    content = read(out / "results.json")
    assert list(content) == ["setup", "figures"]
    setup = content["setup"]
    assert (setup["data"], setup["symmetry"], setup["rank"]) == ("digits", "image_rotations:8", 5)
    assert (setup["n_train"], setup["n_test"], setup["runs"], setup["quick"]) == (1198, 599, 2, True)
    assert list(content["figures"]) == list(FIGURES)
    for name, outcome, _ in done:
        figure = content["figures"][name]
        assert list(figure) == ["title", "sentence", "agrees", "checks", "seconds", "results"]
        assert figure["sentence"] in SENTENCES.values()
        assert figure["agrees"] is outcome.agrees is all(check["agrees"] for check in figure["checks"])
        for check in figure["checks"]:
            assert list(check) == ["statement", "value", "allowed", "agrees"]


@pytest.mark.parametrize("name", ["losses", "gap", "path", "landscape", "samples"])
def test_squared_error_agrees_with_the_abstract(quick: tuple[Path, list[Done]], name: str) -> None:
    (outcome,) = [each.outcome for each in quick[1] if each.name == name]
    assert outcome.agrees, [check for check in outcome.checks if not check.agrees]


def test_numbers_are_those_of_the_closed_forms(quick: tuple[Path, list[Done]]) -> None:
    figures = read(quick[0] / "results.json")["figures"]
    losses = figures["losses"]["results"]
    assert losses["hardwired"]["final_loss"]["mean"] == pytest.approx(losses["hardwired"]["optimal_loss"])
    # Whitening changes no optimum without a penalty.
    setup = prepare(quick=True)
    for approach in (hw.Plain(), hw.Hardwired(), hw.Augmented()):
        best = hw.solve(setup.pixels, setup.images, rank=5, approach=approach)
        assert losses[approach.label]["optimal_loss"] == pytest.approx(best.loss, rel=1e-8)
    rows = figures["landscape"]["results"]
    assert [each["count"] for each in rows["quarter turns"].values()] == [126, 126, 126]
    assert [each["count"] for each in rows["4 rings"].values()] == [4, 4, math.comb(9, 3)]
    for each in (each for row in rows.values() for each in row.values()):
        assert sum(each["index_histogram"]) == each["count"] == len(each["losses"])


def test_the_table_has_a_line_a_number_and_a_sentence_a_figure(quick: tuple[Path, list[Done]]) -> None:
    out, done = quick
    text = (out / "results.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + sum(len(outcome.checks) for _, outcome, _ in done)
    assert all(row.count(" | ") == 5 for row in rows[2:])
    for name, outcome, _ in done:
        assert f"[{name}]({name}.png)" in text
        assert SENTENCES[outcome.sentence] in text


# Agreement is computed.


def test_checks_follow_the_numbers() -> None:
    assert at_most("x", 1.0, 1.0).agrees
    assert not at_most("x", 1.1, 1.0).agrees
    assert not at_most("x", math.nan, 1.0).agrees
    assert not at_most("x", math.inf, 1.0).agrees
    assert at_least("x", 1.0, 1.0).agrees
    assert not at_least("x", math.nan, 1.0).agrees
    assert holds("x", 2, 2).agrees
    assert not holds("x", 3, 2).agrees


def test_a_run_that_does_not_agree_says_so() -> None:
    wrong = Outcome("t", "path", (at_most("a", 0.0, 1.0), at_most("b", 2.0, 1.0)), {}, None)  # type: ignore[arg-type]
    assert not wrong.agrees
    text = table(prepare(quick=True), [Done("path", wrong, 1.0)])
    assert "| b | 2 | ≤ 1 | NO |" in text
    assert "This run does not agree in every number." in text
    assert isinstance(wrong.checks[0], Check)


def test_networks_that_have_not_arrived_do_not_agree() -> None:
    from haarwire.reproduce import runs
    from haarwire.reproduce.training import loss_figure

    setup = prepare(quick=True, runs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_STEPS", (1, 1))
        outcome = loss_figure(setup, runs.train_all(setup, lambda share: None))
    assert not outcome.agrees
    (excess,) = [check for check in outcome.checks if "excess" in check.statement]
    assert excess.value > 0.1


# The parts.


def test_the_pixels_left_out_are_whole_orbits_and_whitening_commutes() -> None:
    setup = prepare(quick=True)
    assert setup.rep.dim == setup.live.size
    turn = setup.rep.generators[0].to_dense()
    np.testing.assert_allclose(turn @ setup.whitening, setup.whitening @ turn, atol=1e-10)
    averaged = hw.average_moments(setup.moments, setup.rep)
    np.testing.assert_allclose(averaged.gram, np.eye(setup.live.size), atol=1e-9)


@pytest.mark.parametrize(("side", "d"), [(8, 4), (28, 7), (14, 7)])
def test_rings_have_few_invariants(side: int, d: int) -> None:
    rep = rings(side)
    assert hw.invariant_subspace(rep).dim == d
    image = np.random.default_rng(0).standard_normal(side * side)
    moved = rep.generators[0].apply(image)
    assert sorted(moved.tolist()) == sorted(image.tolist())


def test_mnist_is_looked_for_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prepare().source.name == "digits"
    rng = np.random.default_rng(0)
    arrays = {"x_train": (40, 8, 8), "x_test": (20, 8, 8)}
    images = {name: rng.integers(0, 255, shape).astype(np.uint8) for name, shape in arrays.items()}
    labels = {"y_train": np.arange(40) % 4, "y_test": np.arange(20) % 4}
    np.savez("mnist.npz", **images, **labels)
    found = prepare()
    assert (found.source.name, found.side, len(found.split[1].X)) == ("mnist", 8, 20)
    assert prepare(quick=True).source.name == "digits"


def test_names_in_any_iterable_and_a_folder_in_words(tmp_path: Path) -> None:
    done = reproduce(prepare(quick=True), str(tmp_path), only=iter(["landscape"]))
    assert [each.name for each in done] == ["landscape"]
    assert prepare(quick=True).runs == 3


def test_what_it_cannot_work_on_it_says(tmp_path: Path) -> None:
    with pytest.raises(hw.FileError, match=r"there is no file .*missing\.npz"):
        prepare(tmp_path / "missing.npz")
    np.savez(tmp_path / "flat.npz", x=np.ones((20, 7)), y=np.arange(20) % 2)
    with pytest.raises(hw.DataError, match="flat has 7 features and 2 targets"):
        prepare(tmp_path / "flat.npz")
    with pytest.raises(hw.ParameterError, match="there is no figure 'loss'"):
        reproduce(prepare(quick=True), tmp_path, only=["loss"])
    with pytest.raises(hw.ParameterError, match="one name in place of a list"):
        reproduce(prepare(quick=True), tmp_path, only="path")
    with pytest.raises(hw.ParameterError, match="runs must be an integer ≥ 1, got 0"):
        prepare(quick=True, runs=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(hw.FileError, match="cannot be written to"):
        reproduce(prepare(quick=True), tmp_path / "file", only=["landscape"])


# The command.


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    pytest.importorskip("typer", reason="the command needs the 'cli' extra")
    from haarwire import cli

    for name in ("FORCE_COLOR", "COLUMNS", "TERMINAL_WIDTH", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as exit_:
            cli.main(["reproduce", *arguments])
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return command


def test_the_command_makes_what_is_asked_for(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("--quick", "--only", "landscape", "--out", "here")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in Path("here").iterdir()) == [
        "landscape.png",
        "results.json",
        "results.md",
    ]
    (row,) = [line for line in out.splitlines() if line.startswith("landscape ")]
    assert row.split()[1:5] == ["yes", "8", "of", "8"]
    assert max(map(len, out.splitlines())) <= 80
    assert run("--quick", "--only", "landscape", "--out", "here", "--quiet")[:2] == (0, "")


def test_the_numbers_to_standard_output(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("--quick", "--only", "landscape", "--out", "here", "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out) == read(Path("here/results.json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "loss"), "choose from losses"),
        (("--runs", "0"), "or equal to 1"),
        (("--seed", "-1"), "or equal to 0"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    run: Callable[..., Any], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(*arguments, columns=200)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


def test_a_missing_file_is_an_error_in_three_parts(run: Callable[..., Any]) -> None:
    code, _, err = run("--mnist", "nowhere.npz")
    assert code == 1
    assert "there is no file nowhere.npz" in err
    assert "Likely cause" in err
    assert "What to do" in err


def test_help_is_readable(run: Callable[..., Any]) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "haarwire reproduce --mnist mnist.npz --out results" in out
