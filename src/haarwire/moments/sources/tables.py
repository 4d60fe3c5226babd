"""Tables in Parquet, CSV, Arrow and Feather files, read through pyarrow.dataset."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import DataError, HaarwireError, MissingDependencyError
from haarwire.moments.sources.arrow_files import ArrowFile
from haarwire.moments.sources.columns import Choice, Wanted, is_number, shortened, split_columns
from haarwire.moments.sources.filesystems import Location, ending, missing_extra
from haarwire.moments.sources.source import (
    Part,
    Parts,
    Piece,
    Source,
    reading,
    rows_of_piece,
    unreadable,
)

__all__ = ["FORMATS", "Filters", "dataset_source", "filters_identity", "table_parts"]

FORMATS: Final = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "tsv",
    ".arrow": "ipc", ".ipc": "ipc", ".feather": "ipc",
}  # fmt: skip

Filters: TypeAlias = Any
"""A pyarrow expression, or a list of (column, operator, value) that all must hold."""

_MOST_FOOTERS: Final = 64
"""Files whose footers are read before the pass: their row groups are parts, and the rows are known."""


def table_parts(location: Location, paths: Sequence[str], wanted: Wanted, filters: Filters) -> Parts:
    """The parts of a table in many files, in their order: row groups, or whole files."""
    _load()
    expression = _expression(filters)
    first = _Table(location, paths[0], FORMATS[ending(paths[0])], None, expression)
    fragment = _fragment(first)
    names = list(fragment.physical_schema.names)
    _check_header(first, names)
    choice = _numeric_inputs(split_columns(paths[0], names, wanted), fragment.physical_schema)
    tables = [replace(first, path=path, choice=choice, expected=fragment.physical_schema) for path in paths]
    if first.format != "parquet" or len(paths) > _MOST_FOOTERS or expression is not None:
        return list(tables), None
    parts: list[Part] = []
    rows = 0
    for table in tables:
        parent, offset = _fragment(table), 0
        for group in parent.row_groups:
            parts.append(replace(table, group=group.id, offset=offset))
            offset += group.num_rows
        rows += offset
    return parts, rows


def dataset_source(data: Any, wanted: Wanted, filters: Filters) -> Source:
    """A pyarrow Table or Dataset that is open already."""
    _load()
    names = list(data.schema.names)
    choice = _numeric_inputs(split_columns("the table", names, wanted), data.schema)
    rows = data.num_rows if hasattr(data, "num_rows") and filters is None else None
    parts = [_OpenTable(data, choice, _expression(filters))]
    # A reader of record batches is used up by a pass.
    again = not hasattr(data, "read_next_batch")
    return Source("the table", parts, rows, again, f"{wanted.identity} {filters_identity(filters)}")


@final
@dataclass(frozen=True, eq=False)
class _Table(Part):
    """One file, or one row group of it."""

    location: Location
    path: str
    format: str
    choice: Choice | None
    expression: Any
    expected: Any = None
    group: int | None = None
    offset: int = 0

    def pieces(self) -> Iterator[Piece]:
        fragment = _fragment(self)
        assert self.choice is not None
        _check_schema(self.path, fragment.physical_schema, self.expected, self.choice)
        if self.group is not None:
            fragment = fragment.subset(row_group_ids=[self.group])
        if self.format == "ipc":
            fragment = ArrowFile(self.location, self.path, fragment.physical_schema)
        yield from _scanned(fragment, self.path, self.choice, self.expression, self.offset)


@final
@dataclass(frozen=True, eq=False)
class _OpenTable(Part):
    data: Any
    choice: Choice
    expression: Any

    def pieces(self) -> Iterator[Piece]:
        data = self.data
        if not hasattr(data, "get_fragments"):
            import pyarrow.dataset as ds

            data = ds.dataset(data)
        yield from _scanned(data, "the table", self.choice, self.expression, 0)


def _scanned(data: Any, file: str, choice: Choice, expression: Any, offset: int) -> Iterator[Piece]:
    """Batches of the chosen columns as arrays, read with little ahead."""
    names = list(dict.fromkeys(choice.names))
    step, row = rows_of_piece(_width(data, names)), offset
    try:
        batches = data.to_batches(
            columns=names, filter=expression, batch_size=step, batch_readahead=1, use_threads=True
        )
        for batch in batches:
            if batch.num_rows == 0:
                continue
            X, Y = (_matrix(batch, some, file, row) for some in (choice.x, choice.y))
            X = X[:, None] if X.ndim == 1 else X
            weights = None if choice.weight is None else _matrix(batch, (choice.weight,), file, row)
            yield Piece(X, Y, weights, file, row)
            row += batch.num_rows
    except (HaarwireError, ImportError):
        raise
    except Exception as error:
        # Whatever a damaged file trips up in Arrow; `reading` could not tell how far it came.
        raise unreadable(file, error, row) from error


def _width(data: Any, names: Sequence[str]) -> int:
    import pyarrow as pa

    schema = getattr(data, "physical_schema", None) or data.schema
    kinds = [schema.field(name).type for name in names]
    return sum(kind.list_size if pa.types.is_fixed_size_list(kind) else 1 for kind in kinds)


def _matrix(batch: Any, names: Sequence[str], file: str, row: int) -> NDArray[Any]:
    """Columns side by side; one column stays one-dimensional, and may be text (labels)."""
    columns = [_column(batch.column(name), name, file, row) for name in names]
    if len(columns) == 1:
        return columns[0]
    text = next((i for i, A in enumerate(columns) if A.dtype.kind not in "biuf"), None)
    if text is not None:
        raise _not_numeric(file, names[text], columns[text].dtype)
    widths = [1 if A.ndim == 1 else A.shape[1] for A in columns]
    whole = np.empty((batch.num_rows, sum(widths)), np.result_type(*columns))
    start = 0
    for A, width in zip(columns, widths, strict=True):
        whole[:, start : start + width] = A[:, None] if A.ndim == 1 else A
        start += width
    return whole


def _column(column: Any, name: str, file: str, row: int) -> NDArray[Any]:
    import pyarrow as pa

    if column.null_count:
        at = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise DataError(
            f"Column {name!r} of {file} is missing at row {row + at}.",
            cause="an empty cell, or a null.",
            remedy=f"leave such rows out: filters=pyarrow.dataset.field({name!r}).is_valid().",
        )
    if pa.types.is_fixed_size_list(column.type):
        flat = column.flatten()
        return _column(flat, name, file, row).reshape(len(column), column.type.list_size)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_binary(column.type):
        # Text of a table that is not in UTF-8: an error that says so.
        column = column.cast(pa.string())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _fragment(table: _Table) -> Any:
    import pyarrow.dataset as ds

    options: dict[str, Any] = {}
    if table.location.filesystem is not None:
        options["filesystem"] = table.location.filesystem
    with reading(table.path):
        data = ds.dataset(table.path, format=_format(table), **options)
        fragment = next(iter(data.get_fragments()))
        # Names are decoded here, where they are asked for first.
        _ = fragment.physical_schema.names
    return fragment


def _format(table: _Table) -> Any:
    """The format; checksums of Parquet's pages are compared where there are any.

    Numbers of a CSV file are read as float64, whatever its first lines look like.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyarrow import csv

    if table.format == "parquet":
        # Reading whole row groups ahead pays on a network; here it is one more copy.
        is_remote = table.location.filesystem is not None
        options = ds.ParquetFragmentScanOptions(page_checksum_verification=True, pre_buffer=is_remote)
        return ds.ParquetFileFormat(default_fragment_scan_options=options)
    if table.format == "ipc":
        return table.format
    kinds: dict[str, Any] = {}
    if table.choice is not None:
        known, choice = table.expected, table.choice
        kinds = {name: known.field(name).type for name in choice.y}
        kinds |= dict.fromkeys([*choice.x, choice.weight or choice.x[0]], pa.float64())
    return ds.CsvFileFormat(
        parse_options=csv.ParseOptions(delimiter="\t" if table.format == "tsv" else ","),
        convert_options=csv.ConvertOptions(column_types=kinds, strings_can_be_null=True),
    )


