"""The explorer's server: one page, and three addresses that it asks for numbers."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from haarwire.errors import HaarwireError, ParameterError
from haarwire.explorer.explorer import Explorer
from haarwire.explorer.guard import Guard
from haarwire.report.render import policy, render

__all__ = ["HOSTS", "application"]

HOSTS: Final = ("127.0.0.1", "localhost")
"""Names that this machine goes by; a request for any other is refused."""


def application(explorer: Explorer) -> Starlette:
    """The explorer as an ASGI application, for a server that listens on this machine only.

    Parameters
    ----------
    explorer : Explorer
        What to show.

    Returns
    -------
    Starlette
    """
    pages = _Pages(explorer)
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/view", pages.view),
            Route("/frame", pages.frame),
            Route("/prepared", pages.prepared),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS), www_redirect=False),
            Middleware(Guard, policy=f"{policy('explorer')}; frame-ancestors 'none'"),
        ],
    )


class _Pages:
    """What each address answers. Not coroutines: Starlette runs them beside its loop."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self._page = render(explorer.start)

    def page(self, _: Request) -> Response:
        return HTMLResponse(self._page)

    def view(self, request: Request) -> Response:
        return _answer(request, self.explorer.view, "symmetry", "size", "noise")

    def frame(self, request: Request) -> Response:
        return _answer(request, self.explorer.frame, "symmetry", "size", "noise", "alpha", "rank")

    def prepared(self, _: Request) -> Response:
        return JSONResponse(self.explorer.prepared)


def _answer(request: Request, ask: object, *names: str) -> Response:
    assert callable(ask)
    try:
        return JSONResponse(ask(**{name: _integer(request, name) for name in names}))
    except HaarwireError as error:
        return JSONResponse({"what": error.what, "cause": error.cause, "remedy": error.remedy}, 400)


def _integer(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ParameterError(
            f"{name} must be a whole number, got {text[:40]!r}",
            cause="an address typed by hand",
            remedy="open the explorer's first page again",
        )
    return int(text)
