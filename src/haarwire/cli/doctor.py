"""`haarwire doctor`: what is installed, what this machine has, and what to change."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

import haarwire
from haarwire.cli import options
from haarwire.cli.console import check_writable, output, print_wrapped, shows_text, write_json

__all__ = ["HELP", "advice", "doctor_command", "examine", "installed_version", "print_examination"]

HELP: Final = (
    "Show versions, linear algebra (BLAS) and the processor it was tuned for, threads, GPU and optional "
    "dependencies, and say what to change.\n\n"
    "The speed is that of a product of two 1000 × 1000 matrices, best of five; other programs that run "
    "make it less.\n\n"
    "Examples:\n\n"
    "  haarwire doctor\n\n"
    "  haarwire doctor --json -"
)

_SIZE: Final = 1000
_ROUNDS: Final = 5
_OLD_KERNELS: Final = frozenset(
    {"Prescott", "Core2", "Penryn", "Dunnington", "Atom", "Nehalem", "Sandybridge", "Opteron", "Opteron_SSE3",
     "Barcelona", "Bobcat", "Bulldozer", "Piledriver", "Steamroller", "Nano", "Generic"}
)  # fmt: skip
"""OpenBLAS kernels for processors older than AVX2, by their names there."""

_AVX2_KERNELS: Final = frozenset({"Haswell", "Zen"})


def doctor_command(*, json_file: options.JsonFile = None, quiet: options.Quiet = False) -> None:
    """Examine this installation and print what was found."""
    check_writable(json_file, "--json")
    content = examine()
    if json_file is not None:
        write_json(json_file, content)
    if shows_text(json_file, quiet=quiet):
        print_examination(content, output())


def installed_version(name: str = "haarwire") -> str | None:
    """The version of an installed distribution, None without it; Haarwire's own is that of its code."""
    if name == "haarwire":
        return haarwire.__version__
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def examine() -> dict[str, Any]:
    """Everything the command tells, as plain data; "advice" is what to change."""
    found: dict[str, Any] = {
        "haarwire": installed_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "core": {name: installed_version(name) for name in ("numpy", "scipy", "sympy")},
        "extras": _extras(),
        "processors": processors(),
        "blas": _blas(),
        "gigaflops": _speed(),
        "gpu": _gpu(),
    }
    return {**found, "advice": advice(found, _instructions())}


def _extras() -> dict[str, dict[str, str | None]]:
    """By extra, what it brings and which versions are there, as the installed package declares them."""
    extras: dict[str, dict[str, str | None]] = {}
    try:
        requirements = importlib.metadata.requires("haarwire") or []
    except importlib.metadata.PackageNotFoundError:  # run from a source tree
        requirements = []
    for requirement in requirements:
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", requirement)
        name = re.match(r"[\w.-]+", requirement)
        if extra and name and extra[1] != "all":
            extras.setdefault(extra[1], {})[name[0]] = installed_version(name[0])
    return extras


