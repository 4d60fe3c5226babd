"""The package as a whole: what importing it loads, what it exports, its errors."""

from __future__ import annotations

import copy
import importlib.metadata
import importlib.resources
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
from types import ModuleType

import pytest

import haarwire as hw
from haarwire import errors

LATER = (
    "sklearn", "torch", "dask", "distributed", "pyarrow", "zarr", "matplotlib", "jinja2", "starlette",
    "uvicorn", "typer", "rich", "pandas", "sympy",
)  # fmt: skip
"""What is imported only where it is used."""


def modules_after(statement: str) -> set[str]:
    """Names of the modules that a fresh interpreter has loaded after a statement."""
    script = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_it_loads_numpy_and_scipy_only() -> None:
    loaded = modules_after("import haarwire")
    assert {"haarwire", "numpy", "scipy"} <= loaded
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(LATER)


@pytest.mark.parametrize("room", ["comparison", "datasets", "landscape", "selection"])
def test_rooms_are_loaded_when_asked_for(room: str) -> None:
    assert f"haarwire.{room}" not in modules_after("import haarwire")
    assert f"haarwire.{room}" in modules_after(f"import haarwire as hw; hw.{room}.__all__")


def test_functions_keep_their_names_from_rooms() -> None:
    """Importing `haarwire.solve` later does not put the room over the function."""
    statement = (
        "import haarwire as hw; before = hw.solve, hw.report, hw.compare\n"
        "import haarwire.solve.path, haarwire.report.gather, haarwire.comparison\n"
        "from haarwire import solve\n"
        "assert before == (hw.solve, hw.report, hw.compare) and callable(solve)"
    )
    modules_after(statement)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'solv'"):
        hw.solv  # noqa: B018
    assert "solve" in dir(hw)


def test_the_groups_of_the_catalogue_need_no_sympy() -> None:
    loaded = modules_after(
        "import haarwire as hw, numpy as np\n"
        "rep = hw.groups.permutations(5)\n"
        "rep.order, rep.sample(0)\n"
        "X = np.random.default_rng(0).standard_normal((50, 5))\n"
        "hw.compare(hw.datasets.planted(rep, 50, rng=0), rep)"
    )
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(LATER)


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(a|b|rc|dev)\d+)?", hw.__version__)
    assert hw.__version__ == importlib.metadata.version("haarwire")


def test_it_is_typed() -> None:
    assert importlib.resources.files("haarwire").joinpath("py.typed").is_file()


# What it exports.


def packages() -> list[ModuleType]:
    """The package and all its modules but those that need an extra."""
    names = [info.name for info in pkgutil.walk_packages(hw.__path__, "haarwire.")]
    needs_extra = (
        "haarwire.cli", "haarwire.estimators", "haarwire.explorer.", "haarwire.reproduce",
        "haarwire.training",
    )  # fmt: skip
    return [hw, *(importlib.import_module(name) for name in names if not name.startswith(needs_extra))]


@pytest.mark.parametrize("module", packages(), ids=lambda module: module.__name__)
def test_all_names_exist_and_once(module: ModuleType) -> None:
    assert module.__doc__
    assert module.__doc__.strip()
    names = module.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)


@pytest.mark.parametrize("name", hw.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    documented = getattr(hw, name)
    text = inspect.getdoc(documented)
    assert text
    assert len(text.split()) >= 4
    if inspect.isclass(documented):
        # Not the text of a base class, nor the signature that dataclasses put there.
        assert documented.__doc__
        assert not documented.__doc__.startswith(f"{name}(")
        for attribute, value in vars(documented).items():
            if not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(getattr(documented, attribute)), f"{name}.{attribute}"


@pytest.mark.parametrize("name", [n for n in hw.__all__ if inspect.isfunction(getattr(hw, n))])
def test_every_parameter_of_a_public_function_is_documented_and_typed(name: str) -> None:
    function = getattr(hw, name)
    text = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters.values():
        assert re.search(rf"^(\w+, )*{parameter.name}(, \w+)* ?(:|$)", text, re.MULTILINE), parameter.name
        assert parameter.annotation is not inspect.Parameter.empty


# Errors.

KINDS = [getattr(errors, name) for name in errors.__all__]


def test_the_tree_of_errors_is_the_one_that_is_drawn() -> None:
    assert errors.__doc__
    # A line of the drawing: branches four columns a level, the name, and the built-in base in brackets.
    drawing = re.findall(r"^    ([│├└─ ]*)(\w+Error)\b(?: \((\w+)\))?", errors.__doc__, re.MULTILINE)
    assert sorted(name for _, name, _ in drawing) == sorted(errors.__all__)
    above = ["Exception"]
    for branches, name, built_in in drawing:
        level = len(branches) // 4 + 1
        expected = [above[level - 1], built_in] if built_in else [above[level - 1]]
        assert [base.__name__ for base in getattr(errors, name).__bases__] == expected
        above[level:] = [name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_exported_and_has_three_parts(kind: type[hw.HaarwireError]) -> None:
    assert getattr(hw, kind.__name__) is kind
    error = kind("what is wrong", cause="why", remedy="type this")
    assert (error.what, error.cause, error.remedy) == ("what is wrong", "why", "type this")
    assert str(error) == "what is wrong\n  Likely cause: why\n  What to do: type this"
    with pytest.raises(TypeError):
        kind("only what is wrong")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_survive_pickling_and_copying(kind: type[hw.HaarwireError]) -> None:
    error = kind("what ≥ 0", cause="why", remedy='pip install "haarwire[cli]"')
    pickled = [pickle.dumps(error, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (copy.copy(error), copy.deepcopy(error), *map(pickle.loads, pickled)):
        assert type(twin) is kind
        assert (twin.what, twin.cause, twin.remedy) == (error.what, error.cause, error.remedy)
        assert str(twin) == str(error)


def test_errors_are_caught_by_the_words_that_python_has_for_them() -> None:
    for kind, built_in in (
        (hw.DataError, ValueError),
        (hw.ParameterError, ValueError),
        (hw.NotCompactError, ValueError),
        (hw.UnknownNameError, ValueError),
        (hw.NotInvariantError, AssertionError),
        (hw.FileError, OSError),
        (hw.ConvergenceError, RuntimeError),
        (hw.MissingDependencyError, ImportError),
    ):
        assert issubclass(kind, built_in)
        assert issubclass(kind, hw.HaarwireError)
