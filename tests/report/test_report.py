"""The page: one file, nothing loaded, nothing let out."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import haarwire as hw
from haarwire.report.gather import gather
from haarwire.report.render import render
from hostile import HOSTILE


class Page(HTMLParser):
    """Tags, their attributes, and the texts of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append(f"{tag} {dict(attrs).get('type', '')}".strip())

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[self.inside[-1]] = self.texts.get(self.inside[-1], "") + data


class Shared:
    """A comparison whose repr is short, for Hypothesis to print."""

    def __init__(self, compared: hw.Comparison) -> None:
        self.compared = compared


@pytest.fixture
def shared(compared: hw.Comparison) -> Shared:
    return Shared(compared)


def test_it_is_one_page_that_loads_nothing(compared: hw.Comparison) -> None:
    page = Page(hw.report(compared).html)
    for tag, attributes in page.tags:
        assert (
            not {"src", "href", "srcset", "action", "data"} & set(attributes) or attributes["href"] == "#main"
        )
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert "http" not in page.texts["style"]
    assert set(re.findall(r"https?://[^\"' ]+", page.texts["script"])) <= {"http://www.w3.org/2000/svg"}


def test_its_policy_knows_its_script_and_its_style(compared: hw.Comparison) -> None:
    page = Page(hw.report(compared).html)
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        digest = b64encode(hashlib.sha256(page.texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1) | st.sampled_from(HOSTILE))
def test_hostile_names_stay_texts(shared: Shared, name: str) -> None:
    compared = shared.compared
    assert compared.fitted is not None
    samples = compared.fitted.samples
    fitted = replace(
        compared.fitted, samples=replace(samples, classes=np.array([name, "b", "c"], dtype=object))
    )
    hostile = replace(compared, data=name, symmetry=name, fitted=fitted)
    ordinary = [tag for tag, _ in Page(render(gather(compared, command="x"))).tags]
    html = render(gather(hostile, command=name))
    page = Page(html)
    assert [tag for tag, _ in page.tags] == ordinary
    assert html.encode("utf-8")


def test_it_is_written_and_shown(compared: hw.Comparison, tmp_path: Path) -> None:
    page = hw.report(compared, tmp_path / "out.html")
    assert (tmp_path / "out.html").read_text("utf-8") == page.html
    assert repr(page).startswith("Report(patterns under image_rotations:4: 0.")
    assert page._repr_html_().startswith("<iframe")
    assert "<script" not in page._repr_html_()
    assert page.save(str(tmp_path / "again.html")).stat().st_size == len(page.html.encode())


def test_a_path_that_cannot_be_written_is_named(compared: hw.Comparison, tmp_path: Path) -> None:
    with pytest.raises(hw.FileError, match="cannot be written"):
        hw.report(compared, tmp_path / "nowhere" / "out.html")


def test_the_same_comparison_gives_the_same_page(compared: hw.Comparison) -> None:
    assert hw.report(compared).html == hw.report(compared).html


def test_training_curves_are_shown() -> None:
    pytest.importorskip("torch", reason="needs the torch extra")
    from haarwire import training

    rep = hw.groups.cyclic_shifts(4)
    data = hw.datasets.planted(rep, 60, n_targets=2, rng=0)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    history = training.train(
        moments, training.DeepLinearNetwork((4, 2, 2), runs=2), rep=rep, approach=hw.Plain(), steps=200
    )
    content = gather(hw.compare(data, rep), training={"hard-<wired>": history})
    (curves,) = content["training"]
    assert curves["name"] == "hard-<wired>"
    assert curves["loss"][1][-1] == pytest.approx(history.loss[-1, 1], rel=1e-6)
    assert curves["steps"][-1] == history.steps[-1]
    assert "hard-<wired>" not in render(content)
