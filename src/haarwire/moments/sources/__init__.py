"""Where samples come from: files, stores, data loaders and streams, read in pieces of bounded size."""

from haarwire.moments.sources.opening import open_source
from haarwire.moments.sources.progress import ProgressBar
from haarwire.moments.sources.source import Part, Piece, Source

__all__ = ["Part", "Piece", "ProgressBar", "Source", "open_source"]
