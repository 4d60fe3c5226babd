"""`render`: the one page, with its style, its script and its data inside."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any, Final

from haarwire.errors import MissingDependencyError
from haarwire.report.encoding import script_json

__all__ = ["policy", "render", "script", "style"]

_SCRIPTS: Final = (
    "numbers.js",
    "axes.js",
    "curves.js",
    "pictures.js",
    "orbit.js",
    "landscape.js",
    "training.js",
    "embedded.js",
    "live.js",
    "page.js",
)


def render(content: dict[str, Any]) -> str:
    """Write a page of what `gather` gathered.

    Parameters
    ----------
    content : dict
        Plain data.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere; its own security policy forbids it to.

    Raises
    ------
    MissingDependencyError
        Without jinja2.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingDependencyError(
            "reports need jinja2, which is not installed",
            cause="Haarwire was installed without its 'report' extra",
            remedy='pip install "haarwire[report]"',
        ) from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_file("page.html.jinja"))
    return template.render(
        **content,
        policy=policy(content["kind"]),
        style=style(),
        script=script(),
        embedded=script_json(content),
    )


def policy(kind: str) -> str:
    """Content Security Policy: the style and script of the page, known by their hashes, and no others."""
    sources = [
        "default-src 'none'",
        f"script-src '{_hash(script())}'",
        f"style-src '{_hash(style())}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if kind == "explorer":
        sources.append("connect-src 'self'")
    return "; ".join(sources)


@cache
def style() -> str:
    """The style sheet."""
    return _file("page.css")


@cache
def script() -> str:
    """The script: its parts in order, in one scope."""
    parts = "\n".join(_file(name) for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def _file(name: str) -> str:
    return resources.files("haarwire.report").joinpath("page", name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