def _numeric_inputs(choice: Choice, schema: Any) -> Choice:
    """The choice, once its inputs are found to be numbers."""
    names = schema.names
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DataError(
            f"There are two columns called {twice!r}.",
            cause="a table joined from two, or one without a header.",
            remedy="give every column a name of its own.",
        )
    for name in choice.x:
        if not _is_numeric(schema.field(name).type):
            raise _not_numeric("the table", name, schema.field(name).type)
    return choice


def _is_numeric(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_fixed_size_list(kind) else kind
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _not_numeric(file: str, name: str, kind: object) -> DataError:
    return DataError(
        f"Column {name!r} of {file} is not numeric: its type is {kind}.",
        cause="a column of text, dates or decimals among the numbers.",
        remedy="name the numeric columns: x=['a', 'b'] (--x a,b on the command line); a column of labels is "
        "y='name', one_hot=True (--y name).",
    )


def _check_header(table: _Table, names: Sequence[str]) -> None:
    if table.format in ("csv", "tsv") and names and all(is_number(name) for name in names):
        counted = [str(i) for i in range(len(names))]
        if list(names) != counted:
            raise DataError(
                f"{table.path} has no header: its first line is {shortened(names)}.",
                cause="a table of numbers only.",
                remedy="put a line with the names of the columns on top.",
            )


def _check_schema(path: str, schema: Any, expected: Any, choice: Choice) -> None:
    held = schema.names
    known = set(held)
    for name in choice.names:
        if name not in known:
            raise DataError(
                f"{path} has no column {name!r}, as the first file has.",
                cause="a schema that changes from one file to the next.",
                remedy=f"give files with the same columns; this one has {shortened(held)}.",
            )
        was, now = expected.field(name).type, schema.field(name).type
        if was != now and not (_is_numeric(was) and _is_numeric(now)):
            raise DataError(
                f"Column {name!r} of {path} has type {now}; in the first file it is {was}.",
                cause="a schema that changes from one file to the next.",
                remedy="write the files anew with the same types.",
            )


def filters_identity(filters: Filters) -> str:
    """Changes with the filters, and is the same in every process."""
    if isinstance(filters, set | frozenset):
        return str(sorted(map(repr, filters)))
    if isinstance(filters, list | tuple):
        return str([filters_identity(part) for part in filters])
    # Arrays and expressions leave out what is long when they are printed; nothing is ever read from this.
    if hasattr(filters, "tolist"):
        return filters_identity(filters.tolist())
    if not type(filters).__module__.startswith("pyarrow"):
        return repr(filters)
    try:
        return repr(pickle.dumps(filters))
    except NotImplementedError:  # columns by position
        return str(filters)


def _expression(filters: Filters) -> Any:
    if not isinstance(filters, list | tuple):
        return filters
    import pyarrow.parquet as pq

    try:
        return pq.filters_to_expression(list(filters))
    except (ValueError, TypeError) as error:
        raise DataError(
            f"filters={filters!r} cannot be understood: {error}",
            cause="another notation than (column, operator, value).",
            remedy='use for example filters=[("year", ">=", 2020), ("split", "==", "train")].',
        ) from error


def _load() -> None:
    try:
        import pyarrow.dataset  # noqa: F401
    except ImportError as error:
        missing: MissingDependencyError = missing_extra("Parquet, CSV, Arrow or Feather files", "pyarrow")
        raise missing from error
