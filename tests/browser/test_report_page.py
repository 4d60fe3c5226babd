"""The report in a browser: what it shows is what the library says."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import haarwire as hw
from browser.looking import close, move, number, violations
from hostile import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("axe_playwright_python", reason="needs the dependency group 'browser'")

Visit = Callable[..., "Page"]
PageOf = tuple[str, dict[str, Any]]


@pytest.fixture(scope="session")
def result() -> hw.Comparison:
    pytest.importorskip("sklearn", reason="needs the sklearn extra")
    return hw.compare(hw.datasets.load("digits"), hw.groups.image_rotations(8), rank=5)


@pytest.fixture(scope="session")
def page_of(result: hw.Comparison, tmp_path_factory: pytest.TempPathFactory) -> PageOf:
    file = tmp_path_factory.mktemp("report") / "out.html"
    page = hw.report(result, file, command="haarwire compare digits -s image_rotations:8 --rank 5")
    return file.as_uri(), page.content


def test_sliders_move_the_numbers(visit: Visit, result: hw.Comparison, page_of: PageOf) -> None:
    address, content = page_of
    assert result.fitted is not None
    path, test = result.fitted.path, result.fitted.test
    page = visit(address)
    alphas = [math.inf if alpha == "inf" else alpha for alpha in content["path"]["alphas"]]
    for place, rank in ((0, 5), (10, 1), (25, 3), (40, 10), (len(alphas) - 1, 5)):
        move(page, "rank", rank - 1)
        move(page, "alpha", place)
        model = path.at(alphas[place], rank=rank)
        assert close(number(page, "#alpha-value"), alphas[place]) or math.isinf(alphas[place])
        assert number(page, "#rank-value") == rank
        assert close(number(page, "#now-loss"), result.fitted.train.loss(model.coef, model.intercept))
        assert close(number(page, "#now-as-is"), test.loss(model.coef, model.intercept))
        assert close(number(page, "#now-gap"), model.relative_invariance_gap)


def test_of_many_runs_the_page_says_how_many_are_drawn(visit: Visit, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the torch extra")
    from haarwire import training

    rep = hw.groups.cyclic_shifts(4)
    data = hw.datasets.planted(rep, 60, n_targets=2, rng=0)
    network = training.DeepLinearNetwork((4, 2, 2), runs=10)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    history = training.train(moments, network, rep=rep, approach=hw.Plain(), steps=20)
    file = tmp_path / "training.html"
    hw.report(hw.compare(data, rep), file, training=history)
    captions = visit(file.as_uri()).locator("#training figcaption").all_inner_texts()
    assert len(captions) == 2
    assert all(f"8 of 10 runs, {history.converged.sum()} converged" in caption for caption in captions)


def test_the_orbit_table_holds_the_models_outputs(
    visit: Visit, result: hw.Comparison, page_of: PageOf
) -> None:
    address, content = page_of
    assert result.fitted is not None
    fitted = result.fitted
    page = visit(address)
    move(page, "alpha", 30)
    page.locator("#sample").select_option("1")
    alpha = content["path"]["alphas"][30]
    approaches = {
        "plain": hw.Plain(),
        "hardwired": hw.Hardwired(),
        "augmented": hw.Augmented(),
        "regularized": hw.Regularized(alpha),
    }
    truth = int(fitted.samples.Y[1].argmax())
    for name, approach in approaches.items():
        model = hw.solve(fitted.train, fitted.representation, rank=5, approach=approach)
        cells = page.locator(f"#orbit tr[data-model={name}] td").all_inner_texts()[:4]
        for cell, g in zip(cells, fitted.representation.elements(), strict=True):
            outputs = model.predict(g.apply(fitted.samples.X[1:2].astype(float)))[0]
            told = cell.split()
            assert told[:2] == ["✓" if outputs.argmax() == truth else "✗", str(outputs.argmax())]
            assert float(told[2].replace("−", "-")) == pytest.approx(outputs[truth], rel=2e-3, abs=2e-4)


def test_coefficients_are_painted(visit: Visit, result: hw.Comparison, page_of: PageOf) -> None:
    address, content = page_of
    assert result.fitted is not None
    page = visit(address)
    move(page, "alpha", 35)
    move(page, "rank", 2)
    model = result.fitted.path.at(content["path"]["alphas"][35], rank=3)
    painted = page.evaluate(
        "[...document.querySelectorAll('#coefficients canvas')].map((c) => "
        "[...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])"
    )
    pixels = np.array(painted, dtype=float).reshape(10, 64, 4)
    # On white paper, red falls off towards blue (positive) and blue towards orange (negative).
    signed = np.where(pixels[:, :, 0] < pixels[:, :, 2], 255 - pixels[:, :, 0], pixels[:, :, 2] - 255)
    assert np.corrcoef(signed.ravel(), model.coef.ravel())[0, 1] > 0.99


def test_the_landscape_follows_the_rank(visit: Visit, result: hw.Comparison, page_of: PageOf) -> None:
    address, _ = page_of
    assert result.fitted is not None
    page = visit(address)
    for rank in (1, 4):
        move(page, "rank", rank - 1)
        points = hw.critical_points(
            result.fitted.train, result.fitted.representation, rank=rank, approach=hw.Hardwired()
        )
        caption = page.locator("#landscapes figcaption").first.inner_text()
        assert caption.startswith("hard-wired")
        assert f"{points.count} critical points" in caption
        losses = page.locator("#landscape-table tbody td:nth-child(3)").all_text_contents()[:5]
        assert [float(text) for text in losses] == pytest.approx([p.loss for p in points.lowest(5)], rel=1e-3)


def test_it_is_used_by_keyboard(visit: Visit, page_of: PageOf) -> None:
    page = visit(page_of[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"alpha", "rank", "sample"} <= set(reached)
    page.locator("#alpha").focus()
    before = page.locator("#alpha-value").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#alpha-value").inner_text() != before
    page.keyboard.press("End")
    assert page.locator("#alpha-value").inner_text() == "∞"
    assert page.locator("#alpha").get_attribute("aria-valuetext") == "infinity"
    page.locator("#status").filter(has_text="α = ∞, rank 5").wait_for(state="attached")


def test_a_press_on_a_curve_moves_the_slider(visit: Visit, page_of: PageOf) -> None:
    page = visit(page_of[0])
    curve = page.locator("#curves svg[role=img]").first
    frame = curve.bounding_box()
    assert frame is not None
    curve.click(position={"x": frame["width"] - 10, "y": 60})
    assert page.locator("#alpha-value").inner_text() == "∞"


LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_in_the_way_of_anybody(visit: Visit, page_of: PageOf, pictures: Path, look: str) -> None:
    page = visit(page_of[0], **LOOKS[look])
    page.screenshot(path=pictures / f"report-{look}.png", full_page=True)
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_printed_on_a_few_pages(visit: Visit, page_of: PageOf, pictures: Path) -> None:
    page = visit(page_of[0], color_scheme="dark")
    printed = page.pdf(path=pictures / "report.pdf", format="A4")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
    page.emulate_media(media="print")
    assert not page.locator("#alpha").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", HOSTILE[:5])
def test_hostile_names_do_nothing(visit: Visit, tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    labels = np.array([name or "x", "b"], dtype=object)[rng.integers(0, 2, 60)]
    data = hw.datasets.Dataset.from_arrays(rng.standard_normal((60, 16)), labels, name=name)
    result = hw.compare(data, hw.groups.image_rotations(4), rank=1)
    file = tmp_path / "out.html"
    hw.report(result, file, command=name)
    page = visit(file.as_uri())
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, b").count() == 0
