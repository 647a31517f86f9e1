"""Measures: of a forecast (errors, valid time, intervals) and of a liquid (memory, fading, chaos, rank)."""

from .branching import MultiStep, activity_slope, branching_factor, multistep
from .chaos import Fading, forgets, lyapunov
from .errors import mae, nmse, nrmse, rmse, valid_time
from .intervals import QuantileTracker, TrackedWidths, coverage, winkler, worst_window
from .liquid import LiquidReport, report
from .memory import Memory, memory_capacity
from .rank import Quality, effective_rank, kernel_quality, kernel_rank, numerical_rank, participation_ratio
from .spikes import (
    fano,
    firing_rates,
    interval_cv,
    population_counts,
    population_rate,
    silent_share,
    synchrony,
)
from .spiking_report import SpikingReport

__all__ = [
    "Fading",
    "LiquidReport",
    "Memory",
    "MultiStep",
    "Quality",
    "QuantileTracker",
    "SpikingReport",
    "TrackedWidths",
    "activity_slope",
    "branching_factor",
    "coverage",
    "effective_rank",
    "fano",
    "firing_rates",
    "forgets",
    "interval_cv",
    "kernel_quality",
    "kernel_rank",
    "lyapunov",
    "mae",
    "memory_capacity",
    "multistep",
    "nmse",
    "nrmse",
    "numerical_rank",
    "participation_ratio",
    "population_counts",
    "population_rate",
    "report",
    "rmse",
    "silent_share",
    "synchrony",
    "valid_time",
    "winkler",
    "worst_window",
]
