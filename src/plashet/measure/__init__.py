"""Measures: of a forecast (errors, valid time, intervals), of a liquid (memory, fading, chaos, rank), and of what a
trained net does (time constants, what its synapses contribute, what dropping the weak ones costs)."""

from .bits import BitMemory, bit_memory
from .branching import MultiStep, activity_slope, branching_factor, multistep
from .chaos import Fading, forgets, lyapunov
from .divergence import Divergence, divergence, one_spike, pushed
from .errors import mae, nmse, nrmse, rmse, valid_time
from .intervals import QuantileTracker, TrackedWidths, coverage, winkler, worst_window
from .liquid import LiquidReport, report
from .memory import Memory, memory_capacity
from .nets import BySynapse
from .potentials import Potentials, potentials
from .rank import Quality, effective_rank, kernel_quality, kernel_rank, numerical_rank, participation_ratio
from .separation import Pair, Separation, counts_of, poisson_pair, separation, train_distance
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
from .synapses import Ranked, ablation, decision, gradient_times_strength, integrated_gradients, strongest
from .tau import time_constants
from .thinning import Thinned, drop, thinned, weakest
from .tune import Knob, Tuned, tune_rates

__all__ = [
    "BitMemory",
    "BySynapse",
    "Divergence",
    "Fading",
    "Knob",
    "LiquidReport",
    "Memory",
    "MultiStep",
    "Pair",
    "Potentials",
    "Quality",
    "QuantileTracker",
    "Ranked",
    "Separation",
    "SpikingReport",
    "Thinned",
    "TrackedWidths",
    "Tuned",
    "ablation",
    "activity_slope",
    "bit_memory",
    "branching_factor",
    "counts_of",
    "coverage",
    "decision",
    "divergence",
    "drop",
    "effective_rank",
    "fano",
    "firing_rates",
    "forgets",
    "gradient_times_strength",
    "integrated_gradients",
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
    "one_spike",
    "participation_ratio",
    "poisson_pair",
    "population_counts",
    "population_rate",
    "potentials",
    "pushed",
    "report",
    "rmse",
    "separation",
    "silent_share",
    "strongest",
    "synchrony",
    "thinned",
    "time_constants",
    "train_distance",
    "tune_rates",
    "valid_time",
    "weakest",
    "winkler",
    "worst_window",
]