def processors(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors this process may use: its affinity, and the quota of its container."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        limit, period = quota.read_text(encoding="ascii").split()
        return max(1, min(available, round(int(limit) / int(period))))
    except (OSError, ValueError):  # no such container, or "max"
        return available


def _blas() -> list[dict[str, Any]]:
    """The loaded linear algebra libraries; the names only without threadpoolctl."""
    try:
        info = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError:
        built: Any = np.show_config(mode="dicts")
        return [{"library": str(built["Build Dependencies"]["blas"]["name"]), "of": "numpy"}]
    return [
        {
            "library": entry["internal_api"],
            "version": entry["version"],
            "architecture": entry.get("architecture"),
            "threads": entry["num_threads"],
            "of": "scipy" if "scipy.libs" in entry["filepath"] else "numpy",
        }
        for entry in info
        if entry["user_api"] == "blas"
    ]


def _speed() -> float:
    A = np.random.default_rng(0).standard_normal((_SIZE, _SIZE))
    A @ A
    seconds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        A @ A
        seconds.append(time.perf_counter() - started)
    return 2e-9 * _SIZE**3 / min(seconds)


def _gpu() -> dict[str, Any]:
    """What PyTorch sees, and whether the machine has a GPU that it does not see."""
    has_driver = Path("/proc/driver/nvidia/version").exists()
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return {"torch": None, "devices": [], "has_driver": has_driver}
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("Apple GPU (mps)")
    return {"torch": str(torch.__version__), "devices": devices, "has_driver": has_driver}


def _instructions(info: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What the processor can do, where Linux says it."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", info.read_text(encoding="utf-8"), flags=re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(flags[1].split()) if flags else frozenset()


def advice(found: dict[str, Any], instructions: frozenset[str]) -> list[str]:
    """What to change, most useful first.

    Parameters
    ----------
    found : dict
        As of `examine`.
    instructions : frozenset of str
        Flags of the processor, as Linux names them.
    """
    lines = []
    kernels = {entry.get("architecture") for entry in found["blas"] if entry["library"] == "openblas"}
    if "avx2" in instructions and kernels & _OLD_KERNELS:
        wanted = "SkylakeX" if "avx512f" in instructions else "Haswell"
        lines.append(
            f"OpenBLAS took this processor for an old one ({', '.join(sorted(kernels & _OLD_KERNELS))}): "
            f"set OPENBLAS_CORETYPE={wanted} before starting Python, and compare the speed"
        )
    elif "avx512f" in instructions and kernels & _AVX2_KERNELS:
        lines.append(
            "OpenBLAS does not use this processor's 512-bit instructions: try OPENBLAS_CORETYPE=SkylakeX, "
            "and keep it if the speed above is higher"
        )
    threads = max((entry.get("threads") or 0 for entry in found["blas"]), default=0)
    if threads > found["processors"]:
        lines.append(
            f"{threads} threads on {found['processors']} processors get in each other's way: set "
            f"OPENBLAS_NUM_THREADS={found['processors']} (MKL_NUM_THREADS with MKL)"
        )
    elif 0 < threads < found["processors"]:
        lines.append(
            f"linear algebra uses {threads} of {found['processors']} processors: unset OPENBLAS_NUM_THREADS "
            "or OMP_NUM_THREADS if the others are free"
        )
    if all("threads" not in entry for entry in found["blas"]):
        lines.append("to see which kernels and how many threads are used: pip install threadpoolctl")
    if found["gpu"]["torch"] and found["gpu"]["has_driver"] and not found["gpu"]["devices"]:
        lines.append(
            "this machine has an NVIDIA GPU that this PyTorch does not see: install a build with CUDA from "
            "pytorch.org, if networks are to be trained on it"
        )
    missing = [name for name, parts in found["extras"].items() if None in parts.values()]
    if missing:
        lines.append(f'for what is missing: pip install "haarwire[{",".join(missing)}]"')
    return lines


def print_examination(content: dict[str, Any], console: Console) -> None:
    """Print what `examine` found."""
    core = ", ".join(f"{name} {version}" for name, version in content["core"].items())
    for line in (
        f"haarwire {content['haarwire']}, Python {content['python']}, {core}",
        f"{content['platform']}; {content['processors']} processors",
        *(_library(entry) for entry in content["blas"]),
        f"Speed: {content['gigaflops']:.0f} gigaflops in float64",
        f"GPU: {', '.join(content['gpu']['devices']) or _no_gpu(content['gpu'])}",
    ):
        print_wrapped(console, line)
    console.print()
    table = Table("extra", "installed", box=None, pad_edge=False)
    for name, parts in content["extras"].items():
        table.add_row(name, _parts(parts))
    console.print(table)
    console.print()
    for line in content["advice"] or ["nothing to change"]:
        print_wrapped(console, f"→ {line}")


def _library(entry: dict[str, Any]) -> str:
    details = f"{entry['library']} {entry.get('version') or ''}".strip()
    if entry.get("architecture"):
        details += f", kernels for {entry['architecture']}"
    if entry.get("threads"):
        details += f", threads: {entry['threads']}"
    return f"Linear algebra of {entry['of']}: {details}"


def _no_gpu(gpu: dict[str, Any]) -> str:
    if gpu["torch"] is None:
        return "not looked for, without PyTorch"
    return f"none that PyTorch {gpu['torch']} sees"


def _parts(parts: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {version or '—'}" for name, version in parts.items())
