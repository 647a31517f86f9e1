"""Offline training through the compiled slopes: mini-batches, Adam, early stopping, without torch."""

from .lessons import Lessons, Windows, windows
from .loop import Trained, Training, train

__all__ = ["Lessons", "Trained", "Training", "Windows", "train", "windows"]
