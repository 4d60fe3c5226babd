"""Saved models: moments, solutions, representations and estimators in safetensors files, without pickle.

A file holds arrays and a JSON header with a version. Loading believes nothing in it: every shape, type and
number is checked, nothing is run, and no memory is used beyond a small multiple of the file's size.
"""

from haarwire.saving.files import load, save

__all__ = ["load", "save"]
