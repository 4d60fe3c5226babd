"""How long the explorer takes for a change at MNIST's size (784 pixels): every kind of change, cold and warm.

    python -m benchmarks explorer
    python benchmarks/explorer.py --browser

The explorer's own server, asked over HTTP what the page asks it at a change: the view and the frame for
another symmetry, number of samples or noise, the frame alone for another strength or rank. Cold: nothing was
factored ahead; warm: everything, as it is some seconds after the start. With --browser the page itself in
headless Chromium, from the press of a key to the last picture drawn. CPU time is that of this process, page
aside: with OPENBLAS_NUM_THREADS=1 it is what a change takes where nothing else runs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import threading
import time
from collections.abc import Callable

import numpy as np
import uvicorn
from _runner import Target, judge, load_mnist, machine

import haarwire as hw
from haarwire.explorer import NOISE_LEVELS, Explorer
from haarwire.explorer.server import application
from haarwire.explorer.serving import _listening

SYMMETRIES = ("image_rotations:28", "image_rotations:28,reflections=true", "cyclic_shifts:28x28")
ROUNDS = 15


class Asker:
    """What the page asks its server, over one connection that is kept open."""

    def __init__(self, port: int, places: dict[str, int]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.places = places

    def ask(self, address: str, **question: int) -> object:
        text = "&".join(f"{name}={place}" for name, place in question.items())
        self.connection.request("GET", f"/{address}?{text}")
        return json.load(self.connection.getresponse())

    def change(self, name: str, place: int) -> None:
        self.places[name] = place
        where = {key: self.places[key] for key in ("symmetry", "size", "noise")}
        if name in where:
            self.ask("view", **where)
        self.ask("frame", **self.places)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--browser", action="store_true")
    options, _ = arguments.parse_known_args()
    X, Y, source = load_mnist()
    data = hw.datasets.Dataset("MNIST", X.astype(np.float32), Y)
    symmetries = [hw.groups.from_name(name) for name in SYMMETRIES]
    print(f"{source}, {X.shape[0]}×{X.shape[1]}; {', '.join(SYMMETRIES)}\n{machine()}")
    began = time.perf_counter()
    explorer = Explorer(data, symmetries, rank=5)
    print(f"read once in {time.perf_counter() - began:.1f} s; samples: {explorer.sizes}")
    server, port = served(explorer)
    last = len(explorer.sizes) - 1
    asker = Asker(port, {"symmetry": 0, "size": last, "noise": 0, "alpha": 20, "rank": 5})
    asker.change("size", last)
    print(f"\n{'':42}{'median':>9}{'worst':>9}{'CPU':>9}{'worst':>9}")
    cold(asker, last)
    wall, cpu = taken(lambda: explorer.prepare(patience=np.inf))
    pairs = len(explorer.plan)
    print(f"all {pairs} pairs of symmetry and samples, these aside: {wall:.1f} s, CPU {cpu:.1f} s")
    for name, times in warm(asker.change, explorer, "warm").items():
        job = f"explorer at n = 784, change of {name}, factored ahead"
        judge("changes", Target(job, job, at_most=0.1), {job: np.array([wall for wall, _ in times])})
    if options.browser:
        in_browser(port, explorer)
    server.should_exit = server.force_exit = True


def served(explorer: Explorer) -> tuple[uvicorn.Server, int]:
    server = uvicorn.Server(
        uvicorn.Config(application(explorer), log_level="error", ws="none", timeout_keep_alive=600)
    )
    listener = _listening(0)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server, listener.getsockname()[1]


def taken(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds and CPU seconds."""
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def cold(asker: Asker, last: int) -> None:
    show("cold: number of samples", [taken(lambda s=s: asker.change("size", s)) for s in range(last)])
    asker.change("size", last)
    for place, name in list(enumerate(SYMMETRIES))[1:]:
        show(f"cold: {name}", [taken(lambda k=place: asker.change("symmetry", k))])
    asker.change("symmetry", 0)


def warm(
    change: Callable[[str, int], None], explorer: Explorer, title: str
) -> dict[str, list[tuple[float, float]]]:
    """Every control in turn, to another place than the one it has."""
    counts = {
        "symmetry": len(SYMMETRIES),
        "size": len(explorer.sizes),
        "noise": len(NOISE_LEVELS),
        "alpha": len(explorer.view(0, 0, 0)["path"]["alphas"]) - 2,
        "rank": 10,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in counts}
    for turn in range(1, ROUNDS + 1):
        for name, count in counts.items():
            place = (7 * turn) % count
            times[name].append(taken(lambda n=name, p=place: change(n, p + 1 if n == "rank" else p)))
    for name, each in times.items():
        show(f"{title}: {name}", each)
    return times


def in_browser(port: int, explorer: Explorer) -> None:
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("html[data-ready]", state="attached")
        change = """([name, place]) => new Promise((done) => {
            const control = document.getElementById(name);
            if (control.value === String(place)) { done(); return; }
            const seen = new MutationObserver(() => { seen.disconnect(); done(); });
            seen.observe(document.documentElement, { attributeFilter: ["data-ready"] });
            control.value = place;
            control.dispatchEvent(new Event(name === "symmetry" ? "change" : "input"));
        })"""
        # The slider's first place is rank 1.
        warm(lambda name, p: page.evaluate(change, [name, p - (name == "rank")]), explorer, "page")
        browser.close()


def show(name: str, times: list[tuple[float, float]]) -> None:
    wall, cpu = 1e3 * np.array(times).T
    told = "".join(f"{value:6.0f} ms" for each in (wall, cpu) for value in (np.median(each), each.max()))
    print(f"{name:42}{told}", flush=True)


if __name__ == "__main__":
    main()
