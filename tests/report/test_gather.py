"""What a report says is what the library says."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import haarwire as hw
from haarwire.report.gather import gather
from haarwire.report.images import image_shape_of
from haarwire.report.pictures import orbit_elements, places_shown
from haarwire.report.provenance import provenance_data


def unpack(packed: dict[str, Any]) -> NDArray[np.floating[Any]]:
    """What the page's script makes of a packed array."""
    raw = base64.b64decode(packed["data"])
    if packed["kind"] == "f4":
        return np.frombuffer(raw, "<f4").reshape(packed["shape"]).astype(float)
    whole = np.frombuffer(raw, np.int8).reshape(packed["shape"]).astype(float)
    return whole * np.array(packed["scale"]).reshape(-1, *[1] * (whole.ndim - 1))


def alphas_of(content: dict[str, Any]) -> list[float]:
    return [math.inf if alpha == "inf" else alpha for alpha in content["path"]["alphas"]]


@pytest.fixture(params=["compared", "compared_numbers", "compared_shear"])
def result(request: pytest.FixtureRequest) -> hw.Comparison:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_it_is_plain_data(result: hw.Comparison) -> None:
    content = gather(result)
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_curves_are_those_of_the_path(result: hw.Comparison) -> None:
    assert result.fitted is not None
    path, test = result.fitted.path, result.fitted.test
    content = gather(result)
    shown = content["path"]
    alphas = alphas_of(content)
    assert alphas[0] == 0.0
    assert alphas[-1] == math.inf
    for k in range(0, len(alphas), 7):
        for row, rank in enumerate(shown["ranks"]):
            model = path.at(alphas[k], rank=rank)
            assert shown["relative_invariance_gap"][row][k] == pytest.approx(
                model.relative_invariance_gap, abs=1e-6
            )
            assert shown["objective"][row][k] == pytest.approx(model.loss, rel=1e-6)
            assert shown["as_is"][row][k] == pytest.approx(test.loss(model.coef, model.intercept), rel=1e-6)


def test_the_loss_on_moved_data_is_the_average_over_the_listed_group(compared: hw.Comparison) -> None:
    assert compared.fitted is not None
    content = gather(compared)
    rep, path = compared.fitted.representation, compared.fitted.path
    k = len(content["path"]["alphas"]) // 2
    model = path.at(alphas_of(content)[k], rank=2)
    moved = np.mean(
        [
            compared.fitted.test.loss(g.pull_back(np.asarray(model.coef, dtype=float)), model.intercept)
            for g in rep.elements()
        ]
    )
    assert content["path"]["moved"][1][k] == pytest.approx(moved, rel=1e-6)


def test_the_strengths_chosen_are_among_those_of_the_slider(compared: hw.Comparison) -> None:
    content = gather(compared)
    assert compared.approaches["regularized"] is not None
    chosen = compared.approaches["regularized"].as_is.alpha
    assert alphas_of(content)[content["path"]["start"]] == pytest.approx(chosen)


def test_a_group_that_is_not_compact_has_no_moved_data(compared_shear: hw.Comparison) -> None:
    content = gather(compared_shear)
    assert content["path"]["moved"] is None
    assert len(content["verdicts"]) == 1
    assert set(content["landscapes"]["by_rank"]) == {"hardwired", "regularized"}
    assert "not compact" in " ".join(content["notes"])


def test_coefficients_of_every_rank_come_from_those_of_unbounded_rank(compared: hw.Comparison) -> None:
    assert compared.fitted is not None
    content = gather(compared)
    pictures = content["coefficients"]
    coefs, left = unpack(pictures["coef"]), unpack(pictures["left"])
    for k in (0, 11, len(pictures["places"]) - 1):
        alpha = alphas_of(content)[pictures["places"][k]]
        for rank in (1, 2, 3):
            U = left[k][:, :rank]
            exact = compared.fitted.path.at(alpha, rank=rank).coef
            step = np.abs(coefs[k]).max() / 127
            np.testing.assert_allclose(U @ U.T @ coefs[k], exact, atol=2 * step)


