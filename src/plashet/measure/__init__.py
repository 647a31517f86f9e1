"""Measures: of a forecast (errors, valid time, intervals) and of a liquid (memory, fading, chaos, rank)."""

from .chaos import Fading, forgets, lyapunov
from .errors import mae, nmse, nrmse, rmse, valid_time
from .intervals import QuantileTracker, TrackedWidths, coverage, winkler, worst_window
from .liquid import LiquidReport, report
from .memory import Memory, memory_capacity
from .rank import effective_rank, kernel_rank, numerical_rank

__all__ = [
    "Fading",
    "LiquidReport",
    "Memory",
    "QuantileTracker",
    "TrackedWidths",
    "coverage",
    "effective_rank",
    "forgets",
    "kernel_rank",
    "lyapunov",
    "mae",
    "memory_capacity",
    "nmse",
    "nrmse",
    "numerical_rank",
    "report",
    "rmse",
    "valid_time",
    "winkler",
    "worst_window",
]
