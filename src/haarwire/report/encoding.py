"""Numbers and texts as a page can hold them: rounded, packed, and safe inside a script element."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bytes_of", "floats", "plain_text", "rounded", "script_json"]


_DIGITS: Final = 7
_LEAST: Final = 1e-280
_MOST: Final = 1e300
"""Beyond these a power of ten is no float; such numbers stay as they are."""


def rounded(values: ArrayLike) -> Any:
    """Numbers to seven significant digits, nested as the array is; None, not drawn, where not finite."""
    array = np.asarray(values, dtype=np.float64)
    is_finite = np.isfinite(array)
    sound = np.where(is_finite, array, 0.0)
    size = np.abs(sound)
    ordinary = (size > _LEAST) & (size < _MOST)
    exponent = np.floor(np.log10(np.where(ordinary, size, 1.0))) - (_DIGITS - 1)
    # Powers of ten to a whole exponent ≥ 0 are exact, their reciprocals are not.
    up, down = 10.0 ** np.maximum(-exponent, 0.0), 10.0 ** np.maximum(exponent, 0.0)
    told = np.where(ordinary, np.round(np.where(ordinary, sound, 0.0) * up / down) / up * down, sound)
    return told.tolist() if is_finite.all() else np.where(is_finite, told, None).tolist()  # type: ignore[call-overload]


def floats(values: ArrayLike) -> dict[str, Any]:
    """An array in single precision, packed: little-endian, row-major, base64."""
    array = np.asarray(values, dtype="<f4")
    return {"kind": "f4", "shape": list(array.shape), "data": _packed(array)}


def bytes_of(values: ArrayLike) -> dict[str, Any]:
    """An array in 8 bits an entry, packed; each item of the first axis has a scale of its own.

    Entries are scale·k with whole k from −127 to 127, so that 0 stays 0.
    """
    array = np.asarray(values, dtype=np.float64)
    size = np.abs(array).reshape(len(array), -1).max(axis=1, initial=0.0)
    scale = np.where(size > 0, size / 127.0, 1.0)
    whole = np.round(array / scale.reshape(-1, *[1] * (array.ndim - 1))).astype(np.int8)
    return {"kind": "i1", "shape": list(array.shape), "scale": rounded(scale), "data": _packed(whole)}


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def plain_text(text: object) -> str:
    """A text that can be written as UTF-8: lone surrogates and control characters replaced."""
    clean = str(text).encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in clean)


def script_json(content: Any) -> str:
    """JSON that neither ends the script element it stands in nor opens a comment there."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