@pytest.mark.parametrize("name", ["plain", "hardwired", "augmented", "regularized"])
def test_outputs_on_the_orbit_are_those_of_the_models(compared: hw.Comparison, name: str) -> None:
    fitted = compared.fitted
    assert fitted is not None
    content = gather(compared)
    model = content["orbit"]["models"][name]
    outputs, left, mean = unpack(model["outputs"]), unpack(model["left"]), np.array(model["mean"])
    k = len(model["places"]) // 2
    alpha = alphas_of(content)[model["places"][k]]
    approach = {
        "plain": hw.Plain(),
        "hardwired": hw.Hardwired(),
        "augmented": hw.Augmented(),
        "regularized": hw.Regularized(alpha),
    }[name]
    exact = hw.solve(fitted.train, fitted.representation, rank=2, approach=approach)
    X = np.concatenate([[g.apply(x) for g in fitted.representation.elements()] for x in fitted.samples.X])
    U = left[k][:, :2]
    np.testing.assert_allclose((mean[:, None] + U @ U.T @ outputs[k]).T, exact.predict(X), atol=2e-5)


def test_the_orbit_is_that_of_the_samples(compared: hw.Comparison) -> None:
    assert compared.fitted is not None
    orbit = gather(compared)["orbit"]
    pictures = unpack(orbit["pictures"])
    assert pictures.shape == (3, 4, 16)
    for k, g in enumerate(compared.fitted.representation.elements()):
        moved = g.apply(compared.fitted.samples.X.astype(float))
        np.testing.assert_allclose(pictures[:, k], moved, atol=np.abs(moved).max() / 120)
    np.testing.assert_allclose(
        unpack(orbit["averages"]), pictures.mean(axis=1), atol=np.abs(pictures).max() / 100
    )


@pytest.mark.parametrize("name", ["hardwired", "augmented", "regularized"])
def test_landscapes_are_those_of_critical_points(compared: hw.Comparison, name: str) -> None:
    fitted = compared.fitted
    assert fitted is not None
    content = gather(compared)
    assert compared.approaches["regularized"] is not None
    alpha = compared.approaches["regularized"].as_is.alpha
    assert alpha is not None
    approach = {
        "hardwired": hw.Hardwired(),
        "augmented": hw.Augmented(),
        "regularized": hw.Regularized(alpha),
    }
    for rank in (1, 2, 3):
        points = hw.critical_points(fitted.train, fitted.representation, rank=rank, approach=approach[name])
        shown = content["landscapes"]["by_rank"][name][str(rank)]
        assert shown["count"] == str(points.count)
        assert shown["histogram"] == [str(n) for n in points.index_histogram]
        assert sum(marker[2] for marker in shown["markers"]) == points.count
        for listed, point in zip(shown["lowest"], points.lowest(5), strict=False):
            assert listed["loss"] == pytest.approx(point.loss, rel=1e-6)
            assert tuple(listed["subset"]) == point.subset
            way = point.escape_direction
            assert (listed["escape"] and tuple(listed["escape"]["swap"])) == (way and way.swap)
            assert listed["index"] == point.index
        for start, high, end, low in shown["escapes"]:
            assert low < high
            assert end < start


def test_the_symmetry_test_is_the_one_on_the_training_samples(compared: hw.Comparison) -> None:
    assert compared.fitted is not None
    exact = hw.symmetry_test(compared.fitted.train, compared.fitted.representation)
    shown = gather(compared)["symmetry_test"]
    assert dict(shown["rows"])["p-value"] == f"{exact.pvalue:.2g}"
    assert ("do not contradict" in shown["sentence"]) == (exact.pvalue >= 0.05)


def test_a_symmetry_test_of_ones_own_is_shown_instead(compared_numbers: hw.Comparison) -> None:
    rep = hw.groups.cyclic_shifts(6)
    data = hw.datasets.planted(rep, 30, rng=0)
    test = hw.symmetry_test(data.X, data.Y, rep, method="randomization", n_resamples=99)
    rows = dict(gather(compared_numbers, symmetry_test=test)["symmetry_test"]["rows"])
    assert rows["p-value"] == f"{test.pvalue:.2g}"


def test_too_few_samples_for_a_test_are_said_to_be() -> None:
    rep = hw.groups.cyclic_shifts(12)
    result = hw.compare(hw.datasets.planted(rep, 20, rng=0), rep)
    shown = gather(result)["symmetry_test"]
    assert shown["sentence"] is None
    assert "degrees of freedom" in shown["why_not"]


def test_verdicts_are_sentences(compared: hw.Comparison) -> None:
    for shown, (question, verdict) in zip(
        gather(compared)["verdicts"], compared.verdict.items(), strict=True
    ):
        assert verdict is not None
        assert shown["question"] == question
        assert shown["approach"] == verdict.approach
        assert shown["sentence"].startswith("For data ")
        assert shown["sentence"].endswith(".")


