"""Every message of the moments room, and its memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from haarwire.errors import DataError, ParameterError
from haarwire.moments import Moments

X = np.arange(12.0).reshape(6, 2)
Y = np.arange(6.0)
NAN_X = X.copy()
NAN_X[4, 1] = np.nan
RAGGED = [[1.0, 2.0], [3.0]]

WRONG_ARRAYS = {
    "one dimension": ((Y, Y), r"X has shape \(6,\): one dimension", r"X\.reshape\(-1, 1\) for one feature"),
    "images": (
        (np.zeros((6, 2, 2)), Y),
        r"X has shape \(6, 2, 2\): 3 dimensions",
        r"X\.reshape\(len\(X\), -1\)",
    ),
    "colour images": ((np.zeros((6, 2, 2, 3)), Y), "4 dimensions", r"X\.reshape\(len\(X\), -1\)"),
    "targets": ((X, np.zeros((6, 2, 2))), r"Y has shape \(6, 2, 2\): 3 dim", r"Y\.reshape\(len\(Y\), -1\)"),
    "a number": ((X, 3.0), "Y is a single number", "samples as rows"),
    "no features": ((np.zeros((6, 0)), Y), r"X has shape \(6, 0\): no features", "at least one column"),
    "no targets": ((X, np.zeros((6, 0))), r"Y has shape \(6, 0\): no targets", r"shape \(N,\)"),
    "no samples": ((np.zeros((0, 2)), np.zeros(0)), r"X has shape \(0, 2\): no samples", r"Moments\.empty"),
    "lengths": ((X, Y[:5]), "X has 6 rows and Y has 5", "the same samples in the same order"),
    "objects": ((X.astype(object), Y), "X has dtype object", r"X\.astype\(float\)"),
    "text": ((X, list("abcdef")), "Y has dtype <U1", "one-hot targets are"),
    "complex": ((X + 1j, Y), "X has dtype complex128", r"np\.hstack\(\[X\.real, X\.imag\]\)"),
    "dates": ((X, Y.astype("datetime64[s]")), r"Y has dtype datetime64\[s\]", r"Y\.astype\(float\)"),
    "ragged": ((RAGGED, Y[:2]), "X cannot be made an array", "same number of entries"),
    "sparse": (
        (sp.csr_array(X), Y),
        r"X is sparse \(csr_array\)",
        r"Moments\.from_batches\(\(X\[i:i\+1000\]",
    ),
    "sparse matrix": ((X, sp.csc_matrix(X)), r"Y is sparse \(csc_matrix\)", r"\.toarray\(\)"),
    "masked": ((np.ma.masked_greater(X, 9), Y), "X is a masked array", r"\.filled\(value\)"),
    "nan": ((NAN_X, Y), "X is nan at row 4, column 1", r"np\.isfinite\(X\)\.all\(axis=1\)"),
    "infinity": ((X, np.r_[Y[:5], -np.inf]), "Y is -inf at row 5, column 0", "SimpleImputer"),
    "overflow of a sum": ((X * 1.5e307, Y), "second moments overflow", r"rescale, for example X / "),
    "overflow of a difference": ((X - 1.7e308 * (X > 0), 1.7e308 - Y), "moments overflow", "rescale"),
    "overflow of a square": ((X * 1e160, Y), "second moments overflow", "rescale"),
    "overflow of a weight": ((X, Y, np.full(6, 1e308)), "second moments overflow", "and the weights"),
    "weights, how many": ((X, Y, np.ones(5)), r"sample_weight has shape \(5,\), but there are 6", r"\(6,\)"),
    "weights, column": ((X, Y, np.ones((6, 1))), r"sample_weight has shape \(6, 1\)", r"np\.ravel\(w\)"),
    "weight below zero": ((X, Y, [1, 2, 3, -4, 5, 6]), r"sample_weight is -4\.0 at row 3", "the weight 0"),
    "weight missing": ((X, Y, np.r_[1, np.nan, np.ones(4)]), "sample_weight is nan at row 1", "the weight 0"),
    "weight infinite": ((X, Y, np.r_[np.inf, np.ones(5)]), "sample_weight is inf at row 0", "the weight 0"),
    "weights all zero": ((X, Y, np.zeros(6)), "All 6 entries of sample_weight are zero", "positive weight"),
    "weights of objects": ((X, Y, np.ones(6, object)), "dtype object", r"sample_weight\.astype\(float\)"),
    "weights of text": ((X, Y, list("abcdef")), "sample_weight has dtype <U1", "as numbers"),
}


def check(error, what, remedy):
    assert error.match(what)
    assert error.match(rf"(?s)Likely cause: .*What to do: .*{remedy}")


@pytest.mark.parametrize(("arguments", "what", "remedy"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_wrong_arrays(arguments, what, remedy):
    with pytest.raises(DataError) as error:
        Moments.from_arrays(*arguments)
    check(error, what, remedy)


@pytest.mark.parametrize(
    ("options", "what", "remedy"),
    [
        ({"accumulate": "float16"}, "accumulate is 'float16'", 'accumulate="float64"'),
        ({"chunk_rows": 0}, "chunk_rows is 0", "chunk_rows=4096"),
        ({"chunk_rows": 1.5}, r"chunk_rows is 1\.5", "leave chunk_rows out"),
    ],
)
def test_wrong_options(options, what, remedy):
    for build in (lambda: Moments.from_arrays(X, Y, **options), lambda: Moments.from_batches([], **options)):
        with pytest.raises(ParameterError) as error:
            build()
        check(error, what, remedy)


WRONG_BATCHES = {
    "features": ([(X, Y), (X[:, :1], Y)], "Batch 1 has 1 features, batch 0 has 2", "same features"),
    "targets": ([(X, Y), (X, Y), (X, X)], "Batch 2 has 2 targets, batch 0 has 1", "same targets"),
    "rows": ([X, X], "Batch 0 is a ndarray", r"Moments\.from_arrays\(X, Y\)"),
    "one": ([(X, Y), (X,)], "Batch 1 is a tuple of 1", "give tuples"),
    "four": ([[X, Y, Y, Y]], "Batch 0 is a list of 4", "give tuples"),
    "none": (iter([]), "The batches hold no sample", "make the iterator anew"),
    "empty": ([(X[:0], Y[:0])], "The batches hold no sample", "at least one sample"),
    "weights": ([(X, Y, 0 * Y)], "The batches hold no sample with a weight", "positive weight"),
    "nan": ([(X, Y), (NAN_X, Y)], "X of batch 1 is nan at row 4, column 1", "weight 0"),
    "lengths": ([(X, Y), (X, Y[1:])], "X of batch 1 has 6 rows and Y of batch 1 has 5", "the same samples"),
    "weight": ([(X, Y, Y - 1)], r"sample_weight of batch 0 is -1\.0 at row 0", "weight 0"),
    "images": ([(np.zeros((6, 2, 2)), Y)], r"X of batch 0 has shape \(6, 2, 2\)", r"X\.reshape"),
}


@pytest.mark.parametrize(("batches", "what", "remedy"), WRONG_BATCHES.values(), ids=WRONG_BATCHES)
def test_wrong_batches(batches, what, remedy):
    with pytest.raises(DataError) as error:
        Moments.from_batches(batches)
    check(error, what, remedy)


@pytest.mark.parametrize("row", [0, 1023, 1024, 2999])
@pytest.mark.parametrize("chunk_rows", [None, 100])
def test_the_first_missing_value_is_found_wherever_it_is(row, chunk_rows):
    inputs, targets, w = np.ones((3000, 2)), np.ones((3000, 3), np.float32), np.ones(3000)
    targets[row:, 2] = np.nan
    with pytest.raises(DataError, match=f"Y is nan at row {row}, column 2"):
        Moments.from_arrays(inputs, targets, chunk_rows=chunk_rows)
    with pytest.raises(DataError, match=f"Y is nan at row {row}, column 2"):
        Moments.from_arrays(np.ones((3000, 2), np.uint8), targets, chunk_rows=chunk_rows)
    # Rows are counted as they were passed, those of weight zero included.
    w[: row // 2] = 0
    with pytest.raises(DataError, match=f"Y is nan at row {row}, column 2"):
        Moments.from_arrays(inputs, targets, w, chunk_rows=chunk_rows)


def moments(n=6, scale=1.0):
    return Moments.from_arrays(scale * np.tile(X, (n // 6, 1)), np.tile(Y, n // 6))


NOT_PARTS = {
    "count": (moments(), moments(12), "12 samples of weight 12 cannot be taken from 6 samples of weight 6"),
    "weight": (
        moments(12),
        Moments.from_arrays(X, Y, 3 + 0 * Y),
        "6 samples of weight 18 cannot be taken from 12 samples of weight 12",
    ),
    "all weight": (
        moments(12),
        Moments.from_arrays(X, Y, 2 + 0 * Y),
        "6 samples of weight 12 cannot be taken from 12 samples of weight 12",
    ),
    "weight left": (
        moments(),
        Moments.from_arrays(X, Y, 0.5 + 0 * Y),
        "Without all its 6 samples, a weight of 3 is left",
    ),
    "scatter": (
        moments(12),
        moments(6, 3.0),
        r"Column 1 of \[X, Y\] is left with a scatter of -2218, below 0",
    ),
}


@pytest.mark.parametrize(("whole", "part", "what"), NOT_PARTS.values(), ids=NOT_PARTS)
def test_not_a_part(whole, part, what):
    with pytest.raises(DataError) as error:
        whole - part
    check(error, what, r"rest = whole - part")
    assert error.match("is not a part of")


@pytest.mark.parametrize("combine", [lambda a, b: a + b, lambda a, b: a - b])
def test_other_columns_do_not_combine(combine):
    with pytest.raises(DataError) as error:
        combine(moments(), Moments.from_arrays(X, X))
    check(error, "2 features and 1 targets do not combine with moments of 2 features and 2 t", "same columns")


@pytest.mark.parametrize("combine", [lambda a: a + 1, lambda a: a - 1, lambda a: sum([a])])
def test_only_moments_combine(combine):
    with pytest.raises(TypeError, match="unsupported operand"):
        combine(moments())


def test_sums_and_moments_about_the_origin_may_overflow():
    huge = Moments.from_arrays(X * 1e153, Y)
    far = Moments.from_arrays(X + 1e200, Y)
    for build in (lambda: huge + Moments.from_arrays(X - 1e160, Y), far.about_origin):
        with pytest.raises(DataError) as error:
            build()
        check(error, "second moments overflow", "rescale")


@pytest.mark.parametrize(
    "use", [lambda e: e.gram, lambda e: e.cross, lambda e: e.total, lambda e: e.loss([[0.0, 0.0]])]
)
def test_no_samples_have_no_covariance(use):
    with pytest.raises(DataError) as error:
        use(Moments.empty(2, 1))
    check(error, "the moments of no samples", "add the moments of some samples")


@pytest.mark.parametrize(
    ("coef", "intercept", "what"),
    [
        (np.zeros((2, 1)), 0.0, r"coef of shape \(2, 1\) and intercept of shape \(\) do not fit 2 features"),
        (np.zeros((1, 2)), np.zeros(2), r"coef of shape \(1, 2\) and intercept of shape \(2,\)"),
        (np.zeros(3), 0.0, r"coef of shape \(1, 3\)"),
    ],
)
def test_models_of_other_shapes(coef, intercept, what):
    for loss in (moments().loss, moments().losses):
        with pytest.raises(DataError) as error:
            loss(coef, intercept)
        check(error, what, r"coef of shape \(1, 2\)")


@pytest.mark.parametrize(
    ("fields", "what", "remedy"),
    [
        ((2, 5, 5.0, np.zeros(2), np.eye(2)), r"2 features, a mean of shape \(2,\)", r"from_arrays\(X, Y\)"),
        ((1, 5, 5.0, np.zeros(3), np.eye(2)), r"a scatter of shape \(2, 2\)", r"from_arrays\(X, Y\)"),
        ((0, 5, 5.0, np.zeros(2), np.eye(2)), "0 features", r"from_arrays\(X, Y\)"),
        ((1, 5, 0.0, np.zeros(2), np.eye(2)), r"5 samples cannot have a total weight of 0\.0", "count=0"),
        ((1, 0, 1.0, np.zeros(2), np.eye(2)), r"0 samples cannot have a total weight of 1\.0", "count=0"),
        ((1, 5, 5.0, np.full(2, np.nan), np.eye(2)), "overflow", "rescale"),
        ((1, 5, 5.0, np.zeros(2), np.array([[1, np.nan], [np.nan, 1]])), "overflow", "rescale"),
        ((2.0, 5, 5.0, np.zeros(3), np.eye(3)), r"2\.0 features", r"from_arrays\(X, Y\)"),
        (
            (1, 5, 5.0, np.zeros(2), np.diag([1.0, -1.0])),
            "The scatter has -1 on its diagonal",
            "whole - part",
        ),
    ],
)
def test_fields_that_do_not_belong_together(fields, what, remedy):
    with pytest.raises(DataError) as error:
        Moments(*fields)
    check(error, what, remedy)


@pytest.mark.parametrize("options", [{"dtype": int}, {"dtype": np.float16}, {"eps": -1}, {"eps": "small"}])
def test_precisions_that_are_none(options):
    with pytest.raises(ParameterError) as error:
        Moments(1, 5, 5.0, np.zeros(2), np.eye(2), **options)
    check(error, "dtype is .* and eps", "float32 or float64")


def test_finite_fields_whose_sum_is_not():
    assert Moments(1, 5, 5.0, np.zeros(2), np.full((2, 2), 1e308)).count == 5


# --- memory ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path, dtype, weighted):
    rows, features, chunk_rows = 20_000, 250, 250
    inputs = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", dtype, (rows, features))
    inputs[:] = np.arange(features) % 7
    inputs[::3] += 1
    targets = np.zeros((rows, 6))
    w = np.tile([0.0, 1.0, 2.0, 3.0], rows // 4) if weighted else None
    Moments.from_arrays(inputs[:10], targets[:10])
    tracemalloc.start()
    try:
        Moments.from_arrays(inputs, targets, w, chunk_rows=chunk_rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Weights are checked as a whole, N numbers in a few copies; nothing of the size of X is made.
    allowed = 8 * (3 * 256**2 + 2 * chunk_rows * 256) + (3 * 8 * rows if weighted else 0)
    assert peak <= allowed
    assert inputs.nbytes > allowed
