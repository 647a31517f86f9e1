"""Forecasts from a stream: fit once, then learn on."""

from .backtest import Backtest

__all__ = ["Backtest"]
