"""An independent witness for the critical points of the rank-bounded problems (theory, section 4).

Haarwire says that least squares over maps of rank ≤ r has C(q, r) critical points on the smooth part of
the variety, and gives each in closed form. Here computer-algebra systems that know none of this count
and find them all, over the complex numbers, from integer samples::

    python -m experiments.witness            # run the systems, compare, print a table
    python -m experiments.witness --write    # and renew tests/data/witness/*.json

msolve finds the solutions (real ones in certified intervals) and counts them; Singular, where it is
installed, counts again over the rationals, by a Gröbner basis without modular shortcuts.

What the systems are given is the mean squared error itself, with the intercept b unknown:

    J(W, b) = (1/N) Σ ‖y_i − W x_i − b‖²,  plus α Σ_g ‖W ρ(g) − W‖² for the regularized problem,

over the samples as they are (plain, regularized), over every sample moved by every element of the group
(augmented), or with W = V Eᵀ for a rational, not orthonormal basis E of the invariant functionals
(hard-wired). Neither moments nor R, P̄ or Q are formed. The critical equations come in two ways:

chart
    The maps of rank exactly r whose first r rows and whose first r columns are independent are
    W = [I; A] V, with A ((m−r)×r) free and V (r×k) such that det V[:, :r] ≠ 0. This is an isomorphism
    from an open set of affine space onto an open set of the smooth part {rank = r}. So the critical points
    there are the solutions of ∂J/∂A = ∂J/∂V = ∂J/∂b = 0 with t·det V[:, :r] = 1: no lower rank gets in
    and nothing is counted twice; and the Hessian of J in (A, V, b), differentiated exactly, has the index
    of each. What a chart might miss (a point with a vanishing minor), the other way finds; where the data
    are too special for this chart, W = L [I; A] V M with fixed unipotent L and M.
variety
    All entries of W unknown, no chart: the minors of size r+1 vanish and the gradient G = ∂J/∂W is
    orthogonal to the tangent space {XW + WY} at W, that is G Wᵀ = 0 and Wᵀ G = 0; and ∂J/∂b = 0. At a W of
    rank s < r these equations say that W is critical on {rank = s}, so there should be Σ_{s≤r} C(q, s)
    solutions. (They are the points that are critical for two layers of hidden width r, lower rank filled
    up with zeros.)

Where rank Z = q < min(m, n) (augmented data) complex solutions can come in families: W + u vᵀ with isotropic
u and v, uᵀu = 0 = vᵀ C v, where both lie beyond the range of Z. None is real, but the count is infinite. For
those problems the chart is searched again with t·det V[:, :r]·det(V C Vᵀ) = 1 (**chart, rows not
isotropic**): C being positive definite, det(V C Vᵀ) vanishes at no real V of rank r, so no real point is
lost.
"""
