"""The kinds of objects that can be saved: what each is made of, and how it is put together again."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, get_args

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import is_integer, is_real
from haarwire.groups import Matrix, Permutation, Representation, SignedPermutation
from haarwire.invariants import Subspace
from haarwire.moments import Moments
from haarwire.moments.container import Container, damaged
from haarwire.moments.saving import KIND, checked_fields
from haarwire.moments.saving import fields as moments_fields
from haarwire.solve import Augmented, Hardwired, Plain, Regularized, Solution
from haarwire.solve.approaches import Form

__all__ = ["KINDS", "Kind", "kind_of"]

Values: TypeAlias = dict[str, Any]


class Kind(ABC):
    """One kind of object."""

    @abstractmethod
    def fields(self, value: Any) -> Values:
        """What the object is made of."""

    @abstractmethod
    def build(self, file: object, values: Values) -> Any:
        """The object, or FileError; constructors may raise other errors of Haarwire at bad values."""


class _Moments(Kind):
    def fields(self, value: Moments) -> Values:
        arrays, facts = moments_fields(value.n_features, value._summary, value.dtype, value.eps)
        return {**arrays, **facts}

    def build(self, file: object, values: Values) -> Moments:
        arrays = {name: A for name, A in values.items() if isinstance(A, np.ndarray)}
        facts = {name: fact for name, fact in values.items() if name not in arrays}
        return Moments._from_summary(*checked_fields(file, Container(KIND, arrays, facts)))


class _Bare(Kind):
    """An object of a class without arguments."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def fields(self, _value: Any) -> Values:
        return {}

    def build(self, file: object, values: Values) -> Any:
        _check_names(file, values, ())
        return self.kind()


class _Regularized(Kind):
    def fields(self, value: Regularized) -> Values:
        return {"alpha": float(value.alpha), "penalty": value.penalty}

    def build(self, file: object, values: Values) -> Regularized:
        _check_names(file, values, ("alpha", "penalty"))
        if values["penalty"] not in ("generators", "projection"):
            damaged(file, f"penalty is {values['penalty']!r}")
        return Regularized(values["alpha"], values["penalty"])


class _Solution(Kind):
    def fields(self, value: Solution) -> Values:
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}

    def build(self, file: object, values: Values) -> Solution:
        known = {field.name: field for field in dataclasses.fields(Solution)}
        required = [name for name, f in known.items() if f.default is dataclasses.MISSING]
        if not set(required) <= set(values) <= set(known):
            damaged(file, f"a solution has the fields {sorted(values)}")
        W, b, sigma = (values[name] for name in ("coef", "intercept", "singular_values"))
        if not all(
            isinstance(A, np.ndarray) and A.dtype.kind == "f" and np.isfinite(A).all() for A in (W, b, sigma)
        ):
            damaged(file, "a solution has coefficients that are no numbers")
        if W.ndim != 2 or b.shape != W.shape[:1] or sigma.ndim != 1 or W.dtype != b.dtype or 0 in W.shape:
            damaged(file, f"a solution has shapes {W.shape}, {b.shape} and {sigma.shape}")
        numbers = [values[name] for name in ("loss", "invariance_gap")]
        counts = [values[name] for name in ("rank", "n_modes")]
        flags = [values.get(name, True) for name in ("is_unique", "is_minimum_norm", "is_global")]
        bound = values.get("lower_bound")
        if (
            not all(is_real(v) and not math.isnan(v) for v in numbers)
            or not all(is_integer(v, 0) and v < 2**31 for v in counts)
            or not all(isinstance(v, bool) for v in flags)
            or not (bound is None or (is_real(bound) and not math.isnan(bound)))
            or values.get("form", "primal") not in get_args(Form)
            or not isinstance(values["approach"], Plain | Hardwired | Augmented | Regularized)
        ):
            damaged(file, "a solution has fields of wrong types")
        return Solution(**values)


class _Representation(Kind):
    def fields(self, value: Representation) -> Values:
        return {
            "dim": value.dim,
            "generators": list(value.generators),
            "algebra": [L if isinstance(L, np.ndarray) else sp.csr_array(L) for L in value.algebra],
            "name": value.name,
        }

    def build(self, file: object, values: Values) -> Representation:
        _check_names(file, values, ("dim", "generators", "algebra", "name"))
        dim, generators, algebra, name = (values[key] for key in ("dim", "generators", "algebra", "name"))
        if not is_integer(dim) or not isinstance(name, str):
            damaged(file, f"a representation has dim {dim!r} and name {name!r}")
        if not isinstance(generators, list) or not isinstance(algebra, list):
            damaged(file, "a representation has no list of generators")
        if not all(isinstance(g, Permutation | SignedPermutation | Matrix) for g in generators):
            damaged(file, "a representation has generators that are none")
        if not all(isinstance(L, np.ndarray) or sp.issparse(L) for L in algebra):
            damaged(file, "a representation has Lie-algebra elements that are none")
        return Representation(dim, generators, algebra, name=name)


class _Element(Kind):
    """A generator made of arrays."""

    def __init__(self, kind: type, names: tuple[str, ...]) -> None:
        self.kind, self.names = kind, names

    def fields(self, value: Any) -> Values:
        return {name: getattr(value, name) for name in self.names}

    def build(self, file: object, values: Values) -> Any:
        _check_names(file, values, self.names)
        for A in values.values():
            if not (isinstance(A, np.ndarray) and A.dtype.kind in "if") and not sp.issparse(A):
                damaged(file, "a generator is no array of numbers")
        return self.kind(*(values[name] for name in self.names))


