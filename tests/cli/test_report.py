"""haarwire compare --report and haarwire explore, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.conftest import Run
from haarwire.cli.report import command_line

pytest.importorskip("starlette", reason="needs the report extra")


def test_compare_writes_a_page(run: Run, folder: Path) -> None:
    code, out, _ = run("compare", "data.npz", "-s", "cyclic_shifts:6", "--rank", "1", "--report", "out.html")
    assert code == 0
    assert "cyclic_shifts:6" in out
    page = (folder / "out.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "haarwire compare data.npz --symmetry cyclic_shifts:6 --rank 1 --seed 0 --report out.html" in page


def test_the_command_on_the_page_writes_the_same_page(run: Run, folder: Path) -> None:
    import html
    import shlex

    options = ["--test-size", "0.25", "--ridge", "0.5", "--image-shape", "2x3", "--report", "my page.html"]
    assert run("compare", "numbers.npz", "-s", "reflection:6", *options, "-q")[0] == 0
    first = (folder / "my page.html").read_text("utf-8")
    command = re.search(r'<pre id="command" tabindex="0"><code>(.*?)</code>', first)
    assert command is not None
    assert run(*shlex.split(html.unescape(command[1]))[1:], "-q")[0] == 0
    second = (folder / "my page.html").read_text("utf-8")
    seconds = re.compile(r"\b\d+\.\d{3}\b")
    policy = re.compile(r"sha256-[^']*")
    assert policy.sub("", seconds.sub("", first)) == policy.sub("", seconds.sub("", second))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("out.pdf", "it ends in .pdf"),
        ("nowhere/out.html", "cannot be written"),
        ("page", "nothing"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    run: Run, folder: Path, path: str, message: str
) -> None:
    code, out, err = run("compare", "data.npz", "-s", "cyclic_shifts:6", "--report", path)
    assert code == 1
    assert out == ""
    assert message in " ".join(err.split())


@pytest.mark.parametrize("shape", ["6", "2x", "x3", "2x3x1", "-2x3", "ax b"])
def test_a_shape_that_is_none_is_refused(run: Run, folder: Path, shape: str) -> None:
    code, _, err = run("compare", "data.npz", "-s", "cyclic_shifts:6", "--image-shape", shape)
    assert code == 2
    assert "image-shape" in err


def test_a_shape_of_other_images_is_refused(run: Run, folder: Path) -> None:
    given = ["--image-shape", "2x2", "--report", "out.html"]
    code, _, err = run("compare", "data.npz", "-s", "cyclic_shifts:6", *given)
    assert code == 1
    assert "does not have 6 pixels" in err


def test_words_with_spaces_are_quoted() -> None:
    assert command_line("compare", "my data.csv", {"--rank": None, "--ridge": 0.1, "--seed": 0}) == (
        "haarwire compare 'my data.csv' --ridge 0.1 --seed 0"
    )


def test_explore_serves_until_interrupted(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import haarwire.explorer as room

    served = {}

    def serve(explorer: room.Explorer, **options: object) -> None:
        served.update(options, view=explorer.view(1, 0, 0))
        announce = options["announce"]
        assert callable(announce)
        announce("http://127.0.0.1:1/")

    monkeypatch.setattr(room, "serve", serve)
    symmetries = ["-s", "cyclic_shifts:6", "-s", "reflection:6"]
    code, _, err = run("explore", "data.npz", *symmetries, "--no-browser", "--port", "0")
    assert code == 0
    assert "http://127.0.0.1:1/" in err
    assert served["open_browser"] is False
    assert served["view"]["n_invariant"] == 3
    code, out, err = run("explore", "data.npz", *symmetries, "--json", "-")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["address"] == "http://127.0.0.1:1/"
    assert told["symmetries"] == ["cyclic_shifts:6", "reflection:6"]


def test_explore_names_what_does_not_fit(run: Run, folder: Path) -> None:
    code, _, err = run("explore", "data.npz", "-s", "cyclic_shifts:5", "--no-browser")
    assert code == 1
    assert "acts on 5 coordinates" in " ".join(err.split())
    assert run("explore", "data.npz", "-s", "cyclic_shifts:6", "--seed", "-1")[0] == 2
