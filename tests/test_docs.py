"""The documentation: links lead somewhere, words agree with the code, and Sphinx builds it cleanly."""

from __future__ import annotations

import html
import importlib
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import haarwire as hw

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = ("tutorials", "gallery", "api")
PATTERNS = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "docs/guide/*.md",
    "docs/depth/*.md",
    "docs/api/*.md",
)
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern))
ANYWHERE = re.compile(r"\]\(([^)\s]+)\)|<(?:a|img)[^>]+(?:href|src)=\"([^\"]+)\"", flags=re.DOTALL)


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """As GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for found in ANYWHERE.finditer(_without_code(page.read_text(encoding="utf-8"))):
        link = unquote(found[1] or found[2])
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.is_relative_to(DOCS) and target.relative_to(DOCS).parts[0] in GENERATED[:2]:
            _check_generated(target)
            continue
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name} links to {link}"


def _check_generated(target: Path) -> None:
    """A page or picture that sphinx-gallery makes from an example."""
    folder = target.relative_to(DOCS).parts[0]
    name = re.sub(r"^sphx_glr_|_\d{3}$", "", target.stem)
    assert name == "index" or (ROOT / "examples" / folder / f"{name}.py").exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_names_of_the_package_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`(?:hw|haarwire)\.([\w.]+)", text):
        value: object = hw
        for i, part in enumerate(parts := name.split(".")):
            try:
                value = getattr(value, part)
            except AttributeError:
                value = importlib.import_module("haarwire." + ".".join(parts[: i + 1]))
            except hw.MissingDependencyError as missing:
                pytest.skip(f"{page.name} names {name}: {missing.what}")


def test_classes_and_functions_of_the_glossary_exist() -> None:
    text = (DOCS / "guide/glossary.md").read_text(encoding="utf-8")
    rooms = [importlib.import_module(f"haarwire.{room}") for room in ("solve", "landscape", "training")]
    names = set(re.findall(r"`([A-Z]\w+)[`(.]|`(\w+)\(", text))
    assert len(names) > 10
    for name in (first or second for first, second in names):
        assert any(hasattr(place, name) for place in (hw, *rooms)), name


def test_how_to_choose_is_forty_lines() -> None:
    text = (DOCS / "guide/choose.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45


def test_the_exit_codes_are_those_of_the_command() -> None:
    pytest.importorskip("typer", reason="the command needs the 'cli' extra")
    from haarwire.cli.failures import EXIT_CODES

    text = (DOCS / "guide/command_line.md").read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in text


def test_every_command_is_on_the_page() -> None:
    pytest.importorskip("typer", reason="the command needs the 'cli' extra")
    from haarwire.cli import app

    text = (DOCS / "guide/command_line.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        assert f"`haarwire {command.name}" in text


@pytest.mark.parametrize("folder", ["src", "experiments", "tests"])
def test_sections_of_the_theory_exist(folder: str) -> None:
    headings = re.findall(
        r"^## (\d)\. ", (DOCS / "guide/theory.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings == [str(number) for number in range(1, len(headings) + 1)]
    cited = "".join(path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))
    numbers = re.findall(r"theory, sections? (\d)(?: (?:and|to) (\d))?", cited)
    assert numbers
    assert {number for pair in numbers for number in pair if number} <= set(headings)


def test_top_level_names_lead_to_their_own_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx", reason="needs the dependency group docs")
    pytest.importorskip("torch", reason="the pages of all rooms are written")
    conf = runpy.run_path(str(DOCS / "conf.py"))
    written: dict[str, str] = {}
    write = conf["write_rooms"]
    monkeypatch.setitem(
        write.__globals__, "_write", lambda path, *parts: written.update({path.name: str(parts)})
    )
    write(None, None)
    for name in hw.__all__:
        home = conf["HOMES"].get(name)
        if home is not None:
            room, _, last = home.rpartition(".")
            assert getattr(importlib.import_module(room), last) is getattr(hw, name), home
    assert "the noise" in written["haarwire.explorer.rst"]
    assert "Targets" not in written["haarwire.datasets.rst"]


@pytest.mark.skipif("HAARWIRE_BUILD_DOCS" not in os.environ, reason="a minute: HAARWIRE_BUILD_DOCS=1 builds")
def test_sphinx_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx_gallery", reason="needs the dependency group docs")
    call = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    for name in ("index", "guide/choose", "tutorials/rotated_digits", "api/haarwire.solve"):
        assert (tmp_path / f"{name}.html").exists()
    pages = {
        page: page.read_text(encoding="utf-8")
        for page in tmp_path.rglob("*.html")
        if "_static" not in page.parts
    }
    assert "σ<sub>r+1</sub>" in pages[tmp_path / "guide/theory.html"]
    assert "σ<sub>r+1</sub>" in pages[tmp_path / "api/haarwire.solve.html"]
    anchors = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    for page, text in pages.items():
        for link in map(html.unescape, re.findall(r'(?:href|src)="([^"]+)"', text)):
            if re.match(r"[a-z]+:|//", link):
                assert not re.search(rf'src="{re.escape(link)}"', text), f"{page.name} loads {link}"
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page
            assert target.exists(), f"{page.name} links to {link}"
            assert not anchor or unquote(anchor) in anchors.get(target, {unquote(anchor)}), (page.name, link)
