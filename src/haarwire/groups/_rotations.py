"""Rotations of space in the representations of SO(3) and SU(2), from the angular momentum matrices.

Elements are Euler angles (α, β, γ): ρ = exp(α L_z) exp(β L_y) exp(γ L_z).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.groups._checks import MatrixLike
from haarwire.groups._kernels import stored

__all__ = [
    "EulerAngles",
    "block_diagonal",
    "realified",
    "rotation_matrix",
    "spherical_algebra",
    "spherical_matrix",
    "spin_algebra",
    "spin_matrix",
    "vector_algebra",
]

EulerAngles: TypeAlias = tuple[float, float, float]
ComplexArray: TypeAlias = NDArray[np.complex128]

_NEGLIGIBLE: Final = 1e-12
"""Entries of a Lie-algebra element of spherical harmonics are square roots of quarters of integers."""


def angular_momentum(twice_spin: int) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """J_x, J_y, J_z of spin j on C^(2j+1), states m = −j, …, j: J_±|m⟩ = √(j(j+1) − m(m±1)) |m±1⟩."""
    j = twice_spin / 2.0
    m = np.arange(twice_spin + 1) - j
    raising = np.diag(np.sqrt(j * (j + 1.0) - m[:-1] * (m[:-1] + 1.0)), -1).astype(np.complex128)
    lowering = raising.T
    return (raising + lowering) / 2.0, (raising - lowering) / 2.0j, np.diag(m).astype(np.complex128)


def _real_basis(degree: int) -> ComplexArray:
    """The real harmonics S_m in terms of the complex ones Y_m (Condon–Shortley): S = U Y.

    S_m = (−1)^m √2 Re Y_m and S_−m = (−1)^m √2 Im Y_m for m > 0, with Y_−m = (−1)^m Y_m*.
    """
    U = np.zeros((2 * degree + 1,) * 2, dtype=np.complex128)
    U[degree, degree] = 1.0
    for m in range(1, degree + 1):
        sign, plus, minus = (-1.0) ** m, degree + m, degree - m
        U[plus, plus], U[plus, minus] = sign / math.sqrt(2.0), 1.0 / math.sqrt(2.0)
        U[minus, plus], U[minus, minus] = -1.0j * sign / math.sqrt(2.0), 1.0j / math.sqrt(2.0)
    return U


@cache
def spherical_algebra(degree: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """L_x, L_y, L_z on the real spherical harmonics of one degree, m = −l, …, l.

    Functions move by f ↦ f ∘ R⁻¹; the vector of harmonics at a point moves by the conjugate of that:
    S(Rr) = D(R) S(r), with L_a = U (−iJ_a)* U⁻¹.
    """
    U = _real_basis(degree)
    found = []
    for J in angular_momentum(2 * degree):
        L = (U @ (-1.0j * J).conj() @ U.conj().T).real
        L[np.abs(L) < _NEGLIGIBLE] = 0.0
        found.append((L - L.T) / 2.0)
    Lx, Ly, Lz = found
    Lz = np.rint(Lz)
    for L in (Lx, Ly, Lz):
        L.setflags(write=False)
    return Lx, Ly, Lz


@cache
def _spherical_spectrum(degree: int) -> tuple[FloatArray, ComplexArray]:
    """Eigenvalues (the integers −l … l) and eigenvectors of the Hermitian matrix i L_y."""
    values, vectors = np.linalg.eigh(1.0j * spherical_algebra(degree)[1])
    return np.rint(values), vectors


def spherical_matrix(degree: int, angles: EulerAngles) -> FloatArray:
    """The rotation on the real spherical harmonics of one degree, shape (2l + 1, 2l + 1)."""
    alpha, beta, gamma = angles
    if beta == 0.0:
        return _about_z(degree, alpha + gamma)
    values, vectors = _spherical_spectrum(degree)
    middle = ((vectors * np.exp(-1.0j * beta * values)) @ vectors.conj().T).real
    return np.asarray(_about_z(degree, alpha) @ middle @ _about_z(degree, gamma))


def _about_z(degree: int, angle: float) -> FloatArray:
    """exp(angle L_z): L_z is antidiagonal, and L_z² = −diag(m²)."""
    m = np.arange(-degree, degree + 1)
    Z = np.diag(np.cos(m * angle))
    antidiagonal = np.fliplr(spherical_algebra(degree)[2]).diagonal()
    rows = np.flatnonzero(m)
    Z[rows, rows[::-1]] = np.sin(antidiagonal[rows] * angle)
    return Z


def vector_algebra() -> tuple[FloatArray, FloatArray, FloatArray]:
    """L_x, L_y, L_z on coordinates x, y, z: (L_a)_bc = −ε_abc."""
    Lx, Ly, Lz = np.zeros((3, 3, 3))
    Lx[2, 1] = Ly[0, 2] = Lz[1, 0] = 1.0
    return Lx - Lx.T, Ly - Ly.T, Lz - Lz.T


def rotation_matrix(angles: EulerAngles) -> FloatArray:
    """The rotation on coordinates x, y, z."""
    alpha, beta, gamma = angles
    c, s = math.cos(beta), math.sin(beta)
    middle = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return np.asarray(_turn_about_z(alpha) @ middle @ _turn_about_z(gamma))


def _turn_about_z(angle: float) -> FloatArray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def spin_algebra(twice_spin: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """−iJ_x, −iJ_y, −iJ_z of spin j on the real coordinates of C^(2j+1), m = j, …, −j."""
    Lx, Ly, Lz = (realified(-1.0j * J[::-1, ::-1]) for J in angular_momentum(twice_spin))
    return Lx, Ly, Lz


@cache
def _spin_spectrum(twice_spin: int) -> tuple[FloatArray, ComplexArray]:
    """Eigenvalues −j … j and eigenvectors of J_y."""
    values, vectors = np.linalg.eigh(angular_momentum(twice_spin)[1][::-1, ::-1])
    return np.rint(2.0 * values) / 2.0, vectors


def spin_matrix(twice_spin: int, angles: EulerAngles) -> FloatArray:
    """exp(−iαJ_z) exp(−iβJ_y) exp(−iγJ_z) on the real coordinates of C^(2j+1)."""
    alpha, beta, gamma = angles
    m = twice_spin / 2.0 - np.arange(twice_spin + 1)
    values, vectors = _spin_spectrum(twice_spin)
    middle = ((vectors * np.exp(-1.0j * beta * values)) @ vectors.conj().T).real
    return realified(np.exp(-1.0j * alpha * m)[:, None] * middle * np.exp(-1.0j * gamma * m))


def realified(A: ComplexArray) -> FloatArray:
    """A complex matrix on R^(2n): real and imaginary parts alternate, as in ``z.view(float)``."""
    return np.asarray(np.kron(A.real, np.eye(2)) + np.kron(A.imag, [[0.0, -1.0], [1.0, 0.0]]))


def block_diagonal(blocks: Sequence[tuple[FloatArray, int]]) -> MatrixLike:
    """Block-diagonal matrix of blocks with their multiplicities, dense where it has few zeros."""
    parts: list[Any] = [
        sp.csr_array(block) if count == 1 else sp.kron(sp.eye_array(count), block, format="csr")
        for block, count in blocks
    ]
    return stored(parts[0] if len(parts) == 1 else sp.block_diag(parts, format="csr"))
