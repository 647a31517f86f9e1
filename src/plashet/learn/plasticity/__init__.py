"""Plasticity inside a spiking liquid: rules, and the learner that follows them."""

from .plastic import Plastic, PlasticKnowledge
from .rates import Homeostatic, Normalised, Scaling
from .rule import Parts, Rule, Spikes
from .stdp import HARD, SOFT, STDP, Bounds, Triplet

__all__ = [
    "HARD",
    "SOFT",
    "STDP",
    "Bounds",
    "Homeostatic",
    "Normalised",
    "Parts",
    "Plastic",
    "PlasticKnowledge",
    "Rule",
    "Scaling",
    "Spikes",
    "Triplet",
]