def test_the_call_that_repeats_it_can_be_typed(compared: hw.Comparison) -> None:
    provenance = gather(compared)["provenance"]
    assert provenance["is_call"]
    compile(provenance["command"], "command", "eval")
    assert dict(provenance["versions"])["numpy"] == np.__version__
    assert dict(provenance["versions"])["haarwire"] == hw.__version__
    assert gather(compared, command="haarwire compare x")["provenance"]["command"] == "haarwire compare x"


def test_the_call_names_a_symmetry_only_where_its_name_makes_it_again() -> None:
    for rep, shown in (
        (hw.groups.cyclic_shifts(6), "hw.groups.from_name('cyclic_shifts:6')"),
        (hw.groups.cyclic_shifts(5) + hw.groups.trivial(1), "compare(data, rep, "),
        (hw.Representation(6, (hw.Permutation([1, 0, 2, 3, 4, 5]),)), "compare(data, rep, "),
    ):
        result = hw.compare(hw.datasets.planted(rep, 60, noise=0.5, rng=0), rep)
        assert shown in provenance_data(result, None)["command"]


def test_the_call_names_no_symmetry_that_has_no_name() -> None:
    mine = hw.Representation(6, hw.groups.cyclic_shifts(6).generators)
    result = hw.compare(hw.datasets.planted(mine, 40, rng=0), mine)
    assert gather(result)["provenance"]["command"].startswith("hw.report(hw.compare(data, rep, rank=1, ")


def test_every_class_of_an_orbit_has_its_name() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 20
    data = hw.datasets.Dataset.from_arrays(rng.standard_normal((200, 16)), labels)
    content = gather(hw.compare(data, hw.groups.image_rotations(4)))
    assert content["orbit"]["names"] == [str(label) for label in range(20)]
    assert len(content["coefficients"]["names"]) == 12


# Shapes, places, elements.


def test_shapes_of_images() -> None:
    assert image_shape_of(hw.groups.image_rotations(8)) == (8, 8)
    assert image_shape_of(hw.groups.image_rotations(8, reflections=True)) == (8, 8)
    assert image_shape_of(hw.groups.image_rotations(4, channels=3)) == (12, 4)
    assert image_shape_of(hw.groups.cyclic_shifts((4, 6))) == (4, 6)
    assert image_shape_of(hw.groups.cyclic_shifts(16)) is None
    assert image_shape_of(hw.groups.reverse_complement(4)) is None
    assert image_shape_of(hw.groups.reverse_complement(4), (16, 16)) == (16, 16)
    side = np.int64(16)
    assert image_shape_of(hw.groups.reverse_complement(4), (side, side)) == (16, 16)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(3, 5), (0, 16), (16,), (4.0, 4.0), (-4, -4)])
def test_a_shape_that_does_not_fit_is_refused(compared: hw.Comparison, shape: Any) -> None:
    with pytest.raises(hw.ParameterError, match="does not have 16 pixels"):
        gather(compared, image_shape=shape)


def test_pictures_are_thinned_to_their_room() -> None:
    assert places_shown(63, 10 * 784) is not None
    thinned = places_shown(63, 30_000)
    assert thinned is not None
    assert (thinned[0], thinned[-1], len(thinned)) == (0, 62, 20)
    assert places_shown(63, 300_000) is None


def test_elements_of_large_groups_are_drawn_and_of_others_are_not() -> None:
    some = orbit_elements(hw.groups.permutations(9))
    assert some is not None
    assert (len(some[0]), some[1]) == (8, False)
    assert orbit_elements(hw.groups.shear(3)) is None


def test_what_is_no_comparison_is_refused(compared: hw.Comparison) -> None:
    with pytest.raises(hw.ParameterError, match=re.escape("made of a Comparison, got dict")):
        gather({})  # type: ignore[arg-type]
    from dataclasses import replace

    with pytest.raises(hw.ParameterError, match="does not hold what its numbers came from"):
        gather(replace(compared, fitted=None))
    with pytest.raises(hw.ParameterError, match="symmetry_test must be a SymmetryTest, got 'wilks'"):
        gather(compared, symmetry_test="wilks")  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="need a TrainingHistory"):
        gather(compared, training=3)  # type: ignore[arg-type]
