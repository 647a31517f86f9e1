"""The scikit-learn face: whole sequences told apart or measured, and a liquid's states as features."""

from .features import LiquidFeatures
from .scaler import SequenceScaler
from .sequence import SequenceClassifier, SequenceRegressor

__all__ = ["LiquidFeatures", "SequenceClassifier", "SequenceRegressor", "SequenceScaler"]
