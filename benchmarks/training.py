"""A full-batch step on the exact problem against PyTorch on the data really augmented, and many runs at once.

    OMP_NUM_THREADS=1 python -m benchmarks training

The peer holds MNIST under the four quarter turns (240 000 × 784 in float32, 752 MB) and takes gradient
steps by autograd on the same two-layer network of width 5; both start from the same layers, and have to
agree on the gradient first. Ours are 100 steps a round, looked at per step.

Then 1000 runs against one, per step and per call of `train`. One run of few parameters costs what PyTorch
needs to start a dozen operations, whatever their size; a thousand cost what their arithmetic does, so the
factor grows with the widths. Beside it stands the least there can be: the floating-point operations of
1000 steps at the speed of this machine's largest matrix products, as a multiple of one run. Times on a
GPU are given where there is one.
"""

from __future__ import annotations

import numpy as np
import torch
from _runner import Job, Target, load_mnist, race, seconds

import haarwire as hw
from haarwire.training import DeepLinearNetwork, train
from haarwire.training.objective import Objective, frames_of
from haarwire.training.optimizers import GradientDescent

WIDTHS = (784, 5, 10)
STEPS = 100
LIMIT = "the arithmetic of 1000 runs alone is 38 to 104 times a step of one run, which is all overhead"


def steps(problem, widths, runs: int, dtype: str, count: int, *, device: str = "cpu"):
    """A job that takes `count` gradient steps of all runs."""
    network = DeepLinearNetwork(widths, runs=runs, dtype=dtype, device=device)
    like = network.weights[0]
    objective = Objective(frames_of([problem]), np.zeros(runs, dtype=int), like)
    rates = torch.full((runs,), 1e-8, dtype=like.dtype, device=like.device)
    optimizer = GradientDescent(network.weights, rates, 0.0)

    def job() -> None:
        with torch.no_grad():
            optimizer.advance(network.weights, objective, 0, count)
        if device != "cpu":
            torch.cuda.synchronize()

    return job


def calls(problem, widths, runs: int, dtype: str, device: str = "cpu"):
    """A job that trains for STEPS steps, from the spectrum to the history."""
    network = DeepLinearNetwork(widths, runs=runs, dtype=dtype, device=device)
    return lambda: train(problem, network, steps=STEPS, tol=0.0)


def operations(widths) -> int:
    """Floating-point operations of one step of one run, h_1 ≤ m: products with C, B and the layers."""
    k, h, m = widths[0], widths[1], widths[-1]
    return h * k * (3 + 4 * h + 4 * m)


def speed(dtype: str, device: str) -> float:
    """Floating-point operations a second in a product of large square matrices."""
    side = 2048
    A = torch.randn(side, side, dtype=getattr(torch, dtype), device=device)

    def job() -> None:
        A @ A
        if device != "cpu":
            torch.cuda.synchronize()

    job()
    return 2.0 * side**3 / min(seconds(job) for _ in range(5))


def many(widths, problem, devices) -> None:
    """1000 runs against one."""
    for device in devices:
        for dtype in ("float32", "float64"):
            one, batch = f"1 run, {dtype}, {device}", f"1000 runs, {dtype}, {device}"
            jobs = {
                f"step: {one}": Job(steps(problem, widths, 1, dtype, 20, device=device)),
                f"step: {batch}": Job(steps(problem, widths, 1000, dtype, 20, device=device), f"step: {one}"),
                f"call: {one}": Job(calls(problem, widths, 1, dtype, device)),
                f"call: {batch}": Job(calls(problem, widths, 1000, dtype, device), f"call: {one}"),
            }
            targets = []
            if (widths, dtype) in ((WIDTHS, "float32"), ((16, 2, 4), "float32")):
                name = "-".join(map(str, widths))
                what = f"a call of train with 1000 runs against one, {name}, {device}"
                targets = [Target(what, f"call: {batch}", f"call: {one}", at_most=20, limit=LIMIT)]
            title = f"Widths {widths}: 20 steps; a call of train with {STEPS}"
            taken = race(title, jobs, rounds=3, targets=targets)
            # The least of each: on a shared machine the medians are those of its other work.
            single, thousand, *whole = (float(t.min()) for t in taken.values())
            floor = 1000.0 * operations(widths) / speed(dtype, device) / (single / 20)
            print(
                f"{widths}, {dtype}, {device}, least times: 1000 runs cost {thousand / single:.0f} × one run "
                f"a step (arithmetic alone {floor:.1f} ×), {whole[1] / whole[0]:.1f} × a call\n",
                flush=True,
            )


