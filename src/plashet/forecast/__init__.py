"""Forecasts from a stream: fit once, then learn on."""

from .backtest import Backtest
from .forecaster import Forecaster

__all__ = ["Backtest", "Forecaster"]
