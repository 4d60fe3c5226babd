"""Damage to bytes and texts."""

from __future__ import annotations

import random
import struct

__all__ = ["mutated"]

_NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    255,
    256,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
)
_TEXTS = (
    b"", b"0", b"-1", b"3", b"1e999", b"nan", b"inf", b"99999999999999999999", b"4611686018427387904",
    b"null", b"true", b"{}", b"[]", b'"', b"'", b"\\", b"\x00", b"\n", b"\r", b",", b":", b"=", b"x", b"(",
    b")", b"../../../tmp/evil", b"/etc/passwd", b"|O", b"<f8", b"<f4", b"|u1", b">i2", b"<U5", b"<M8[s]",
    b"|V9", b"<c16", b"\xff\xfe", b"\xc3\xa9", b"__import__('os').system('true')",
    b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"lambda: 0", b"[" * 300, b"9" * 400,
)  # fmt: skip


def mutated(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The content after one to four changes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        _change(data, others, rng)
    return bytes(data)


def _change(data: bytearray, others: list[bytes], rng: random.Random) -> None:
    size = len(data)
    # Headers and footers do the most harm.
    at = min(
        size, rng.choice((rng.randint(0, size), rng.randint(0, 128), size - rng.randint(0, min(size, 64))))
    )
    length = rng.choice((1, 1, 2, 4, 8, 16, rng.randint(0, size)))
    kind = rng.randrange(10)
    if kind == 0:
        del data[at:]
    elif kind == 1:
        del data[at : at + length]
    elif kind == 2:
        data[at:at] = rng.randbytes(min(length, 32))
    elif kind == 3:
        data[at:at] = data[at : at + length]
    elif kind == 4 and at < size:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 5 and at < size:
        data[at] = rng.randrange(256)
    elif kind == 6:
        width, order = rng.choice((1, 2, 4, 8)), rng.choice("<>")
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
        number = rng.choice(_NUMBERS) % 256**width
        data[at : at + width] = struct.pack(order + code, number)
    elif kind == 7:
        text = rng.choice(_TEXTS)
        data[at : at + rng.choice((0, 1, len(text)))] = text
    elif kind == 8:
        start, stop = _number(data, at)
        data[start:stop] = rng.choice((*_TEXTS, *(str(n).encode() for n in _NUMBERS)))
    else:
        other = rng.choice(others)
        start = rng.randint(0, len(other))
        data[at : at + rng.choice((0, length))] = other[start : start + length]


def _number(data: bytearray, at: int) -> tuple[int, int]:
    """Where the first decimal number after a position is."""
    digits = b"0123456789"
    start = next((i for i in range(at, min(len(data), at + 200)) if data[i] in digits), at)
    stop = start
    while stop < len(data) and data[stop] in digits:
        stop += 1
    return start, stop
