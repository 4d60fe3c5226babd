"""Names that try to break out of a page."""

from __future__ import annotations

__all__ = ["HOSTILE"]

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\"'&<>`{{7*7}}{% raw %}",
    "]]>",
    "\u2028\u2029",
    "\ud800 lone",
    "\x00\x1b[31m",
    "&lt;b&gt;",
]
