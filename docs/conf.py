"""Sphinx configuration; sphinx-build -W -b html docs docs/_build/html, without a network."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "src"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import haarwire as hw  # noqa: E402  from the source tree beside this file

project = "Haarwire"
author = "The Haarwire developers"
copyright = "The Haarwire developers"  # noqa: A001  Sphinx's name
release = version = hw.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
default_role = "py:obj"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]  # sphinx-gallery's settings hold functions

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "exclude-members": ", ".join(
        f"set_{method}_request" for method in ("fit", "partial_fit", "predict", "score", "transform")
    ),
}
templates_path = ["_templates"]
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "Haarwire"
html_static_path = ["_static"]
html_css_files = ["haarwire.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
}
html_sidebars = {"index": [], "gallery/*": [], "search": []}

TUTORIALS = [
    "rotated_digits", "dna", "molecules", "approximate", "equivariant", "own_group", "pytorch_module",
    "cluster",
]  # fmt: skip


class Order:
    """Tutorials in the order of a first reading, examples by name."""

    def __init__(self, _folder: str) -> None: ...

    def __call__(self, filename: str) -> tuple[int, str]:
        """Sort by place, then name."""
        name = Path(filename).stem
        return (TUTORIALS.index(name) if name in TUTORIALS else len(TUTORIALS), name)


sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",
    "within_subsection_order": Order,
    "write_computation_times": False,
    "show_memory": False,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "capture_repr": (),
    "matplotlib_animations": False,
    "first_notebook_cell": None,
}
warnings.filterwarnings("ignore", message=".*non-interactive.*")

ROOMS = [
    "groups", "moments", "invariants", "datasets", "solve", "landscape", "selection", "comparison",
    "estimators", "training", "saving", "plots", "reproduce", "report", "explorer",
]  # fmt: skip
"""In the order in which they build on each other."""


MODULES = ["haarwire.solve.certificate", "haarwire.selection.evidence", "haarwire.training.modules"]
"""Modules whose docstrings have a page: what several functions refer to."""

HOMES: dict[str, str] = {}
"""Where each public name is documented: in the first room that has it."""


def write_rooms(_app: Sphinx, _config: Any) -> None:
    """A page a room: what its docstring says first, a table of its public names, and its constants."""
    for room in ROOMS:
        module = importlib.import_module(f"haarwire.{room}")
        public = [name for name in module.__all__ if inspect.isroutine(getattr(module, name))]
        public += [name for name in module.__all__ if inspect.isclass(getattr(module, name))]
        names = sorted(public, key=lambda name: (name[0].islower(), name.lower()))
        for name in names:
            HOMES.setdefault(name, f"haarwire.{room}.{name}")
        summary = (inspect.getdoc(module) or "").split("\n\n")[0]
        page = [summary, _table(module.__name__, names), *_constants(module)]
        _write(HERE / f"api/haarwire.{room}.rst", module.__name__, *page)
    for name in MODULES:
        _write(HERE / f"api/{name}.rst", name, f".. automodule:: {name}\n   :no-members:")
    errors = [name for name in hw.__all__ if name.endswith("Error")]
    HOMES.update({name: f"haarwire.{name}" for name in errors})
    here = sorted(HOMES[name] for name in hw.__all__ if name in HOMES and name not in errors)
    _write(
        HERE / "api/haarwire.rst",
        "haarwire",
        "These names, and the rooms ``haarwire.groups`` and ``haarwire.datasets``, are at the top level: "
        "``import haarwire as hw``, then ``hw.solve`` and so on.",
        ".. autosummary::\n   :nosignatures:\n\n" + "\n".join(f"   ~{name}" for name in here),
        "Errors\n------",
        "Each has three parts: what is wrong, the likely cause, what to do.",
        _table("haarwire", sorted(errors)),
    )


def _constants(module: ModuleType) -> list[str]:
    """Each public constant, its value and the docstring below it."""
    found = []
    for name in filter(str.isupper, module.__all__):
        value = getattr(module, name)
        origin = next(
            origin
            for origin in list(sys.modules.values())
            if getattr(origin, "__name__", "").startswith(f"{module.__name__}.")
            and re.search(rf"^{name}\b", inspect.getsource(origin), re.MULTILINE)
        )
        text = " ".join(
            ModuleAnalyzer.for_module(origin.__name__).find_attr_docs().get(("", name), [])
        ).strip()
        found.append(f".. py:data:: {name}\n   :value: {value!r}\n\n   {text}")
    return [f"Constants\n---------\n\n.. currentmodule:: {module.__name__}", *found] if found else []


def _table(module: str, names: list[str]) -> str:
    head = f".. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: generated\n   :nosignatures:\n\n"
    return head + "".join(f"   {name}\n" for name in names)


def _write(path: Path, title: str, *parts: str) -> None:
    text = f"{title}\n{'=' * len(title)}\n\n" + "\n\n".join(parts) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


SUBSCRIPT = re.compile(
    r"((?<![\w`.])[A-Za-zΑ-Ωα-ω∏∫]|[)‖\]])_"
    r"(\{[^{}]+\}|(?:reg|aug|hard-wired|max|min|[A-Za-z0-9]{1,2}|[∞⊥λ])(?![A-Za-z0-9_]))"
)
SUPERSCRIPT = re.compile(r"(?<=[\wᵀ̄)\]])\^(\{[^{}]+\}|[A-Za-z0-9−]{1,3}(?![A-Za-z0-9_]))")
NO_FORMULA = re.compile(r"(^```.*?^```|`[^`\n]+`|\]\([^)\s]*\)|</?[a-z][^>\n]*>)", re.DOTALL | re.MULTILINE)


def _above(text: str, mark: str) -> str:
    """x^{2} with its exponent as `mark` writes it."""
    return SUPERSCRIPT.sub(lambda found: mark.format("sup", found[1].strip("{}")), text)


def _below(text: str, mark: str) -> str:
    """σ_{r+1} with its index as `mark` writes it."""
    return SUBSCRIPT.sub(lambda found: found[1] + mark.format("sub", found[2].strip("{}")), text)


def typeset(_app: Sphinx, _name: str, source: list[str]) -> None:
    """Formulas in the text of a Markdown page have their indices below and above."""
    if not source[0].startswith("#"):
        return
    pieces = NO_FORMULA.split(source[0])
    pieces[::2] = [_below(_above(each, "<{0}>{1}</{0}>"), "<{0}>{1}</{0}>") for each in pieces[::2]]
    source[0] = "".join(pieces)


def _outside_code(line: str, change: Callable[[str], str]) -> str:
    pieces = re.split(r"(``?[^`]+``?)", line)
    pieces[::2] = [change(each) for each in pieces[::2]]
    return "".join(pieces)


def plain_marks(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """|S| and coef_ are mathematics and names in the docstrings, no substitutions and links."""
    role = r"\ :{}:`{}`\ "
    for i, line in enumerate(lines):
        text = line
        if not re.match(r"\s*(?:>>>|\.\.\. |[\w, *]+ : )", line):  # those are code and names of parameters
            text = _outside_code(text, lambda each: _above(each, role))
            text = _outside_code(text, lambda each: _below(each, role)).replace(r"\ *", r"\ \*")
        lines[i] = _outside_code(
            text, lambda each: re.sub(r"(?<=\w)_(?!\w)", r"\\_", each).replace("|", r"\|")
        )


def plain_types(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Types of parameters are words, in which Haarwire's own names are links."""
    for i, line in enumerate(lines):
        several = re.match(r"\s*:(?:ivar|vartype) [^:]*, [^:]*:", line)
        if several is not None:  # names of several attributes: kept together by spaces of no width
            line = lines[i] = several[0].replace(", ", ",\u200b") + line[several.end() :]  # noqa: PLW2901
        found = re.fullmatch(r"(\s*:(?:var)?type(?: [^:]+)?:) (.+)", line)
        if found is None:
            continue
        text, linked = found[2], False
        for name in set(re.findall(r"(?<![\w`~.])[A-Z]\w+(?![\w`])", text)) & set(HOMES):
            text, linked = re.sub(rf"(?<![\w`~.]){name}\b", f":py:obj:`~{HOMES[name]}`", text), True
        if not linked and "`" not in text and "*" not in text:
            text = f"*{text}*"
        lines[i] = f"{found[1]} {text} \u200b" if linked else f"{found[1]} {text}"


def setup(app: Sphinx) -> None:
    """Rooms are written before Sphinx looks for pages."""
    app.connect("config-inited", write_rooms)
    app.connect("source-read", typeset)
    app.connect("autodoc-process-docstring", plain_marks, priority=400)  # before napoleon's 500
    app.connect("autodoc-process-docstring", plain_types, priority=600)
