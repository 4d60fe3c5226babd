"""The explorer: the views of a report, live in the browser and computed anew at every change."""

from haarwire.explorer.explorer import Explorer
from haarwire.explorer.fits import NOISE_LEVELS
from haarwire.explorer.serving import serve

__all__ = ["NOISE_LEVELS", "Explorer", "serve"]
