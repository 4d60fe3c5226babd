"""Haarwire: augment, regularize or hard-wire? Exact invariant linear models for data with a symmetry."""

__version__ = "0.1.0"
