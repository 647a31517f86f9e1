"""What least squares keeps of its rows: a triangle or a Gram matrix, of fixed size however many rows there were.

    min |X w - Y|^2 + sum_i penalty_i |w_i|^2        X (rows, n) with the constant feature last, Y (rows, m)

`Triangle` holds R and z of Q' [X Y] = [[R, z], [0, E]], found by Householder reflections block by block (TSQR): the
condition number of X is not squared. `Gram` holds X'X and X'Y, half the work, for where squaring does no harm.
`Whitened` is a triangle of the first rows and, in its coordinates, the Gram matrix of all others: rows that are like
those before them are nearly orthonormal there, so squaring does no harm, and it takes a third less than reflections.

Sources: Golub and Van Loan, Matrix Computations, ch. 5 and 6; Demmel, Grigori, Hoemmen, Langou 2012, Communication-
optimal parallel and sequential QR and LU factorizations (TSQR); Fukaya et al. 2020, Shifted Cholesky QR for computing
the QR factorization of ill-conditioned matrices (whitening first).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import blas, lapack

from ..types import Array
from .common import BIAS_SHARE, penalties

EPS = float(np.finfo(np.float64).eps)
PANEL = 32  # columns reflected at once inside tpqrt; 16 to 64 differ by a tenth


class Gram(NamedTuple):
    g: Array  # (n, n) X'X, the upper triangle
    c: Array  # (n, m) X'Y
    square: Array  # (m,) |Y|^2
    rows: int


class Triangle(NamedTuple):
    r: Array  # (n, n) upper triangular, R'R = X'X
    z: Array  # (n, m) R'z = X'Y
    rest: Array  # (m,) |E|^2: what no weights can explain
    rows: int
    squared: int = 0  # how many of the rows came by way of a Gram matrix


class Whitened(NamedTuple):
    base: Triangle  # of the first rows
    m: Array  # (n, n) upper triangular, M'M = R'R + diag(penalty)
    zeta: Array  # (n, m) M'zeta = R'z
    gram: Gram  # of the other rows' Q = X M^-1
    penalty: float  # in M; on the bias, BIAS_SHARE of it

    @property
    def rows(self) -> int:
        return self.base.rows + self.gram.rows


Factor = Gram | Triangle | Whitened


def outputs(factor: Factor) -> int:
    if isinstance(factor, Whitened):
        return len(factor.base.rest)
    return len(factor.square if isinstance(factor, Gram) else factor.rest)


def no_gram(n: int, m: int) -> Gram:
    """The Gram matrix of no rows."""
    return Gram(np.zeros((n, n), order="F"), np.zeros((n, m)), np.zeros(m), 0)


def no_triangle(n: int, m: int) -> Triangle:
    """The triangle of no rows."""
    return Triangle(np.zeros((n, n), order="F"), np.zeros((n, m), order="F"), np.zeros(m), 0)


def add(factor: Factor, x: Array, y: Array) -> Factor:
    """The factor with the rows x (rows, n), y (rows, m) too. The factor is consumed, the rows are not."""
    if len(x) == 0:
        return factor
    rows = factor.rows + len(x)
    if isinstance(factor, Gram):
        g = blas.dsyrk(1.0, x.T, beta=1.0, c=factor.g, overwrite_c=1)
        return Gram(g, factor.c + x.T @ y, factor.square + np.einsum("rm,rm->m", y, y), rows)
    if isinstance(factor, Whitened):
        return _add_whitened(factor, x, y)
    return _reflect(factor, np.array(x, order="F"), np.array(y, order="F"), 0)._replace(rows=rows)


def whiten(base: Triangle, penalty: float) -> Triangle | Whitened:
    """The rows so far as a measure for those to come; as it was if there are too few, or M would be near singular."""
    n = len(base.r)
    if 4 * base.rows < 5 * n or penalty <= 0:
        return base
    m, zeta = _with_penalty(base, penalties(n - 1, penalty))
    if lapack.dtrcon(m)[0] < n * EPS:
        return base
    return Whitened(base, m, zeta, no_gram(n, outputs(base)), penalty)


def _add_whitened(factor: Whitened, x: Array, y: Array) -> Factor:
    """Into the Gram matrix if the rows are like the first ones, else into the base, which is then taken anew.

    Q's rounding amounts to one of X of size EPS |Q||M|, column by column, so |Q|^2 is held to 100 times what rows like
    the first would have: then it is that of a Householder factorisation, but for a factor of 10.
    """
    q = blas.dtrsm(1.0, factor.m, x.T, lower=0, trans_a=1).T  # rows of X M^-1; x.T and q.T are column-major
    if np.vdot(q, q) <= 100 * x.shape[1] * max(1.0, len(x) / factor.base.rows):
        return factor._replace(gram=add(factor.gram, q, y))  # type: ignore[arg-type]
    return whiten(add(triangle(factor), x, y), factor.penalty)  # type: ignore[arg-type]


def join(a: Factor, b: Factor) -> Factor:
    """The factor of a's rows and b's. a is consumed, b is not."""
    if isinstance(a, Gram) and isinstance(b, Gram):
        return Gram(a.g + b.g, a.c + b.c, a.square + b.square, a.rows + b.rows)
    a, b = triangle(a), triangle(b)
    both = _reflect(a, np.array(b.r, order="F"), np.array(b.z, order="F"), len(b.r))
    return Triangle(both.r, both.z, both.rest + b.rest, a.rows + b.rows, a.squared + b.squared)


def columns(factor: Factor, which: Array) -> Factor:
    """A copy of the factor with only some of the outputs."""
    if isinstance(factor, Gram):
        return Gram(factor.g.copy(order="F"), factor.c[:, which], factor.square[which], factor.rows)
    if isinstance(factor, Whitened):
        base, gram, zeta = columns(factor.base, which), columns(factor.gram, which), factor.zeta[:, which]
        return factor._replace(base=base, gram=gram, zeta=zeta)  # type: ignore[arg-type]
    z = np.asfortranarray(factor.z[:, which])
    return Triangle(factor.r.copy(order="F"), z, factor.rest[which], factor.rows, factor.squared)


def remap(factor: Factor, kept: Array) -> Factor:
    """The factor with other features: feature i was feature kept[i], or is new and was zero (-1)."""
    old = np.flatnonzero(kept >= 0)
    if isinstance(factor, Gram):
        g, c = np.zeros((len(kept), len(kept)), order="F"), np.zeros((len(kept), outputs(factor)))
        whole = np.triu(factor.g) + np.triu(factor.g, 1).T
        g[np.ix_(old, old)], c[old] = whole[np.ix_(kept[old], kept[old])], factor.c[kept[old]]
        return factor._replace(g=g, c=c)
    held = triangle(factor)
    x = np.zeros((len(held.r), len(kept)), order="F")
    x[:, old] = held.r[:, kept[old]]
    new = _reflect(no_triangle(len(kept), outputs(factor)), x, np.array(held.z, order="F"), 0)
    return held._replace(r=new.r, z=new.z, rest=held.rest + new.rest)


def triangle(factor: Factor) -> Triangle:
    """The triangle of any factor; of a Gram matrix, by Cholesky. A triangle is given back as it is.

    So that it exists where rounding has made X'X indefinite, R'R is X'X with its diagonal raised by a few n EPS, as
    much as X'X itself is in doubt; R'z = X'Y holds to rounding all the same.
    """
    if isinstance(factor, Triangle):
        return factor
    if isinstance(factor, Whitened):
        new = triangle(factor.gram)
        new = new._replace(r=blas.dtrmm(1.0, factor.m, new.r, side=1), squared=0)
        return join(columns(factor.base, np.arange(outputs(factor))), new)  # type: ignore[return-value]
    g, c, square, rows = factor
    if rows == 0:
        return no_triangle(*c.shape)
    scale = np.sqrt(np.diag(g))
    none = scale == 0
    scale[none] = 1.0
    scaled, lift = np.asfortranarray(g / scale / scale[:, None]), len(g) * EPS
    r, info = lapack.dpotrf(scaled + lift * np.eye(len(g)), overwrite_a=1)
    while info:
        lift *= 4
        r, info = lapack.dpotrf(scaled + lift * np.eye(len(g)), overwrite_a=1)
    z = solve_upper(r, c / scale[:, None], transposed=True)
    r *= scale
    r[:, none] = 0.0
    return Triangle(r, np.asfortranarray(z), np.maximum(square - np.einsum("nm,nm->m", z, z), 0), rows, rows)


def solve(factor: Factor, penalty: Array) -> Array:
    """The weights (n, m) for a penalty (n,) per feature; those of least norm where the rows leave a choice."""
    if isinstance(factor, Gram):
        g = factor.g.copy(order="F")
        g[np.diag_indices_from(g)] += penalty
        u, info = lapack.dpotrf(g, overwrite_a=1)
        if info == 0:
            return solve_upper(u, solve_upper(u, factor.c, transposed=True))
    if isinstance(factor, Whitened) and np.array_equal(penalty, penalties(len(penalty) - 1, factor.penalty)):
        w = solve(factor.gram._replace(c=factor.gram.c + factor.zeta), np.ones(len(penalty)))
        return solve_upper(factor.m, w)
    held = triangle(factor)
    r, z = _with_penalty(held, penalty) if np.any(penalty) else (held.r, held.z)
    rcond, _ = lapack.dtrcon(r)
    if rcond > EPS:
        return solve_upper(r, z)
    u, s, v = svd(r)
    kept = s > EPS * len(s) * s[0]
    return np.asarray(v[kept].T @ ((u.T @ z)[kept] / s[kept, None]))


def solve_path(held: Triangle, candidates: Array) -> Array:
    """The weights (n, penalties, m) for many penalties > 0 (the bias' share of each is BIAS_SHARE), by one SVD.

    With R = U diag(s) V' in coordinates in which all features have the same penalty: w = V diag(s/(s^2 + penalty)) U'z.
    """
    scale = bias_scale(len(held.r))
    u, s, v = svd(held.r * scale)
    filtered = s[:, None] / (s[:, None] ** 2 + candidates)
    w = v.T @ (filtered[:, :, None] * (u.T @ held.z)[:, None, :]).reshape(len(s), -1)
    return np.asarray(scale[:, None] * w).reshape(len(s), len(candidates), -1)


def spectrum(factor: Factor) -> Array:
    """Singular values of X in coordinates in which all features have the same penalty, largest first."""
    from scipy.linalg import svdvals

    held = triangle(factor)
    return np.asarray(svdvals(held.r * bias_scale(len(held.r)), check_finite=False))


def bias_scale(n: int) -> Array:
    """Each feature's unit in which the penalty on it is the same: (n,)."""
    scale = np.ones(n)
    scale[-1] = BIAS_SHARE**-0.5
    return scale


def svd(a: Array) -> tuple[Array, Array, Array]:
    """U, s, V' by divide and conquer, or by QR iterations should that not converge."""
    from scipy.linalg import LinAlgError
    from scipy.linalg import svd as decompose

    try:
        return decompose(a, check_finite=False)  # type: ignore[no-any-return]
    except LinAlgError:
        return decompose(a, check_finite=False, lapack_driver="gesvd")  # type: ignore[no-any-return]


def solve_upper(u: Array, b: Array, transposed: bool = False) -> Array:
    """u^-1 b or u'^-1 b for an upper triangle u without zeros on its diagonal."""
    x, _ = lapack.dtrtrs(u, b, trans=int(transposed))
    return np.asarray(x)


def _with_penalty(held: Triangle, penalty: Array) -> tuple[Array, Array]:
    """R and z of the rows and of one more for each feature, sqrt(penalty_i) e_i with target 0. Nothing is consumed."""
    both = held._replace(r=held.r.copy(order="F"), z=held.z.copy(order="F"))
    both = _reflect(both, np.asfortranarray(np.diag(np.sqrt(penalty))), np.zeros_like(held.z, order="F"), len(penalty))
    return both.r, both.z


def _reflect(held: Triangle, x: Array, y: Array, trapezoid: int) -> Triangle:
    """R and z with the rows x, y rotated in; all are consumed. trapezoid: how many last rows of x are triangular."""
    n = len(held.r)
    r, v, t, info = lapack.dtpqrt(trapezoid, min(PANEL, n), held.r, x, overwrite_a=1, overwrite_b=1)
    options: Any = {"side": "L", "trans": "T", "overwrite_a": 1, "overwrite_b": 1}
    z, e, also = lapack.dtpmqrt(trapezoid, v, t, held.z, y, **options)
    if info or also:
        raise RuntimeError(f"LAPACK tpqrt refused argument {-info or -also}")
    return Triangle(r, z, held.rest + np.einsum("rm,rm->m", e, e), held.rows, held.squared)
