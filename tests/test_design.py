"""The page on the design names the rooms there are, in the order that imports go."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rooms_on_the_page() -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/design.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_room_is_on_the_page() -> None:
    folder = ROOT / "src/haarwire"
    rooms = {
        path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(rooms_on_the_page()) == {room for room in rooms if not room.startswith("__")}


def test_the_order_is_that_of_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["id"] == "rooms")
    layers = [set(re.findall(r"haarwire\.(\w+)", layer)) for layer in reversed(contract["layers"])]
    level = {room: i for i, layer in enumerate(layers) for room in layer}
    levels = [level[room] for room in rooms_on_the_page()]
    assert levels == sorted(levels)
