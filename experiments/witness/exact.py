"""Matrices as lists of rows, over the rationals or over a ring of polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sympy import QQ

Number = Any  # an element of QQ
Rows = list[list[Number]]


def times(a: Any, b: Any) -> Any:
    return a * b


def identity(n: int) -> Rows:
    return [[QQ(int(i == j)) for j in range(n)] for i in range(n)]


def transpose(A: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*A, strict=True)]


def product(A: Sequence[Sequence[Any]], B: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[sum(map(times, row, column)) for column in zip(*B, strict=True)] for row in A]


def apply(A: Rows, x: list[Number]) -> list[Number]:
    return [sum(map(times, row, x), QQ.zero) for row in A]


def determinant(A: Sequence[Sequence[Any]]) -> Any:
    if len(A) == 1:
        return A[0][0]
    return sum(
        (-1) ** j * A[0][j] * determinant([[*r[:j], *r[j + 1 :]] for r in A[1:]]) for j in range(len(A))
    )


def unipotent(n: int, *, upper: bool) -> Rows:
    return [
        [QQ(1 if i == j else 2 * i + 3 * j if (i < j) == upper else 0) for j in range(n)] for i in range(n)
    ]


def scatter(samples: list[list[Number]]) -> Rows:
    means = [sum(column, QQ.zero) / QQ(len(samples)) for column in zip(*samples, strict=True)]
    centred = [[z - mean for z, mean in zip(row, means, strict=True)] for row in samples]
    return product(transpose(centred), centred)


def number(text: str) -> Number:
    """Read "1/3" exactly."""
    value = Fraction(text)
    return QQ(value.numerator, value.denominator)


def matrix(rows: Sequence[Sequence[Any]]) -> Rows:
    """Read integers and fractions exactly."""
    return [[number(str(x)) for x in row] for row in rows]
