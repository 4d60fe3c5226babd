"""`train`: gradient descent on the quadratic problem, for many runs and problems at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.moments import Moments
from haarwire.solve import Approach, Quadratic
from haarwire.training._torch import require_torch
from haarwire.training.arguments import check_network, check_test, problems_of
from haarwire.training.assembly import Course, assembled
from haarwire.training.checkpoint import fingerprint, moments_parts, rep_parts
from haarwire.training.history import TrainingHistory
from haarwire.training.loop import Loop
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.objective import Objective, frames_of
from haarwire.training.optimizers import OPTIMIZERS, OptimizerName, started
from haarwire.training.recording import Recorder
from haarwire.training.step_sizes import automatic_rates, given_rates

__all__ = ["train"]


def train(
    data: Moments | Quadratic | Sequence[Quadratic],
    network: DeepLinearNetwork,
    *,
    approach: Approach | None = None,
    rep: Representation | None = None,
    optimizer: OptimizerName = "gd",
    learning_rate: Literal["auto"] | ArrayLike = "auto",
    momentum: float = 0.9,
    steps: int = 50_000,
    tol: float = 1e-10,
    record: Literal["log"] | int = "log",
    test: Moments | None = None,
    progress: bool | Callable[[int, int], object] = False,
    callback: Callable[[int, FloatArray], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1000,
    resume: str | os.PathLike[str] | None = None,
) -> TrainingHistory:
    """Minimize J(W_L ⋯ W_1) = tr(T) − 2 tr(W Bᵀ) + tr(W C Wᵀ) over the layers by gradient descent.

    Full batch, on the exact problem: a step costs the same for any number of samples and any size of
    the group, O((m + h)hk) in the eigenbasis of C. The least width is the bound on the rank.

    Parameters
    ----------
    data : Moments, Quadratic or sequence of Quadratic
        Moments need `approach` and `rep`. Several problems (say ``Regularized(a).problem(moments, rep)``
        for many a) must be of one size; each run of the network is trained on each of them, in one
        batch: run p·R + i of the history is run i of R on problem p.
    network : DeepLinearNetwork
        Where every run starts. It is not changed.
    approach : Approach, optional
        With moments: `Plain()`, `Hardwired()`, `Augmented()` or `Regularized(alpha)`.
    rep : Representation, optional
        Needed with moments; with problems, to record the invariance gap.
    optimizer : {"gd", "momentum", "adam", "gradient_flow"}
        Gradient descent; the heavy ball; Adam (β = 0.9, 0.999); or the solution of dW/dt = −∂J/∂W by an
        adaptive Runge–Kutta method, as the reference: its step s is the time s·η of gradient descent.
    learning_rate : "auto", float or array_like
        η: one for all, one a run of the network, or one a run of the history. ``"auto"`` is a safe step,
        at most half of what gradient descent survives near its start and near the balanced optimum V* of
        norm s: 1/(2 c_max K + (L − 1) g ρ^{L−2}), with c_max the largest eigenvalue of C,
        K = max(L s^{2−2/L}, Σ_l ‖W_L⋯W_{l+1}‖²‖W_{l−1}⋯W_1‖² at the start), g = ‖2(VC − B)‖ at the start
        and ρ the largest norm of a layer, at the start or of the balanced optimum. Half of it for
        momentum; 0.01 for Adam. An ill-conditioned C takes many steps: there is no preconditioning.
    momentum : float
        μ in [0, 1), for ``"momentum"``.
    steps : int
        At most so many steps in all (those before a resume included).
    tol : float
        A run stops, converged, when J − J* ≤ tol·tr(T), with J* in closed form; looked at every 20 steps.
        0: run on to the end. Runs that stop leave the batch. (A small gradient does not stop a run, as it
        is small near saddles too; for rules of your own see `callback`.)
    record : "log" or int
        Record about 20 steps a decade, or every so many steps; the first and the last always.
    test : Moments, optional
        For the test loss.
    progress : bool or callable
        True: a progress bar on standard error (needs the extra ``cli``). A function is called as
        ``progress(step, steps)`` every 20 steps or oftener.
    callback : callable, optional
        Called as ``callback(step, loss)`` at each record but the first and last; training ends when it
        returns True.
    checkpoint : path, optional
        An .npz file (without pickle) for the whole state of the training, replaced as one every
        `checkpoint_every` steps and at the end (or up to 19 steps before it).
    checkpoint_every : int
        Steps between two checkpoints.
    resume : path, optional
        Go on from a checkpoint of a call with the same arguments (only `steps` and what is reported and
        saved may differ): the result is bit for bit that of training in one go. `checkpoint` may be the
        same path.

    Returns
    -------
    TrainingHistory

    Raises
    ------
    ParameterError
        When an option is out of range or the widths do not fit the problem.
    DataError
        When problems differ in size, or the moments do not fit.
    NotCompactError
        When moments are augmented by a group without Haar average.
    ConvergenceError
        When every run diverges; when only some do, they are marked in ``history.diverged``.
    FileError
        When a checkpoint cannot be written or read, or belongs to another training run.
    MissingDependencyError
        Without PyTorch.

    References
    ----------
    Saxe, McClelland and Ganguli 2014, arXiv 1312.6120; Arora, Cohen, Golowich and Hu 2018,
    arXiv 1810.02281. Duan and Montúfar, arXiv 2506.13714, for the problems.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training import DeepLinearNetwork, train
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 200, n_targets=3, rng=0)
    >>> moments = hw.Moments.from_arrays(data.X, data.Y)
    >>> history = train(moments, DeepLinearNetwork((6, 2, 3)), approach=hw.Augmented(), rep=rep)
    >>> bool(history.converged.all()), bool(history.invariance_gap[-1, 0] < 1e-3)
    (True, True)
    """
    torch = require_torch()
    problems = problems_of(data, approach, rep)
    if rep is not None:
        checked_representation(rep)
    check_network(network, problems[0])
    course = Course(steps, record, progress, callback, checkpoint, checkpoint_every, resume, tol)
    course.check(optimizer, momentum)
    check_test(test, problems[0])
    owner = np.repeat(np.arange(len(problems)), network.runs)
    given = given_rates(learning_rate, len(problems), network.runs)
    is_dense = OPTIMIZERS[optimizer].is_dense
    mark = fingerprint(
        [
            *(part for p in problems for part in (p.gram, p.cross, p.setting.total)),
            *network.arrays(), network.dtype, optimizer, float(momentum), given, *course.parts,
            *rep_parts(rep), *moments_parts(test),
        ]
    )  # fmt: skip
    state = course.state(mark)
    frame = frames_of(problems, state)
    recorder = Recorder(problems, frame, owner, rank=network.rank, rep=rep, test=test)

    everyone = np.arange(owner.size)
    start = [np.tile(W, (len(problems), 1, 1)) for W in network.arrays()]
    turned = recorder.turned(start, everyone, back=False)
    like = network.weights[0]
    weights = [torch.tensor(W, dtype=like.dtype, device=like.device) for W in (start if is_dense else turned)]
    rates = automatic_rates(optimizer, recorder, turned) if given is None else given
    moving = started(optimizer, weights, rates, momentum)
    objective = Objective(frame, owner, like, dense=is_dense)
    recorder.begin(turned)
    loop = Loop(recorder, objective, moving, weights, tol=tol, record=record)
    course.run(loop, rates, state, mark)
    return assembled(recorder, loop, rates)
