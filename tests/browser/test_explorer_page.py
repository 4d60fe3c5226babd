"""The explorer in a browser: it follows every control, and tells when its server is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import haarwire as hw
from browser.looking import close, drawn, move, number, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from haarwire.explorer import Explorer

uvicorn = pytest.importorskip("uvicorn", reason="needs the report extra")
pytest.importorskip("axe_playwright_python", reason="needs the dependency group 'browser'")

Visit = Callable[..., "Page"]
Server = tuple[str, Any]


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    from haarwire.explorer import Explorer

    pytest.importorskip("sklearn", reason="needs the sklearn extra")
    symmetries = [hw.groups.image_rotations(8), hw.groups.image_rotations(8, reflections=True)]
    found = Explorer(hw.datasets.load("digits"), symmetries, rank=5)
    found.prepare(patience=60.0)
    return found


@pytest.fixture
def server(explorer: Explorer) -> Iterator[Server]:
    from haarwire.explorer.server import application
    from haarwire.explorer.serving import _listening

    running = uvicorn.Server(uvicorn.Config(application(explorer), log_level="error", ws="none"))
    listener = _listening(0)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", running
    running.should_exit = running.force_exit = True
    thread.join(10)
    listener.close()


def choose(page: Page, symmetry: int) -> None:
    before = drawn(page)
    page.locator("#symmetry").select_option(str(symmetry))
    page.locator(f"html:not([data-ready='{before}'])").wait_for(state="attached")


def test_it_follows_every_control(visit: Visit, explorer: Explorer, server: Server) -> None:
    page = visit(server[0])
    where = {"symmetry": 0, "size": len(explorer.sizes) - 1, "noise": 0, "alpha": 20, "rank": 5}
    move(page, "alpha", 20)
    for control, place in (
        ("size", 3),
        ("noise", 6),
        ("symmetry", 1),
        ("rank", 2),
        ("alpha", 31),
        ("size", 5),
    ):
        where[control] = place
        if control == "symmetry":
            choose(page, place)
        else:
            move(page, control, place - 1 if control == "rank" else place)
        where["alpha"] = int(page.locator("#alpha").input_value())
        shown = explorer.view(where["symmetry"], where["size"], where["noise"])
        path = shown["path"]
        row = path["ranks"].index(where["rank"])
        keys = {"loss": "loss", "as-is": "as_is", "moved": "moved", "gap": "relative_invariance_gap"}
        for name, key in keys.items():
            assert close(number(page, f"#now-{name}"), path[key][row][where["alpha"]]), (control, name)
        assert number(page, "#n-train") == shown["n_train"]
        assert number(page, "#n-invariant") == shown["n_invariant"]
        frame = explorer.frame(**where)
        captions = page.locator("#landscapes figcaption").all_inner_texts()
        for caption, (name, landscape) in zip(captions, frame["landscapes"].items(), strict=True):
            assert caption.startswith(name)
            assert f"{landscape['count']} critical" in caption
    assert page.locator("#symmetry-name").inner_text() == "image_rotations:8,reflections=true"


def test_its_pictures_are_those_of_the_library(visit: Visit, explorer: Explorer, server: Server) -> None:
    page = visit(server[0])
    move(page, "alpha", 25)
    painted = page.evaluate(
        "[...document.querySelectorAll('#coefficients canvas')].map((c) => "
        "[...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])"
    )
    pixels = np.array(painted, dtype=float).reshape(10, 64, 4)
    signed = np.where(pixels[:, :, 0] < pixels[:, :, 2], 255 - pixels[:, :, 0], pixels[:, :, 2] - 255)
    fit = explorer._fits.fit(0, len(explorer.sizes) - 1, 0)
    coef = fit.path.at(float(explorer._fits.alphas(0)[25]), rank=5).coef
    assert np.corrcoef(signed.ravel(), coef.ravel())[0, 1] > 0.99


def test_many_moves_end_where_the_slider_is(visit: Visit, explorer: Explorer, server: Server) -> None:
    page = visit(server[0])
    page.locator("#noise").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    place = int(page.locator("#noise").input_value())
    assert place == 8
    page.wait_for_timeout(1500)
    alpha = int(page.locator("#alpha").input_value())
    path = explorer.view(0, len(explorer.sizes) - 1, place)["path"]
    assert close(number(page, "#now-loss"), path["loss"][path["ranks"].index(5)][alpha])


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_nothing_is_in_the_way_of_anybody(visit: Visit, server: Server, pictures: Path, look: str) -> None:
    options: dict[str, Any] = {"color_scheme": "dark"} if look == "dark" else {}
    if look == "phone":
        options = {"viewport": {"width": 390, "height": 844}}
    page = visit(server[0], **options)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=pictures / f"explorer-{look}.png", full_page=True)


def test_a_page_of_another_site_learns_nothing(browser: Any, server: Server) -> None:
    page = browser.new_context().new_page()
    page.route(
        "http://other.example/*", lambda route: route.fulfill(body="<p>other</p>", content_type="text/html")
    )
    page.goto("http://other.example/")
    asked = (
        f"fetch('{server[0]}view?symmetry=0&size=0&noise=0').then((r) => r.text(), (e) => 'refused: ' + e)"
    )
    assert page.evaluate(asked).startswith("refused")
    quiet = f"fetch('{server[0]}', {{mode: 'no-cors'}}).then((r) => r.text(), (e) => 'refused: ' + e)"
    assert page.evaluate(quiet).partition(":")[0] in ("", "refused")
    page.context.close()


def test_it_tells_what_is_still_computed(browser: Any, server: Server) -> None:
    page = browser.new_context().new_page()
    done = [3]
    page.route("**/prepared?*", lambda route: route.fulfill(json={"done": done[0], "planned": 16}))
    page.goto(server[0])
    page.locator("#ahead").filter(has_text="3 of 16 pairs").wait_for()
    done[0] = 16
    page.locator("#ahead").wait_for(state="hidden")
    page.wait_for_selector("html[data-ready]", state="attached")
    asked: list[Any] = []
    page.route("**/frame?*", lambda route: asked.append(route))  # noqa: PLW0108  a bound builtin is refused
    page.locator("#alpha").fill("3")
    page.locator("#busy").filter(has_text="Computing").wait_for()
    asked[0].continue_()
    page.locator("#busy").wait_for(state="hidden")
    page.context.close()


def test_it_tells_when_the_server_is_gone(browser: Any, server: Server) -> None:
    page = browser.new_context().new_page()
    page.goto(server[0])
    page.wait_for_selector("html[data-ready]", state="attached")
    page.route("**/frame?*", lambda route: route.abort())
    page.locator("#alpha").fill("3")
    page.locator("#trouble").filter(has_text="does not answer").wait_for()
    page.unroute("**/frame?*")
    page.locator("#alpha").fill("4")
    page.locator("#trouble").wait_for(state="hidden")
    page.context.close()
