"""The experiments of the paper, redone."""
