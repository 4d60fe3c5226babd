"""Who may ask: pages of this server only, on this machine only."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_OWN: Final = ("same-origin", "none")

_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Refuse what another site's page asks for, and say in every answer how it may be used.

    A browser tells where a request comes from in Sec-Fetch-Site and Origin, which a page cannot change. No
    answer carries a header that would let another site read it. (That the Host is this machine, against
    DNS rebinding, is checked by Starlette's TrustedHostMiddleware.)

    Parameters
    ----------
    app : ASGIApp
        What to guard.
    policy : str
        Content Security Policy of every answer.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**_HEADERS, "content-security-policy": self.policy})
            await send(message)

        refusal = _refusal(Headers(scope=scope), scope)
        await (refusal or self.app)(scope, receive, send_with_headers)


def _refusal(headers: Headers, scope: Scope) -> PlainTextResponse | None:
    origin = headers.get("origin")
    own = f"{scope['scheme']}://{headers.get('host', '')}"
    if headers.get("sec-fetch-site", "none") not in _OWN or origin not in (None, own):
        return PlainTextResponse("Another site's page may not ask the explorer.", status_code=403)
    return None
