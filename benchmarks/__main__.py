"""Every speed that was aimed at, as a ratio against its peer or floor in the same run, in one table.

python -m benchmarks                                   # all that runs here: some minutes
python -m benchmarks path selection                    # some
python -m benchmarks --json docs/benchmarks.json path  # keep results, beside those there
python -m benchmarks --page docs/benchmarks.json       # docs/benchmarks.md and its pictures, from results

A benchmark whose peer is not installed says so; one whose contestants disagree ends with status 1. Peers that
exclude each other run in environments of their own, with --json of the same file. MNIST is mnist.npz in the
folder that the environment variable HAARWIRE_DATA names (else shared/data beside the checkout).
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import _page
import _runner

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
LONG = ("starts",)
"""No speeds, or hours."""


def keep(path: Path, results: dict[str, list[dict[str, object]]]) -> None:
    """Write results, and those of other benchmarks that the file has already."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps(dict(sorted((kept | results).items())), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep results, beside those there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="draw the page from a file of results")
    parser.add_argument("--slow", action="store_true", help="cases in which a peer takes a minute, too")
    options = parser.parse_args()
    if options.page is not None:
        _page.write(json.loads(options.page.read_text(encoding="utf-8")), FOLDER.parent / "docs")
        return
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    results: dict[str, list[dict[str, object]]] = {}
    wrong: list[str] = []
    sys.argv[1:] = ["--slow"] if options.slow else []
    for name in options.names or [name for name in NAMES if name not in LONG]:
        print(f"\n===== {name}\n", flush=True)
        _runner.RECORDS.clear()
        try:
            importlib.import_module(name).main()
        except ImportError as reason:
            print(f"{name} was not run: {reason}")
        except SystemExit as reason:
            print(f"{name} has ended: {reason}")
            if not str(reason).startswith("skipped"):
                wrong.append(name)
                continue
        if _runner.RECORDS:
            results[name] = list(_runner.RECORDS)
            if options.json is not None:
                keep(options.json, results)
    print("\n".join(["", *_page.table(results)]))
    if wrong:
        sys.exit(f"contestants disagree in {', '.join(wrong)}")


if __name__ == "__main__":
    main()
