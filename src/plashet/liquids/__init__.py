"""The liquids: one file each, with the equation, the state, and the call of the kernel."""

from .leaky import ACTIVATIONS, Leaky, LeakyState

__all__ = ["ACTIVATIONS", "Leaky", "LeakyState"]