class _Subspace(Kind):
    def fields(self, value: Subspace) -> Values:
        return {"matrix": value.matrix}

    def build(self, file: object, values: Values) -> Subspace:
        _check_names(file, values, ("matrix",))
        Q = values["matrix"]
        if not (isinstance(Q, np.ndarray) and Q.ndim == 2 and Q.dtype.kind == "f") and not sp.issparse(Q):
            damaged(file, "a subspace has no basis")
        n, k = Q.shape
        # Before anything of size k² is made: a sparse array may declare any shape.
        if k > (min(Q.nnz, n) if sp.issparse(Q) else n):
            damaged(file, f"a subspace has {k} basis vectors, some of which are zero or depend on others")
        step = _columns_at_once(Q) if sp.issparse(Q) else max(1, k)
        for start in range(0, k, step):
            some = slice(start, start + step)
            overlap: Any = Q.T @ Q[:, some]
            overlap -= sp.eye_array(k, format="csc")[:, some] if sp.issparse(Q) else np.eye(k)
            if not abs(overlap).max() <= max(1e-8, 64.0 * float(np.finfo(Q.dtype).eps)):
                damaged(file, "the basis of a subspace is not orthonormal")
        return Subspace(Q)


class _Task(Kind):
    """What an estimator solves."""

    _NAMES: Final = ("representation", "approach", "rank", "ridge", "fit_intercept")

    def fields(self, value: Any) -> Values:
        return {name: getattr(value, name) for name in self._NAMES}

    def build(self, file: object, values: Values) -> Any:
        from haarwire.estimators.linear import Task, checked_intercept

        _check_names(file, values, self._NAMES)
        rank, ridge = values["rank"], values["ridge"]
        fits = isinstance(values["representation"], Representation) and isinstance(
            values["approach"], Plain | Hardwired | Augmented | Regularized
        )
        fits &= is_real(ridge) and not math.isnan(ridge) and (rank is None or is_integer(rank, 1))
        if not fits:
            damaged(file, "an estimator has a task that is none")
        checked_intercept(values["fit_intercept"])
        return Task(**values)


class _Estimator(Kind):
    """An estimator: its parameters, and what it has learnt."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def kind(self) -> Any:
        """The class; scikit-learn is loaded with it."""
        import haarwire.estimators

        return getattr(haarwire.estimators, self.name)

    def fields(self, value: Any) -> Values:
        params = value.get_params(deep=False)
        state = {name: item for name, item in vars(value).items() if name not in params}
        return {"params": params, "state": state}

    def build(self, file: object, values: Values) -> Any:
        _check_names(file, values, ("params", "state"))
        params, state = values["params"], values["state"]
        kind = self.kind
        if not isinstance(params, dict) or not isinstance(state, dict):
            damaged(file, "an estimator has no parameters")
        if set(params) != set(kind._get_param_names()):
            damaged(file, f"{self.name} has no parameters {sorted(params)}")
        for name in state:
            if not name.isidentifier() or name.startswith("__") or hasattr(kind, name):
                damaged(file, f"{self.name} learns no {name!r}")
        for name, wanted in _LEARNT.items():
            if name in state and not isinstance(state[name], wanted):
                damaged(file, f"{self.name} has a {name} that is a {type(state[name]).__name__}")
        named = params.get("representation")
        if isinstance(named, str) and (named.lower().endswith(".npz") or "/" in named or "\\" in named):
            damaged(file, "a representation is a path")
        estimator = kind(**params)
        vars(estimator).update(state)
        return estimator


def _columns_at_once(Q: sp.csr_array) -> int:
    """Of how many columns the overlaps with all columns take 16 MB, or a few times the memory of Q."""
    overlaps = float((np.diff(Q.indptr).astype(np.float64) ** 2).sum())
    return max(1, int(Q.shape[1] * min(1.0, (2**20 + 4 * Q.nnz) / max(overlaps, 1.0))))


def _check_names(file: object, values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if set(values) != set(names):
        damaged(file, f"an object has the fields {sorted(values)}")


KINDS: Final[Mapping[str, Kind]] = {
    "Moments": _Moments(),
    "Solution": _Solution(),
    "Plain": _Bare(Plain),
    "Hardwired": _Bare(Hardwired),
    "Augmented": _Bare(Augmented),
    "Regularized": _Regularized(),
    "Representation": _Representation(),
    "Permutation": _Element(Permutation, ("indices",)),
    "SignedPermutation": _Element(SignedPermutation, ("indices", "signs")),
    "Matrix": _Element(Matrix, ("matrix",)),
    "Subspace": _Subspace(),
    "Task": _Task(),
    "InvariantRegressor": _Estimator("InvariantRegressor"),
    "InvariantRegressorCV": _Estimator("InvariantRegressorCV"),
    "InvariantClassifier": _Estimator("InvariantClassifier"),
    "InvariantProjection": _Estimator("InvariantProjection"),
    "InvariantPolynomialFeatures": _Estimator("InvariantPolynomialFeatures"),
}


_LEARNT: Final[Mapping[str, Any]] = {
    "_data": Moments | None,
    "_is_flat": bool,
    "_solved": Solution | None,
    "subspace_": Subspace,
    "classes_": np.ndarray,
    "feature_names_in_": np.ndarray,
    "n_features_in_": int,
}


def kind_of(value: Any) -> str | None:
    """The name of the kind of an object, None if it cannot be saved."""
    name = type(value).__name__
    return name if name in KINDS and type(value).__module__.startswith("haarwire.") else None
