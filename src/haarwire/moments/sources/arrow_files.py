"""Arrow's own files (Feather), whose bytes become memory as they are: every batch is validated first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from haarwire.moments.sources.filesystems import Location

__all__ = ["ArrowFile"]


@final
class ArrowFile:
    """A file in Arrow's format, in the part of pyarrow's fragments.

    Record batches are read one after the other in the thread that wants them: with columns chosen, the
    scanner of pyarrow 26 may take the whole process down at a damaged file.
    """

    def __init__(self, location: Location, path: str, schema: Any) -> None:
        self._location, self._path = location, path
        self.schema = schema

    def to_batches(self, *, columns: list[str], filter: Any, batch_size: int, **_: Any) -> Iterator[Any]:  # noqa: A002
        """The rows that pass the filter, `batch_size` at a time."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        at = {name: position for position, name in enumerate(self.schema.names)}
        fields = None if filter is not None else [at[name] for name in columns]
        local = self._location.filesystem is None
        with pa.memory_map(self._path) if local else self._location.open(self._path) as raw:
            reader = pa.ipc.open_file(raw, options=pa.ipc.IpcReadOptions(included_fields=fields or []))
            batches = _validated(reader)
            if filter is not None:
                choice = {"columns": columns, "filter": filter}
                batches = ds.Scanner.from_batches(batches, schema=reader.schema, **choice).to_batches()
            for batch in batches:
                for start in range(0, batch.num_rows, batch_size):
                    yield batch.slice(start, batch_size)


def _validated(reader: Any) -> Iterator[Any]:
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        batch.validate(full=True)
        yield batch
