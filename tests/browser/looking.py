"""What tests do on a page: move sliders, read numbers, ask axe, count the colours of a picture."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["close", "drawn", "move", "number", "violations"]


def drawn(page: Page) -> int:
    """How many times the page has been drawn."""
    return int(page.locator("html").get_attribute("data-ready") or 0)


def move(page: Page, slider: str, place: int) -> None:
    """Put a slider to a place, as a hand does, and wait until the page has followed."""
    before = drawn(page)
    page.locator(f"#{slider}").fill(str(place))
    page.locator(f"html:not([data-ready='{before}'])").wait_for(state="attached")


def number(page: Page, name: str) -> float:
    """A number that the page tells."""
    text = page.locator(name).inner_text().replace("−", "-").replace("∞", "inf").replace(",", "")
    return float(text)


def close(shown: float, exact: float) -> bool:
    """Whether a number told to four digits (three, with an exponent) is the exact one."""
    digits = 1e-3 if 1e-3 <= abs(exact) < 1e3 else 6e-3
    return abs(shown - exact) <= digits * abs(exact) + 1e-7


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its own best practices."""
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    session = page.context.new_cdp_session(page)
    # Past the page's own security policy, which lets no other script in.
    session.send("Runtime.evaluate", {"expression": axe})
    asked = "axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify(r.violations))"
    answer = session.send("Runtime.evaluate", {"expression": asked, "awaitPromise": True})
    found: list[dict[str, Any]] = json.loads(answer["result"]["value"])
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
