"""The input of a number: the same whenever it is made, so that one that failed can be looked at."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from .mutations import mutated
from .packing import Parts, as_they_are
from .seeds import Seed

__all__ = ["Input", "make", "write"]

Input = tuple[Parts, dict[str, Any]]
"""Files by their names, and options."""


def make(seeds: list[Seed], loader: str, seed: int, index: int) -> Input:
    """Damage one or two parts of a seed, or the name of one, or leave one out."""
    rng = random.Random(f"{loader}/{seed}/{index}")  # noqa: S311
    chosen = rng.choice(seeds)
    parts = dict(chosen.parts)
    others = [content for other in seeds for content in other.parts.values()]
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(sorted(parts)) if parts else None
        what = rng.random()
        if name is None or what < 0.02:
            parts.pop(name or "", None)
        elif what < 0.05 and chosen.pack is not as_they_are:
            content = parts.pop(name)
            parts[mutated(name.encode(), [b"y.npy", b"../x.npy", b"/x.npy"], rng).decode("latin-1")] = content
        else:
            parts[name] = mutated(parts[name], others, rng)
    try:
        return chosen.pack(parts), dict(chosen.options)
    except (KeyError, ValueError, OverflowError):
        # A part that the packing needs is gone or has lost its name.
        return chosen.pack(dict(chosen.parts)), dict(chosen.options)


def write(files: Parts, folder: Path) -> None:
    """Put the files into an empty folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
