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
QUICK = 1 << 17  # gates that take about as long as having another thread do them
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


def threads_for(rows: int, work: int) -> int:
    """How many threads a kernel may take for `rows` rows, of which each costs `work` gates: 1 for little work.

    Kernels that take this number do fixed shares of the rows (src/cpp/pool.hpp): what they give does not depend on it.
    """
    return 1 if rows * work < QUICK else cores()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
