"""Are the tests of symmetry and the recommendations calibrated? By simulation, with pictures.

Run ``python -m experiments.calibration``; every repetition has a seed of its own, one core is used.
"""
