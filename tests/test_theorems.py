"""The checks in experiments/theorems: that they pass, that they check something, that they can fail."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import haarwire as hw

PACKAGE = Path(__file__).resolve().parents[1] / "experiments" / "theorems" / "__init__.py"
MODULES = ("brute", "named", "dropped", "instances", "optima", "paths", "points", "records", "__main__")


@pytest.fixture(scope="module")
def theorems():
    if not PACKAGE.exists():
        pytest.skip("experiments/theorems is not here (it is not part of the source distribution)")
    spec = importlib.util.spec_from_file_location(
        "haarwire_theorems", PACKAGE, submodule_search_locations=[str(PACKAGE.parent)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["haarwire_theorems"] = package
    spec.loader.exec_module(package)
    loaded = {name.strip("_"): importlib.import_module(f"haarwire_theorems.{name}") for name in MODULES}
    yield SimpleNamespace(**loaded)
    for name in [name for name in sys.modules if name.partition(".")[0] == "haarwire_theorems"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def quick(theorems, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theorems")
    files = folder / "theorems.json", folder / "theorems.md"
    status = theorems.main.main(["--quick", "--json", str(files[0]), "--markdown", str(files[1])])
    return status, json.loads(files[0].read_text("utf-8")), files[1].read_text("utf-8")


def test_every_statement_holds(quick):
    status, data, _ = quick
    assert status == 0
    for row in data["statements"]:
        assert row["failures"] == [], row["number"]
        assert row["instances"] > 0, row["number"]
        assert row["worst_deviation"] <= row["tolerance"], row["number"]
    numbers = [row["number"] for row in data["statements"]]
    assert numbers == sorted(set(numbers))
    assert {number[0] for number in numbers} == set("123456789")


def test_something_is_seen_of_each(quick):
    measured = {row["number"]: row["measured"] for row in quick[1]["statements"]}
    assert measured["4"]["saddles"][1] > 0
    assert measured["5a"]["additional"][1] > 0
    assert measured["5b"]["additional saddles"][1] > 0
    assert measured["5c"]["part of the points of rank r that the searches reached"][1] == 1.0
    assert measured["6a"]["slope"] == pytest.approx([-1.0, -1.0], abs=0.02)
    assert measured["9"]["lifts"][1] > 0


def test_every_counterexample_is_found(quick):
    examples = quick[1]["dropped"]
    assert [example["number"] for example in examples] == list("abcdefghi")
    for example in examples:
        assert example["found"], example["dropped"]


def test_the_page_has_a_line_a_statement(quick):
    _, data, page = quick
    for row in data["statements"]:
        assert f"\n| {row['number']} | " in page
        assert f" | {row['instances']} ({len(row['named_groups'])}) | " in page
        assert f"\n- **{row['number']}** " in page
    for example in data["dropped"]:
        assert f"\n| {example['number']} | " in page


def test_instances_are_of_every_kind(theorems):
    instances = [theorems.instances.sample(0, number) for number in range(64)]
    sizes = [instance.sizes for instance in instances]
    assert any(d == 0 for _, _, d in sizes)
    assert any(0 < m < d for _, m, d in sizes)
    assert any(m > d > 0 for _, m, d in sizes)
    assert any(m > n for n, m, _ in sizes)
    assert {instance.fit_intercept for instance in instances} == {True, False}
    assert {instance.group.is_orthogonal for instance in instances} == {True, False}
    assert any(instance.group.elements is None for instance in instances)
    assert any(instance.group.algebra for instance in instances)
    assert len({instance.group.kind for instance in instances}) > 10


def test_the_whole_catalogue_is_gone_through(theorems):
    entries = theorems.named.NAMES
    assert sorted(name.partition(":")[0] for name in entries) == sorted(hw.groups.names())
    numbers = theorems.instances.WHOLE_CATALOGUE
    kinds = [theorems.instances.sample(0, number).group.kind for number in numbers]
    assert kinds == list(entries) * 4
    sample = functools.partial(theorems.instances.sample, 0)
    row = theorems.records.run(theorems.points.counts, sample, 1, numbers[: len(entries)])
    assert row.named == set(entries)


def test_elements_are_averaged_over_as_haar_measure_would(theorems):
    """Σ w ρ(g) ⊗ ρ(g) is the projector onto what the group fixes; a compact group has no other average."""
    for turn, name in enumerate(theorems.named.NAMES):
        group = theorems.instances.catalogue(turn, np.random.default_rng(turn))
        head = name.partition(":")[0]
        assert (group.elements is None) == (head in theorems.named.NOT_COMPACT) == (not group.rep.is_compact)
        if group.elements is None:
            continue
        n = group.rep.dim
        average = np.einsum("g,gij,gkl->ikjl", group.weights, group.elements, group.elements)
        average = average.reshape(n * n, n * n)
        np.testing.assert_allclose(average @ average, average, atol=1e-13, err_msg=name)
        for g in group.generators:
            np.testing.assert_allclose(np.kron(g, g) @ average, average, atol=1e-13, err_msg=name)
        for L in group.algebra:
            derivative = np.kron(L, np.eye(n)) + np.kron(np.eye(n), L)
            np.testing.assert_allclose(derivative @ average, 0.0, atol=1e-13, err_msg=name)


def failures(theorems, statement):
    row = theorems.records.run(statement, lambda number: theorems.instances.sample(0, number), 12)
    assert row.instances > 0
    return len(row.failures)


def turned(solve):
    """A solver whose coefficients are off by one part in a million."""

    def wrong(*args, **options):
        best = solve(*args, **options)
        return replace(best, coef=best.coef * (1.0 + 1e-6) + 1e-6)

    return wrong


def test_a_wrong_solver_is_noticed(theorems, monkeypatch):
    monkeypatch.setattr(hw, "solve", turned(hw.solve))
    for statement in (theorems.optima.same_minimizers, theorems.optima.same_with_ridge):
        assert failures(theorems, statement) > 0


def test_fixed_vectors_in_place_of_functionals_are_noticed(theorems, monkeypatch):
    right = hw.invariant_subspace
    monkeypatch.setattr(hw, "invariant_subspace", lambda rep: right(rep.dual))
    assert failures(theorems, theorems.optima.invariant_maps) > 0


def test_a_wrong_index_is_noticed(theorems, monkeypatch):
    monkeypatch.setattr(hw.CriticalPoint, "index", property(lambda point: len(point.subset)))
    assert failures(theorems, theorems.points.strict_saddles) > 0


def test_a_wrong_count_is_noticed(theorems, monkeypatch):
    monkeypatch.setattr(hw.CriticalPoints, "additional", property(lambda points: points.count))
    assert failures(theorems, theorems.points.counts) > 0


def test_a_missing_critical_point_is_noticed(theorems, monkeypatch):
    everything = hw.CriticalPoints.__iter__

    def without_the_last(points):
        *most, last = everything(points)
        yield from most
        yield most[0] if most else last

    monkeypatch.setattr(hw.CriticalPoints, "__iter__", without_the_last)
    assert failures(theorems, theorems.points.no_others) > 0


def test_a_wrong_tail_is_noticed(theorems, monkeypatch):
    right = hw.RegularizationPath.tail.fget
    monkeypatch.setattr(
        hw.RegularizationPath, "tail", property(lambda path: replace(right(path), distance_constant=1.0))
    )
    assert failures(theorems, theorems.paths.rate) > 0


def test_a_jump_is_noticed(theorems):
    # Theory, section 3: continuity fails at λ = 3, so the check of it must fail on this data.
    X = theorems.dropped.CORNERS
    rep = hw.Representation(2, [hw.Matrix(np.diag([1.0, 2.0]))])
    group = theorems.instances.Group("scaling", rep, None, None)
    instance = theorems.instances.Instance(0, group, X, X * [1.0, 2.0], 1, True, 1.0)
    measure = theorems.paths.continuous.check(instance)
    assert measure.deviation > measure.tolerance


def test_an_error_or_a_nan_is_a_failure_and_the_status_says_so(theorems, monkeypatch, capsys):
    optima, records = theorems.optima, theorems.records

    def refuse(_):
        raise hw.ParameterError("no", cause="none", remedy="none")

    broken = [
        replace(optima.reynolds, number="x", check=refuse),
        replace(optima.reynolds, number="y", check=lambda _: records.Measure(math.nan, 1.0)),
    ]
    for statement in broken:
        assert failures(theorems, statement) == 12
    monkeypatch.setattr(theorems.main, "STATEMENTS", tuple(broken))
    monkeypatch.setattr(theorems.dropped, "EXAMPLES", ())
    assert theorems.main.main(["--quick"]) == 1
    printed = capsys.readouterr().out
    assert "FAILS on instance 0" in printed
    assert "NOT ALL HOLD" in printed


def test_a_statement_without_instances_does_not_hold(theorems):
    nothing = replace(theorems.optima.reynolds, check=lambda _: None)
    row = theorems.records.run(nothing, lambda number: theorems.instances.sample(0, number), 2)
    assert (row.instances, row.holds) == (0, False)


@pytest.mark.parametrize("degree", [4, 6])
def test_hessians_of_polynomials_are_exact(theorems, degree):
    rng = np.random.default_rng(0)
    H = rng.standard_normal((3, 3))
    H += H.T
    a, b = rng.standard_normal((2, 3))

    def f(x):
        return 1.0 + x @ a + np.einsum("...i,ij,...j->...", x, H, x) / 2 + (x @ b) ** 3 + (x @ a) ** degree

    np.testing.assert_allclose(theorems.brute.polynomial_hessian(f, 3, degree), H, atol=1e-10)


@pytest.mark.parametrize("option", [["--instances", "0"], ["--seed", "-1"]])
def test_options_out_of_range_are_refused(theorems, option, capsys):
    with pytest.raises(SystemExit):
        theorems.main.main(option)
    assert "must be at least" in capsys.readouterr().err
