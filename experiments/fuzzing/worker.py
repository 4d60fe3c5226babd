"""One process of a run: inputs under limits; what comes of each is told before the next one."""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import haarwire as hw

from .inputs import make, write
from .loaders import LOADERS
from .seeds import Seed, seeds_of

__all__ = ["KINDS", "NUMBERS", "main"]

KINDS = ["loaded", *hw.errors.__all__, "bug"]
NUMBERS = ["index", "slowest", "slowest_index", "busy", "memory", *KINDS]
"""What a worker keeps count of, in microseconds and kilobytes, in a file that outlives it."""

_PROCESSOR_SECONDS, _SECONDS = 20, 300
"""For one input, at work and on the clock; then the kernel ends the process, wherever it hangs."""

_MORE_MEMORY = 2**30
"""Address space above that of the process once it has read its seeds."""

_FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen",
    "pty.spawn", "pickle.find_class", "socket.connect", "socket.bind", "ctypes.dlopen", "shutil.rmtree",
    "os.remove", "os.rename", "os.symlink", "os.link", "os.chmod", "os.rmdir",
)  # fmt: skip


class _Watch:
    """An audit hook: notes what no file may cause."""

    def __init__(self, folder: Path) -> None:
        self.is_on = False
        self.seen: list[str] = []
        self._folder = str(folder)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "exec":
            if arguments[0].co_filename.startswith("<") and "frozen" not in arguments[0].co_filename:
                self.seen.append(f"{event} {arguments[0]!r}")
            return
        # h5py and others open files in C, where no event tells.
        is_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3 != os.O_RDONLY
        if (event in _FORBIDDEN or is_writing) and not str(arguments[0]).startswith(self._folder):
            self.seen.append(f"{event} {arguments!r}")


def _outcome(loader: str, folder: Path, options: dict[str, Any]) -> tuple[str, str, str]:
    """What becomes of the files in a folder: its kind, and for a bug where it is and what it says."""
    try:
        LOADERS[loader](folder, options)
    except hw.HaarwireError as error:
        if not (error.what and error.cause and error.remedy):
            return "bug", "an error without its three parts", repr(error.args)
        return type(error).__name__, "", ""
    except BaseException as error:  # noqa: BLE001  whatever it is, it is a bug
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if f"{os.sep}haarwire{os.sep}" in frame.filename]
        places = "; ".join(f"{Path(f.filename).name}:{f.lineno}" for f in (*ours[-1:], *frames[-1:]))
        return "bug", f"{type(error).__name__} at {places}", str(error)[:200]
    return "loaded", "", ""


def _warm_up(loader: str, seeds: list[Seed], root: Path) -> None:
    """Imports and first calls are not to be held against the files."""
    for index, seed in enumerate(seeds):
        folder = root / f"seed{index}"
        folder.mkdir()
        write(seed.pack(dict(seed.parts)), folder)
        kind, what, example = _outcome(loader, folder, dict(seed.options))
        if kind == "bug":
            raise RuntimeError(f"valid input {index} of {loader}: {what}: {example}")
        shutil.rmtree(folder)


def _limit_memory() -> None:
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MORE_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _run(loader: str, seed: int, indices: range, state: np.memmap[Any, Any], root: Path) -> None:
    at = {name: position for position, name in enumerate(NUMBERS)}
    seeds = seeds_of(loader)
    _warm_up(loader, seeds, root)
    watch = _Watch(root)
    sys.addaudithook(watch)
    _limit_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for index in indices:
        state[at["index"]] = index
        files, options = make(seeds, loader, seed, index)
        folder = root / "i"
        folder.mkdir()
        write(files, folder)
        watch.is_on, watch.seen = True, []
        signal.setitimer(signal.ITIMER_PROF, _PROCESSOR_SECONDS)
        signal.alarm(_SECONDS)
        started = time.perf_counter()
        kind, what, example = _outcome(loader, folder, options)
        taken = int(1e6 * (time.perf_counter() - started))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        watch.is_on = False
        if watch.seen:
            kind, what, example = "bug", "forbidden", watch.seen[0][:300]
        if kind == "bug":
            bug = {"loader": loader, "what": what, "index": index, "example": example}
            print(json.dumps(bug), flush=True)
        state[at[kind]] += 1
        state[at["busy"]] += taken
        if taken > state[at["slowest"]]:
            state[at["slowest"]], state[at["slowest_index"]] = taken, index
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        state[at["memory"]] = max(state[at["memory"]], memory)
        shutil.rmtree(folder)
        if index % 500 == 0:
            gc.collect()


def main(arguments: Sequence[str]) -> None:
    """LOADER,... SEED FIRST STOP STATE, the last a file that is made, of NUMBERS."""
    loaders, seed, first, stop, path = arguments
    warnings.simplefilter("ignore")
    state = np.memmap(path, np.int64, "w+", shape=(len(NUMBERS),))
    # Files in memory, where there is such a folder, take half the time.
    shared = "/dev/shm"  # noqa: S108
    with tempfile.TemporaryDirectory(dir=shared if Path(shared).is_dir() else None) as folder:
        os.environ["HOME"] = folder
        os.chdir(folder)
        for loader in loaders.split(","):
            _run(loader, int(seed), range(int(first), int(stop)), state, Path(folder))
        os.chdir("/")


if __name__ == "__main__":
    main(sys.argv[1:])
