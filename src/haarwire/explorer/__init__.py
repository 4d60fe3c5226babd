"""The explorer: the views of a report, live in the browser and computed anew at every change."""

from haarwire.explorer.explorer import NOISE_LEVELS, Explorer
from haarwire.explorer.serving import serve

__all__ = ["NOISE_LEVELS", "Explorer", "serve"]
