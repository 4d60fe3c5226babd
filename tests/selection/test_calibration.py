"""The calibration experiment runs, and its pieces are sound; its numbers are in docs/selection.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "experiments" / "calibration").exists():
        pytest.skip("the experiments are not part of the source distribution")
    monkeypatch.syspath_prepend(str(ROOT))


def test_every_design_keeps_the_null_hypothesis() -> None:
    """Targets without noise are an invariant function of the inputs."""
    from experiments.calibration.designs import DESIGNS, RANDOMIZATION

    for design in (*DESIGNS, *RANDOMIZATION):
        X, Y = design.draw(np.random.default_rng(0))
        assert X.shape == (design.n_samples, design.rep.dim)
        assert Y.shape == (design.n_samples, design.n_targets)
        assert np.isfinite(X).all()
        if not design.labels and not design.uneven:
            quiet = type(design)(**{**vars(design), "noise": lambda rng, shape: np.zeros(shape)})
            X, Y = quiet.draw(np.random.default_rng(0))
            Z = np.hstack([np.ones((len(X), 1)), X @ hw.invariant_subspace(design.rep).basis])
            left = Y - Z @ np.linalg.lstsq(Z, Y, rcond=None)[0]
            assert np.abs(left).max() < 1e-8


def test_the_population_has_the_moments_of_many_samples() -> None:
    from experiments.calibration.designs import population

    rng = np.random.default_rng(0)
    W, covariance = rng.standard_normal((2, 3)), np.diag([1.0, 4.0, 0.5])
    X = rng.standard_normal((200_000, 3)) * np.sqrt(np.diag(covariance))
    drawn = hw.Moments.from_arrays(X, X @ W.T + 0.5 * rng.standard_normal((200_000, 2)))
    exact = population(W, 0.5, covariance)
    for name in ("gram", "cross", "total"):
        np.testing.assert_allclose(getattr(drawn, name), getattr(exact, name), atol=0.1)


def test_a_few_repetitions_of_each_part(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from experiments.calibration import __main__ as command
    from experiments.calibration import levels, regret

    monkeypatch.setattr(levels, "DESIGNS", levels.DESIGNS[:1])
    monkeypatch.setattr(levels, "RANDOMIZATION", levels.RANDOMIZATION[:1])
    monkeypatch.setattr(levels, "POWER_DESIGNS", levels.POWER_DESIGNS[1:2])
    monkeypatch.setattr(levels, "VIOLATIONS", (0.0, 20.0))
    monkeypatch.setattr(regret, "SAMPLES", (48,))
    monkeypatch.setattr(regret, "NOISES", (0.5,))
    monkeypatch.setattr(regret, "VIOLATIONS", (0.0, 3.0))
    monkeypatch.setattr(command, "QUICK", {"levels": 4, "power": 2, "regret": 2})
    command.main(["--quick"])
    out = capsys.readouterr().out
    assert "C8, N/n = 1.5, Gaussian" in out
    assert out.count("one target, N = 40") == 2
    assert "as_is: mean regret" in out


def test_power_in_theory_is_the_level_without_violation() -> None:
    from experiments.calibration.levels import POWER_DESIGNS, interval, power_in_theory

    design = POWER_DESIGNS[1]
    assert power_in_theory(design, 0.0, 3, np.random.default_rng(0)) == pytest.approx(0.05)
    assert power_in_theory(design, 50.0, 3, np.random.default_rng(0)) > 0.999
    low, high = interval(0.05, 2000)
    assert low < 0.05 < high
    assert high - low < 0.03
