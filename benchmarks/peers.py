"""Bases of invariants and equivariant maps, beside those of other libraries, in one run.

    python -m benchmarks peers [--slow]

Peers are used where they can be imported: EMLP (needs jax<0.5, six and tqdm), e3nn, and symm-learning with
escnn (needs NumPy 1). Each case checks first that both found the same space, then times both in turns: the
median over rounds. `--slow` adds the cases in which a peer takes a minute.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np
from _runner import Target, judge, machine, seconds

import haarwire as hw

os.environ.setdefault("TQDM_DISABLE", "1")

GIVEN = "it is given the irreducible parts of its group, which are found and certified here"


def duel(
    case: str,
    ours: Callable[[], np.ndarray],
    peer: str,
    theirs: Callable[[], np.ndarray],
    *,
    rounds: int = 3,
    at_least: float = 1.0,
    limit: str = "",
    agreement: Callable[[np.ndarray, np.ndarray], str] | None = None,
) -> None:
    """Time both in turns and print the ratio of medians, and how far their answers agree."""
    answers: dict[str, np.ndarray] = {"ours": ours()}
    taken: dict[str, list[float]] = {"ours": [], "theirs": []}

    def solve(name: str, run: Callable[[], np.ndarray]) -> None:
        answers[name] = np.asarray(run(), dtype=np.float64)

    for _ in range(rounds):
        for name, run in (("ours", ours), ("theirs", theirs)):
            taken[name].append(seconds(partial(solve, name, run)))
    fast, slow = statistics.median(taken["ours"]), statistics.median(taken["theirs"])
    said = (agreement or _same_space)(answers["ours"], answers["theirs"])
    print(f"{case:52}{1e3 * fast:10.2f} ms {peer:>14}{1e3 * slow:12.1f} ms {slow / fast:8.0f} ×   {said}")
    times = {name: np.array(values) for name, values in taken.items()}
    judge(said, Target(f"{case}, against {peer}", "ours", "theirs", at_least=at_least, limit=limit), times)


def alone(case: str, ours: Callable[[], int], note: str, at_most: float) -> None:
    """Time ours only, in seconds."""
    ours()
    times = np.array([seconds(ours) for _ in range(3)])
    print(f"{case:52}{1e3 * statistics.median(times):10.2f} ms   {note}")
    judge(note, Target(case, "ours", at_most=at_most), {"ours": times})


def _same_space(A: np.ndarray, B: np.ndarray) -> str:
    """Compare the projections on two column spaces, along random directions."""
    if A.shape[1] != B.shape[1]:
        raise SystemExit(f"dimensions differ: {A.shape[1]} and {B.shape[1]}")
    P, Q = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    z = np.random.default_rng(0).standard_normal((A.shape[0], 3))
    return f"dim {A.shape[1]}, spaces differ by {np.abs(P @ (P.T @ z) - Q @ (Q.T @ z)).max():.0e}"


def against_emlp(*, slow: bool) -> None:
    try:
        from emlp.groups import SO, Group, S, Z
        from emlp.reps import T, V
    except ImportError as reason:
        print(f"EMLP is not here ({reason})")
        return

    class Turns(Group):
        """90° rotations of side × side images."""

        def __init__(self, side: int) -> None:
            turn = hw.groups.image_rotations(side).generators[0].to_dense()
            self.discrete_generators = turn[None]
            super().__init__(side)

    def fresh(make: Callable[[], object]) -> Callable[[], np.ndarray]:
        def solve() -> np.ndarray:
            rep = make()
            type(rep).solcache = {}
            return np.asarray(rep.equivariant_basis())

        return solve

    for n in (20, 50, *((100,) if slow else ())):
        duel(
            f"S_{n} on V⊗V ({n * n} coordinates)",
            lambda n=n: hw.invariant_subspace(hw.groups.permutations_of_graphs(n)).basis,
            "EMLP",
            fresh(lambda n=n: (V * V)(S(n))),
            rounds=1,
            at_least=1000,
        )
    for n in (300, 1000, *((3000,) if slow else ())):
        duel(
            f"cyclic shifts of {n} coordinates",
            lambda n=n: hw.invariant_subspace(hw.groups.cyclic_shifts(n)).basis,
            "EMLP",
            fresh(lambda n=n: V(Z(n))),
            rounds=1,
        )
    for side in (4, 6, *((8,) if slow else ())):
        duel(
            f"equivariant maps, 90° turns of {side}×{side} images",
            lambda side=side: (
                hw.equivariant_maps(
                    hw.groups.image_rotations(side), hw.groups.image_rotations(side)
                ).subspace.basis
            ),
            "EMLP",
            fresh(lambda side=side: (V >> V)(Turns(side))),
            rounds=1,
        )
    for order in (3, 4, 5):
        duel(
            f"SO(3) on tensors of order {order} ({3**order} coordinates)",
            lambda order=order: hw.invariant_subspace(hw.groups.so3_tensors(order)).basis,
            "EMLP",
            fresh(lambda order=order: T(order)(SO(3))),
            rounds=1,
        )


def against_e3nn() -> None:
    try:
        from e3nn.o3 import ReducedTensorProducts
    except ImportError as reason:
        print(f"e3nn is not here ({reason})")
        return
    letters = "ijklm"
    for order in (3, 4):
        indices = letters[:order]

        def theirs(indices: str = indices, order: int = order) -> np.ndarray:
            product = ReducedTensorProducts(
                indices, **dict.fromkeys(indices, "1o"), filter_ir_out=["0e", "0o"]
            )
            # Components in e3nn's order y, z, x.
            basis = product.change_of_basis.numpy().reshape(-1, *(3,) * order)
            for axis in range(1, order + 1):
                basis = np.take(basis, [2, 0, 1], axis=axis)
            return basis.reshape(len(basis), -1).T

        duel(
            f"SO(3) on tensors of order {order} ({3**order} coordinates)",
            lambda order=order: hw.invariant_subspace(hw.groups.so3_tensors(order)).basis,
            "e3nn",
            theirs,
        )


def against_symm_learning() -> None:
    try:
        import torch
        from escnn.group import CyclicGroup, directsum
        from symm_learning.linalg import lstsq
        from symm_learning.representation_theory import isotypic_decomp_rep
    except ImportError as reason:
        print(f"symm-learning is not here ({reason})")
        return
    rng, fresh_names = np.random.default_rng(0), count()
    for order, copies, N in ((4, 16, 2000), (8, 16, 2000), (16, 8, 2000)):
        group = CyclicGroup(order)
        regular = directsum([group.regular_representation] * copies)
        generator = np.asarray(regular(group.generators[0])).round()  # escnn's permutations are off by 1e-15
        rep = hw.Representation(regular.size, (hw.Matrix(generator).simplified(),))
        X, Y = (rng.standard_normal((N, regular.size)) for _ in range(2))
        inputs, targets = torch.from_numpy(X), torch.from_numpy(Y)

        def ours(X: np.ndarray = X, Y: np.ndarray = Y, rep: hw.Representation = rep) -> np.ndarray:
            moments = hw.Moments.from_arrays(X, Y)
            return hw.solve(moments, rep, target=rep, approach=hw.Hardwired(), fit_intercept=False).coef

        def theirs(x: torch.Tensor = inputs, y: torch.Tensor = targets, r: object = regular) -> np.ndarray:
            return lstsq(x, y, r, r).numpy()

        def losses(W: np.ndarray, V: np.ndarray, X: np.ndarray = X, Y: np.ndarray = Y) -> str:
            ours_loss, theirs_loss = (((Y - X @ A.T) ** 2).sum() / len(X) for A in (W, V))
            return f"mean squared error {ours_loss:.4f} and {theirs_loss:.4f}"

        case = f"equivariant least squares, C_{order}, {regular.size} → {regular.size}"
        duel(case, ours, "symm-learning", theirs, agreement=losses, limit=GIVEN)
        duel(
            f"isotypic decomposition, C_{order}, {regular.size} coordinates",
            lambda rep=rep: _blocks(hw.isotypic_decomposition(rep)),
            "symm-learning",
            # Anew each time, for results are kept; escnn knows the irreducible parts of a regular one.
            lambda group=group, copies=copies: _their_blocks(
                isotypic_decomp_rep(
                    directsum([group.regular_representation] * copies, name=f"sum {next(fresh_names)}")
                )
            ),
            limit=GIVEN,
            agreement=lambda ours, theirs: f"dimensions of components {ours.tolist()} and {theirs.tolist()}",
        )


def _blocks(decomposition: hw.invariants.IsotypicDecomposition) -> np.ndarray:
    return np.sort([c.dim * c.multiplicity for c in decomposition.components])


def _their_blocks(rep: object) -> np.ndarray:
    return np.sort([part.size for part in rep.attributes["isotypic_reps"].values()])


def at_scale() -> None:
    """Sizes that no peer reaches."""
    for n in (10**6, 10**7):
        alone(
            f"cyclic shifts of {n:.0e} coordinates",
            lambda n=n: hw.invariant_subspace(hw.groups.cyclic_shifts(n)).dim,
            "EMLP: does not converge at 10^4",
            10,
        )
    alone(
        "S_1000 on V⊗V (10^6 coordinates)",
        lambda: hw.invariant_subspace(hw.groups.permutations_of_graphs(1000)).dim,
        "no peer",
        10,
    )
    alone(
        "equivariant maps, 90° turns of 28×28 images",
        lambda: hw.equivariant_maps(hw.groups.image_rotations(28), hw.groups.image_rotations(28)).dim,
        "614,656 entries a map; EMLP was stopped at 12×12 after 550 s",
        2,
    )


def main() -> None:
    print(machine(), "\n")
    at_scale()
    against_emlp(slow="--slow" in sys.argv)
    against_e3nn()
    against_symm_learning()


if __name__ == "__main__":
    main()
