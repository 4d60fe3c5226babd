"""The server answers this machine's own pages only."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

import haarwire as hw
from haarwire.explorer import Explorer, serve
from haarwire.explorer.serving import _listening, _warm

uvicorn = pytest.importorskip("uvicorn", reason="needs the report extra")


@pytest.fixture(scope="module")
def port(explorer: Explorer) -> Iterator[int]:
    from haarwire.explorer.server import application

    server = uvicorn.Server(uvicorn.Config(application(explorer), log_level="error", ws="none"))
    listener = _listening(0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


def ask(
    port: int, address: str = "/", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, address, headers=named)
    response = connection.getresponse()
    body = response.read().decode("utf-8")
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def test_it_answers_its_own_page(port: int) -> None:
    own = {"Origin": f"http://127.0.0.1:{port}", "Sec_Fetch_Site": "same-origin"}
    assert ask(port)[0] == 200
    assert "patterns &lt;&amp;&gt;" in ask(port)[2]
    status, _, body = ask(port, "/view?symmetry=0&size=0&noise=0", **own)
    assert status == 200
    assert json.loads(body)["n_train"] == 20
    assert ask(port, "/frame?symmetry=0&size=0&noise=0&alpha=3&rank=2", Host=f"localhost:{port}")[0] == 200


def test_answers_are_not_held_back() -> None:
    """Where its listener names the protocol, asyncio sets TCP_NODELAY: 40 ms an answer otherwise."""
    with _listening(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_it_tells_how_much_is_factored_ahead(port: int, explorer: Explorer) -> None:
    status, _, body = ask(port, "/prepared")
    assert status == 200
    assert json.loads(body)["planned"] == 2 * len(explorer.sizes)


def test_what_may_be_chosen_is_factored_in_the_background(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Explorer(explorer.data, [hw.groups.image_rotations(4)], rank=2)
    lost, asked = fresh.plan[2], []

    def warm(self: Explorer, symmetry: int, size: int) -> None:
        asked.append((symmetry, size))
        if (symmetry, size) == lost:
            raise hw.ConvergenceError("a", cause="b", remedy="c")
        self._fits.prepare(symmetry, size)

    monkeypatch.setattr(Explorer, "warm", warm)
    threading.Thread(target=_warm, args=(fresh,), daemon=True).start()
    end = time.monotonic() + 30
    while fresh.prepared["done"] < fresh.prepared["planned"] - 1 and time.monotonic() < end:
        time.sleep(0.01)
    assert asked == fresh.plan
    fresh.view(0, 0, 0)
    while len(asked) < 2 * len(fresh.plan) and time.monotonic() < end:
        time.sleep(0.01)
    assert asked[len(fresh.plan) :] == fresh.plan


@pytest.mark.parametrize("host", ["example.org", "localhost.example", "192.168.0.1", "127.0.0.1.example", ""])
def test_it_refuses_other_hosts(port: int, host: str) -> None:
    for address in ("/", "/view?symmetry=0&size=0&noise=0"):
        assert ask(port, address, Host=host)[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"},
    ],
)
def test_it_refuses_what_other_sites_ask(port: int, headers: dict[str, str]) -> None:
    for address in ("/", "/view?symmetry=0&size=0&noise=0", "/nowhere"):
        status, answered, body = ask(port, address, **headers)
        assert status == 403
        assert "n_train" not in body
        assert not any(name.startswith("access-control") for name in answered)


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE"])
def test_it_only_answers_questions(port: int, method: str) -> None:
    status, headers, _ = ask(port, "/view?symmetry=0&size=0&noise=0", method)
    assert status == 405
    assert not any(name.startswith("access-control") for name in headers)


def test_every_answer_says_how_it_may_be_used(port: int) -> None:
    for address in ("/", "/view?symmetry=0&size=0&noise=0", "/view", "/nowhere"):
        _, headers, _ = ask(port, address)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "question",
    [
        "", "symmetry=0", "symmetry=x&size=0&noise=0", "symmetry=-1&size=0&noise=0",
        "symmetry=0&size=0&noise=1e3", "symmetry=9999999999&size=0&noise=0",
        "symmetry=%3Cscript%3E&size=0&noise=0", "symmetry=²&size=0&noise=0",
    ],
)  # fmt: skip
def test_wrong_questions_get_three_parts(port: int, question: str) -> None:
    from urllib.parse import quote

    status, headers, body = ask(port, f"/view?{quote(question, safe='=&%')}")
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert set(json.loads(body)) == {"what", "cause", "remedy"}


def test_a_port_that_is_taken_is_named(explorer: Explorer, port: int) -> None:
    with pytest.raises(hw.ParameterError, match=f"port {port} of this machine cannot be listened on"):
        serve(explorer, port=port, open_browser=False)
    with pytest.raises(hw.ParameterError, match="port 99999 "):
        serve(explorer, port=99999, open_browser=False)
