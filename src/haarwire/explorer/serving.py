"""`serve`: the explorer on this machine, until it is interrupted."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from haarwire.errors import HaarwireError, MissingDependencyError, ParameterError

if TYPE_CHECKING:
    from haarwire.explorer.explorer import Explorer

__all__ = ["serve"]

_HOST: Final = "127.0.0.1"


def serve(
    explorer: Explorer,
    *,
    port: int = 0,
    open_browser: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the explorer to this machine only, until interrupted.

    Parameters
    ----------
    explorer : Explorer
        What to show.
    port : int
        Where to listen; 0: a free one.
    open_browser : bool
        Whether to open the page.
    announce : callable
        Called with the address once it answers.

    Raises
    ------
    ParameterError
        When the port is taken.
    MissingDependencyError
        Without starlette, uvicorn or jinja2.
    """
    try:
        import uvicorn

        from haarwire.explorer.server import application
    except ImportError as error:
        raise MissingDependencyError(
            "the explorer needs starlette and uvicorn, which are not installed",
            cause="Haarwire was installed without its 'report' extra",
            remedy='pip install "haarwire[report]"',
        ) from error
    app = application(explorer)
    with _listening(port) as listener:
        address = f"http://{_HOST}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none")
        threading.Thread(target=_warm, args=(explorer,), daemon=True).start()
        announce(address)
        if open_browser:
            webbrowser.open(address)
        uvicorn.Server(config).run(sockets=[listener])


def _warm(explorer: Explorer) -> None:
    """Factor what may be asked for next, in order, and again from the start when something was."""
    while True:
        explorer.moved.clear()
        for symmetry, size in explorer.plan:
            if explorer.moved.is_set():
                break
            with suppress(HaarwireError):  # told when it is asked for
                explorer.warm(symmetry, size)
        else:
            explorer.moved.wait()


def _listening(port: int) -> socket.socket:
    # Where the protocol is not named, asyncio lets TCP hold short answers back: 40 ms each.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind((_HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise ParameterError(
            f"port {port} of this machine cannot be listened on: {error}",
            cause="another program listens there, or it is no port",
            remedy="leave --port out, and a free one is taken",
        ) from error
    return listener