def materialized(X: np.ndarray, Y: np.ndarray, moments: hw.Moments, rep: hw.Representation):
    """Loss and gradient by autograd on the augmented data, float32; centred, as there is an intercept."""
    images = X.reshape(-1, 28, 28)
    scale = 1.0 / 255.0
    problem = hw.Augmented().problem(moments, rep)
    shift = problem.setting.x_mean.astype(np.float32)
    moved = np.empty((4 * len(X), 784), dtype=np.float32)
    for k in range(4):
        part = moved[k * len(X) : (k + 1) * len(X)]
        np.multiply(np.rot90(images, k, axes=(1, 2)).reshape(len(X), -1), np.float32(scale), out=part)
        part -= shift
    inputs = torch.from_numpy(moved)
    targets = torch.from_numpy(np.tile(Y - Y.mean(axis=0), (4, 1)).astype(np.float32))
    weights = [W[0].clone().requires_grad_() for W in DeepLinearNetwork(WIDTHS, dtype="float32").weights]

    def job() -> list[torch.Tensor]:
        loss = ((inputs @ weights[0].T @ weights[1].T - targets) ** 2).sum(dim=1).mean()
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for W, g in zip(weights, gradients, strict=True):
                W.sub_(g, alpha=1e-8)
        return list(gradients)

    return problem, job


def small_problem(n: int, m: int):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3 * n, n))
    Y = X @ rng.standard_normal((n, m)) / np.sqrt(n) + rng.standard_normal((3 * n, m))
    return hw.Plain().problem(hw.Moments.from_arrays(X, Y), hw.groups.trivial(n))


def main() -> None:
    X, Y, source = load_mnist()
    rep = hw.groups.image_rotations(28)
    moments = hw.Moments.from_arrays((X / 255.0).astype(np.float32), Y)
    problem, peer = materialized(X, Y, moments, rep)
    network = DeepLinearNetwork(WIDTHS)
    dense = Objective(frames_of([problem]), np.zeros(1, dtype=int), network.weights[0], dense=True)
    for ours, theirs in zip(dense.gradient(network.weights), peer(), strict=True):
        error = float((ours[0] - theirs).norm() / ours.norm())
        if error > 1e-3:
            raise SystemExit(f"the contestants disagree: {error:.1e}")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads\n")
    peer_name = "PyTorch on the augmented data, 1 step"
    jobs = {peer_name: Job(peer)}
    for dtype in ("float32", "float64"):
        name = f"exact problem, {dtype}, {STEPS} steps"
        jobs[name] = Job(steps(problem, WIDTHS, 1, dtype, STEPS), peer_name)
    faster = [
        Target(f"a full-batch step, {name.split(',')[1].strip()}", name, peer_name, at_least=50, scale=STEPS)
        for name in list(jobs)[1:]
    ]
    size = f"{source}, {len(X)} × 4 × 784, 10 targets, width 5"
    race(f"One full-batch step: {size}", jobs, targets=faster)

    thousand = Job(steps(problem, WIDTHS, 1000, "float32", 1), peer_name)
    race("A step of 1000 runs", {peer_name: Job(peer), "exact problem, float32, 1000 runs": thousand})
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    print(f"GPU: {torch.cuda.get_device_name() if len(devices) > 1 else 'none here, none measured'}\n")
    for widths, data in (
        ((16, 2, 4), small_problem(16, 4)),
        ((64, 5, 10), small_problem(64, 10)),
        (WIDTHS, problem),
        ((784, 5, 5, 10), problem),
    ):
        many(widths, data, devices)


if __name__ == "__main__":
    main()
