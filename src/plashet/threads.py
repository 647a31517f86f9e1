"""Which work goes to how many cores: rows of a batch to all of them, the small products of a tick to one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from .types import Array

A = TypeVar("A")
B = TypeVar("B")
LEAST = 16  # rows worth a thread: kernels take rows in groups of about this size
SHARES = 8  # of the rows of a batch, at most, where sums over them are kept apart
QUICK = 1 << 17  # gates that take about as long as waking another thread
WORK = 1 << 21  # unit-ticks below which starting threads costs more than it saves


def cores_for(rows: int, work: int, least: int = 1) -> int:
    """How many cores are worth their threads for `rows` rows, at least `least` each, and `work` unit-ticks in all."""
    return min(cores(), rows // least) if work >= WORK else 1


def over_rows(kernel: Callable[..., Any], faces: tuple[Array, Array, Array, Array], ticks: int) -> None:
    """Call kernel(u, dt, x, out), which releases the GIL, on slices of the rows, one slice a core.

    u and out: (ticks, rows, ...)   x: (rows, units)   dt: (ticks or 1, rows or 1)
    The result does not depend on the number of cores.
    """
    u, dt, x, out = faces
    cores = cores_for(len(x), ticks * x.size, LEAST)
    if cores < 2:
        kernel(u, dt, x, out)
        return
    cuts = np.linspace(0, len(x), cores + 1).astype(int)
    with ThreadPoolExecutor(cores) as pool:
        parts = [slice(a, b) for a, b in pairwise(cuts)]
        list(pool.map(lambda p: kernel(u[:, p], dt if dt.shape[1] == 1 else dt[:, p], x[p], out[:, p]), parts))


def over_shares(function: Callable[[int, int], A], rows: int, work: int) -> list[A]:
    """[function(first, end)] over shares of the rows, in order, as many at a time as there are cores.

    The shares depend on the number of rows alone, so sums of what they give do not depend on the number of cores.
    work: what one row costs, in gates; little work stays on this thread, which does the first share in any case.
    """
    tiles = -(-rows // LEAST)
    shares = max(1, min(tiles, SHARES))
    cuts = [LEAST * (tiles * k // shares) for k in range(shares)] + [rows]
    parts = list(pairwise(cuts))
    if shares == 1 or cores() == 1 or rows * work < QUICK:
        return [function(*part) for part in parts]
    later = [_pool().submit(function, *part) for part in parts[1:]]
    return [function(*parts[0]), *(one.result() for one in later)]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that stay, for calls so short that starting one would cost more than it saves."""
    return ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="plashet")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _pool.cache_clear())  # a child process has none of these threads


def each(function: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """[function(item) for item in items], as many at a time as there are cores.

    For functions that release the GIL most of their time and share nothing that they write to: then the result does not
    depend on the number of cores. The exception that is raised is that of the first item, in their order, that fails.
    """
    given = list(items)
    threads = min(cores(), len(given))
    if threads < 2:
        return [function(item) for item in given]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, given))


def one_blas_thread() -> AbstractContextManager[Any]:
    """While it lasts, BLAS uses one thread: for the small products of a tick, more threads cost more than they save.

    Several times more on two cores, and without bound where other work keeps the cores busy.
    """
    return _blas().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _blas() -> Any:
    import scipy.linalg  # noqa: F401 - its BLAS is not NumPy's, and only libraries already loaded are found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
