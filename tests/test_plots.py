"""Pictures: the right axes, labels, points, arrows and marks; errors."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation

import haarwire as hw
from haarwire import plots
from haarwire.landscape import CriticalPoints, critical_points
from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Draw to memory, and leave no figure open."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


def moments_of(gains: Any, n: int) -> hw.Moments:
    """Moments whose gram is I and whose cross is diag(gains), in the first of n features."""
    X = np.sqrt(n) * np.concatenate([np.eye(n), -np.eye(n)])
    return hw.Moments.from_arrays(X, X[:, : len(gains)] * gains)


def random_moments(n: int, m: int, seed: int = 0) -> hw.Moments:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((4 * n, n))
    return hw.Moments.from_arrays(X, X @ rng.standard_normal((n, m)) + rng.standard_normal((4 * n, m)))


def jumping() -> hw.RegularizationPath:
    """C₀ = I, B = diag(1, 2), R = diag(0, 1): a jump at alpha = 3."""
    rep = hw.Representation(2, (hw.Matrix(np.diag([1.0, 2.0])),))
    return hw.regularization_path(moments_of([1.0, 2.0], 2), rep, rank=1)


def landscape(n: int = 6, m: int = 5, rank: int = 2, approach: Any = None) -> CriticalPoints:
    return critical_points(
        random_moments(n, m), hw.groups.reflection(n), rank=rank, approach=approach or hw.Plain()
    )


def panels(figure: Figure) -> tuple[list[Axes], list[Axes]]:
    """The bars above and the landscapes below."""
    k = len(figure.axes) // 2
    return figure.axes[:k], figure.axes[k:]


def clouds(ax: Axes) -> list[PathCollection]:
    return [each for each in ax.collections if isinstance(each, PathCollection)]


def arrows(ax: Axes) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """From where to where."""
    found = [each for each in ax.texts if isinstance(each, Annotation)]
    return [(each.xyann, each.xy) for each in found]


def drawn(figure: Figure) -> None:
    """Draw it as a file would be: warnings (missing glyphs, layouts that fail) are errors."""
    figure.canvas.draw()


# The path.


def test_the_path_has_three_panels_on_one_scale() -> None:
    path = hw.regularization_path(random_moments(6, 3), hw.groups.cyclic_shifts(6), rank=2)
    figure = plots.plot_path(path)
    drawn(figure)
    top, middle, bottom = figure.axes
    assert top.get_title() == "Regularization path, rank ≤ 2"
    assert top.get_ylabel() == "loss"
    assert "invariance gap" in middle.get_ylabel()
    assert "singular values" in bottom.get_ylabel()
    assert "α" in bottom.get_xlabel()
    assert [text.get_text() for text in top.get_legend().get_texts()] == ["training loss", "loss + penalty"]
    assert [text.get_text() for text in bottom.get_legend().get_texts()] == ["kept", "dropped"]
    labels = [label.get_text() for label in bottom.get_xticklabels()]
    assert (labels[0], labels[-1]) == ("0", "∞")
    assert all(ax.get_xlim() == top.get_xlim() for ax in (middle, bottom))


def test_the_path_is_drawn_where_it_is_with_both_ends() -> None:
    path = hw.regularization_path(random_moments(6, 3), hw.groups.cyclic_shifts(6), rank=2)
    top, middle, bottom = plots.plot_path(path, rank=1).axes
    curve = next(line for line in middle.lines if line.get_linestyle() == "-")
    x, y = (np.asarray(values, dtype=float) for values in curve.get_data())
    expected = path.curve(10.0**x)
    np.testing.assert_allclose(y, expected.relative_invariance_gap[:, 0], rtol=1e-6)
    ends = next(line for line in top.lines if line.get_marker() == "o")
    losses = path.curve([0.0, math.inf]).loss[:, 0]
    np.testing.assert_allclose(np.asarray(ends.get_ydata(), dtype=float), losses)
    kept = [line for line in bottom.lines if line.get_linestyle() == "-" and line.get_color() == BLUE]
    dropped = [line for line in bottom.lines if line.get_linestyle() == "-" and line.get_color() == GREY]
    assert (len(kept), len(dropped)) == (1, 2)


def test_a_path_of_one_point_is_drawn() -> None:
    drawn(plots.plot_path(hw.regularization_path(random_moments(4, 2), hw.groups.trivial(4))))


def test_a_crossing_is_marked_in_every_panel() -> None:
    figure = plots.plot_path(jumping())
    drawn(figure)
    for ax in figure.axes:
        (mark,) = [line for line in ax.lines if line.get_color() == RED]
        np.testing.assert_allclose(mark.get_xdata(), math.log10(3.0), atol=1e-9)
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["jump at α = 3"]
    for ax in plots.plot_path(hw.regularization_path(moments_of([1.0], 2), hw.groups.reflection(2))).axes:
        assert not [line for line in ax.lines if line.get_color() == RED]


def test_a_tie_all_along_is_a_band() -> None:
    X = np.concatenate([np.eye(4), -np.eye(4)])
    Y = X @ np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    moments = hw.Moments.from_arrays(X, Y)
    figure = plots.plot_path(hw.regularization_path(moments, hw.groups.reflection(4), rank=1))
    drawn(figure)
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["tied from α = 0"]
    assert all(len(ax.patches) == 1 for ax in figure.axes)


def test_the_path_goes_into_axes_that_are_given() -> None:
    figure, axes = plt.subplots(1, 3)
    assert plots.plot_path(jumping(), axes=axes) is figure
    assert all(ax.lines for ax in axes)
    with pytest.raises(hw.ParameterError, match="plot_path needs 3 axes, got 2"):
        plots.plot_path(jumping(), axes=axes[:2])
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 2, got 3"):
        plots.plot_path(jumping(), rank=3)


# The landscape.


def test_every_critical_point_is_drawn_where_it_is() -> None:
    points = landscape()
    figure = plots.plot_landscape(points)
    drawn(figure)
    (bars,), (ax,) = panels(figure)
    (cloud,) = clouds(ax)
    assert to_hex(cloud.get_facecolor()[0]) == BLUE.lower()
    shown = sorted(map(tuple, np.round(np.asarray(cloud.get_offsets()), 9).tolist()))
    assert shown == sorted((float(p.index), round(p.loss, 9)) for p in points)
    assert bars.get_title() == "plain\n10 critical points"
    (steps,) = [patch for patch in bars.patches if isinstance(patch, StepPatch)]
    assert tuple(steps.get_data().values) == points.index_histogram
    assert ax.get_ylabel() == "loss"
    assert "index" in ax.get_xlabel()
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["critical point (area: how many)", "global optimum", "steepest escape"]


def test_the_optimum_is_a_star_and_arrows_lead_where_escapes_lead() -> None:
    points = landscape()
    _, (ax,) = panels(plots.plot_landscape(points))
    (star,) = [line for line in ax.lines if line.get_marker() == "*"]
    assert star.get_color() == RED
    assert star.get_xdata()[0] == 0
    assert star.get_ydata()[0] == pytest.approx(points.global_optimum.loss)
    found = arrows(ax)
    saddles = [point for point in points if not point.is_global]
    assert len(found) == len(saddles) == 9
    for (start, end), point in zip(found, saddles, strict=True):
        escape = point.escape_direction
        assert escape is not None
        target = points.at(escape.leads_to)
        assert start == pytest.approx((point.index, point.loss))
        assert end == pytest.approx((target.index, target.loss))
    assert all(to_hex(text.arrow_patch.get_edgecolor()) == ORANGE.lower() for text in ax.texts)


def test_points_of_one_place_share_a_marker_of_larger_area() -> None:
    # Nearly equal gaps: many subsets of one index have nearly the same loss.
    points = critical_points(
        moments_of(np.sqrt(np.arange(9.0, 0.0, -1.0)), 9), hw.groups.trivial(9), rank=4, approach=hw.Plain()
    )
    _, (ax,) = panels(plots.plot_landscape(points))
    (cloud,) = clouds(ax)
    # Loss is linear in the index: one marker for each of the 21 indices.
    assert len(cloud.get_offsets()) == 21
    areas = dict(zip(np.asarray(cloud.get_offsets())[:, 0].tolist(), cloud.get_sizes(), strict=True))
    assert areas[0] < areas[2] < areas[10]


def test_few_arrows_of_many_points() -> None:
    _, (ax,) = panels(plots.plot_landscape(landscape(12, 10, 5)))
    assert len(arrows(ax)) == 30


def test_approaches_stand_side_by_side_on_one_scale() -> None:
    named = {
        approach.label: landscape(approach=approach)
        for approach in (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(1.0))
    }
    figure = plots.plot_landscape(named)
    drawn(figure)
    bars, axes = panels(figure)
    titles = [ax.get_title().splitlines() for ax in bars]
    assert titles == [[name, f"{points.count} critical points"] for name, points in named.items()]
    assert [points.count for points in named.values()] == [10, 3, 3, 10]
    assert len({ax.get_xlim() for ax in axes}) == 1
    assert len({ax.get_ylim() for ax in axes}) == 1
    assert [ax.get_ylabel() for ax in axes] == ["loss", "", "", ""]


def test_a_landscape_that_would_be_flattened_keeps_its_own_scale() -> None:
    near, far = (
        landscape(),
        critical_points(moments_of([30.0, 20.0, 1.0], 3), hw.groups.trivial(3), rank=1, approach=hw.Plain()),
    )
    figure = plots.plot_landscape({"near": near, "far": far})
    drawn(figure)
    _, axes = panels(figure)
    assert axes[0].get_ylim() != axes[1].get_ylim()


def test_families_of_tied_points_look_otherwise() -> None:
    points = critical_points(
        moments_of([2.0, 2.0, 2.0, 1.0, 1.0, 0.5], 6), hw.groups.trivial(6), rank=3, approach=hw.Plain()
    )
    figure = plots.plot_landscape(points)
    drawn(figure)
    (bars,), (ax,) = panels(figure)
    assert bars.get_title() == "plain\n6 critical families"
    colours = {to_hex(cloud.get_facecolor()[0]): len(cloud.get_offsets()) for cloud in clouds(ax)}
    # Isolated are the choices that take every tied cluster whole or not at all.
    assert colours == {
        BLUE.lower(): sum(point.dimension == 0 for point in points),
        GREEN.lower(): sum(point.dimension > 0 for point in points),
    }
    assert "critical family" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_single_critical_point_is_drawn() -> None:
    figure = plots.plot_landscape(landscape(4, 2, 2))
    drawn(figure)
    (bars,), (ax,) = panels(figure)
    assert bars.get_title() == "plain\n1 critical point"
    assert arrows(ax) == []


@pytest.mark.parametrize("size", [40, 120])
def test_of_too_many_points_the_lowest_are_drawn_and_all_are_counted(size: int) -> None:
    rank = size // 2 if size == 40 else 2
    points = critical_points(
        moments_of(np.linspace(2.0, 1.0, size), size),
        hw.groups.trivial(size),
        rank=rank,
        approach=hw.Plain(),
    )
    figure = plots.plot_landscape(points, lowest=200)
    drawn(figure)
    (bars,), (ax,) = panels(figure)
    (cloud,) = clouds(ax)
    lowest = points.lowest(200)
    assert len(cloud.get_offsets()) <= 200
    assert np.asarray(cloud.get_offsets())[:, 1].max() == pytest.approx(lowest[-1].loss, rel=1e-2)
    assert ax.get_xlim()[1] == pytest.approx(max(point.index for point in lowest) + 0.7)
    (steps,) = [patch for patch in bars.patches if isinstance(patch, StepPatch)]
    most = max(points.index_histogram)
    top = math.log10(most) if most > 1000 else most
    assert np.max(steps.get_data().values) == pytest.approx(top)
    assert bars.get_xlim()[1] == pytest.approx(len(points.index_histogram) - 0.3)


def test_the_landscape_goes_into_axes_that_are_given() -> None:
    figure, axes = plt.subplots(1, 2)
    points = landscape()
    assert plots.plot_landscape({"a": points, "b": points}, axes=axes) is figure
    assert len(figure.axes) == 2
    assert [ax.get_title() for ax in axes] == ["a\n10 critical points", "b\n10 critical points"]
    assert axes[1].get_legend() is not None
    assert figure.legends == []
    single, ax = plt.subplots()
    assert plots.plot_landscape(points, axes=ax) is single
    with pytest.raises(hw.ParameterError, match="plot_landscape needs 1 axes, got 2"):
        plots.plot_landscape(points, axes=axes)


@pytest.mark.parametrize("wrong", [{}, {"plain": 3}, 3, None])
def test_what_is_no_landscape_is_refused(wrong: Any) -> None:
    with pytest.raises(hw.ParameterError, match="plot_landscape needs critical points"):
        plots.plot_landscape(wrong)


def test_the_number_of_lowest_points_is_checked() -> None:
    with pytest.raises(hw.ParameterError, match="must be an integer ≥ 1, got 0"):
        plots.plot_landscape(landscape(20, 18, 9), lowest=0)


# Bases.


def test_a_basis_is_a_picture_for_each_vector() -> None:
    subspace = hw.invariant_subspace(hw.groups.image_rotations(4))
    figure = plots.plot_basis(subspace)
    drawn(figure)
    images = [ax.images[0] for ax in figure.axes if ax.images]
    assert len(images) == subspace.dim == 4
    for image, vector in zip(images, subspace.basis.T, strict=True):
        np.testing.assert_allclose(image.get_array(), vector.reshape(4, 4))
        low, high = image.get_clim()
        assert -low == high == np.abs(vector).max()


def test_the_coefficients_of_a_solution_are_pictures_of_a_given_shape() -> None:
    moments = random_moments(6, 3)
    solution = hw.solve(moments, hw.groups.reflection(6), approach=hw.Plain())
    figure = plots.plot_basis(solution, (2, 3), limit=2, titles=["a", "b"])
    drawn(figure)
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == ["a", "b"]
    np.testing.assert_allclose(shown[1].images[0].get_array(), solution.coef[1].reshape(2, 3))
    assert len([ax for ax in plots.plot_basis(np.ones(9)).axes if ax.images]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (2, 4)}, "9 coordinates do not make pictures of 2×4"),
        ({"limit": 0}, "limit is 0"),
        ({"titles": ["one"]}, "3 pictures and 1 titles"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(hw.ParameterError, match=message):
        plots.plot_basis(np.ones((3, 9)), **options)


# Without matplotlib.


@pytest.mark.parametrize(
    "picture",
    [
        lambda: plots.plot_path(jumping()),
        lambda: plots.plot_landscape(landscape()),
        lambda: plots.plot_basis(np.ones(4)),
    ],
    ids=["path", "landscape", "basis"],
)
def test_without_matplotlib_it_says_what_to_install(
    picture: Callable[[], Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(hw.MissingDependencyError, match="pictures need matplotlib") as raised:
        picture()
    assert 'pip install "haarwire[plots]"' in raised.value.remedy


# Training.


def a_history(runs: int = 1, steps: int = 200, seed: int = 0, approach: Any = None) -> Any:
    pytest.importorskip("torch", reason="training needs the 'torch' extra")
    from haarwire.training import DeepLinearNetwork, train

    return train(
        random_moments(6, 4),
        DeepLinearNetwork((6, 2, 4), init="balanced", runs=runs, seed=seed),
        approach=approach or hw.Plain(),
        rep=hw.groups.reflection(6),
        steps=steps,
    )


def test_training_has_three_panels_and_the_optimum_is_dotted() -> None:
    history = a_history()
    figure = plots.plot_history(history)
    drawn(figure)
    loss, excess, gap = figure.axes
    curve, optimum = loss.lines
    np.testing.assert_array_equal(curve.get_xdata(), history.steps)
    np.testing.assert_allclose(curve.get_ydata(), history.loss[:, 0])
    assert optimum.get_ydata()[0] == pytest.approx(history.optimal_loss[0])
    np.testing.assert_allclose(gap.lines[0].get_ydata(), history.invariance_gap[:, 0])
    assert [ax.get_yscale() for ax in figure.axes] == ["linear", "log", "log"]
    assert gap.get_xlabel() == "step"
    assert loss.get_legend() is None
    assert len(excess.lines) == 1


def test_many_runs_are_a_mean_and_their_range() -> None:
    history = a_history(runs=4)
    loss = plots.plot_history(history).axes[0]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), history.loss.mean(axis=1))
    (band,) = loss.collections
    points = band.get_paths()[0].vertices
    assert points[:, 1].min() == pytest.approx(history.loss.min())
    assert points[:, 1].max() == pytest.approx(history.loss.max())


def test_approaches_have_their_colours_and_a_gap_of_zero_is_not_drawn() -> None:
    pytest.importorskip("torch", reason="training needs the 'torch' extra")
    from haarwire.training import DeepLinearNetwork, train

    problem = hw.Hardwired().problem(random_moments(6, 4), hw.groups.reflection(6))
    wired = train(problem, DeepLinearNetwork((3, 2, 4)), rep=hw.groups.reflection(6), steps=50)
    named = {
        "plain": a_history(),
        "hardwired": wired,
        "augmented": a_history(approach=hw.Augmented()),
        "regularized, α = 1": a_history(approach=hw.Regularized(1.0)),
        "regularized, α = 9": a_history(approach=hw.Regularized(9.0)),
        "mine": a_history(seed=1),
    }
    figure = plots.plot_history(named)
    drawn(figure)
    loss, _, gap = figure.axes
    assert [text.get_text() for text in loss.get_legend().get_texts()] == list(named)
    curves = {line.get_label(): line for line in loss.lines if line.get_label() in named}
    colours = [to_hex(curves[name].get_color()) for name in named]
    assert colours[:4] == [GREY.lower(), RED.lower(), BLUE.lower(), GREEN.lower()]
    assert len({(to_hex(line.get_color()), line.get_linestyle()) for line in curves.values()}) == len(named)
    assert curves["augmented"].get_linestyle() == "--"
    assert len(gap.lines) == len(named) - 1


def test_panels_can_be_chosen_and_go_into_axes_that_are_given() -> None:
    history = a_history()
    figure, axes = plt.subplots(2, 1)
    assert plots.plot_history(history, panels=["gap", "loss"], axes=axes) is figure
    assert "gap" in axes[0].get_ylabel()
    assert axes[1].get_ylabel() == "loss"
    with pytest.raises(hw.ParameterError, match="plot_history needs 3 axes, got 2"):
        plots.plot_history(history, axes=axes)
    with pytest.raises(hw.ParameterError, match="panels must be some of 'loss', 'excess', 'gap'"):
        plots.plot_history(history, panels=["losses"])  # type: ignore[list-item]
    for wrong in ({}, None, {"plain": hw.Plain()}):
        with pytest.raises(hw.ParameterError, match="plot_history needs a TrainingHistory"):
            plots.plot_history(wrong)  # type: ignore[arg-type]


def test_without_an_optimum_or_a_gap_there_is_no_panel_for_them() -> None:
    history = a_history()
    unknown = dataclasses.replace(
        history, optimal_loss=np.full_like(history.optimal_loss, np.nan), invariance_gap=None
    )
    figure = plots.plot_history(unknown)
    drawn(figure)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss"]


def test_diverged_runs_are_left_out() -> None:
    history = a_history(runs=2)
    loss = history.loss.copy()
    loss[3:, 1] = np.inf
    ill = dataclasses.replace(history, loss=loss, diverged=np.array([False, True]))
    figure = plots.plot_history(ill)
    drawn(figure)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), history.loss[:, 0])
    drawn(plots.plot_history(dataclasses.replace(ill, diverged=np.array([True, True]))))
