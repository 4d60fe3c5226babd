"""Every statement of the paper, and of `theory`, as a check on random instances.

::

    python -m experiments.theorems                                  # a table; status 1 if a statement fails
    python -m experiments.theorems --quick                          # a few instances each, in seconds
    python -m experiments.theorems --markdown docs/theorems.md      # renew the page

The statements are those of Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks
(arXiv 2506.13714), with Haarwire's extensions. `instances` draws what they are tried on, `optima`, `points`
and `paths` hold one function a statement, `dropped` the counterexamples where an assumption is dropped;
`brute` is the other route that results are compared with, which shares no code with the package.
"""
