"""Learners: ways of improving a model from evidence."""

from .adam import Adam
from .common import BIAS_SHARE
from .fold_ridge import FoldRidge
from .force import FORCE
from .gradient import Gradient
from .gradient_readout import GradientReadout
from .hedge import MLpol
from .lms import LMS, NLMS
from .logistic import Logistic, Softmax
from .losses import CrossEntropy, Huber, Pinball, Squared
from .pdelta import PDelta, Votes
from .penalty import CrossValidated
from .plasticity import STDP, Bounds, Homeostatic, Normalised, Plastic, Scaling, Triplet
from .ridge import Ridge
from .rls import RLS
from .rtrl import RTRL, SnAp1

__all__ = [
    "BIAS_SHARE",
    "FORCE",
    "LMS",
    "NLMS",
    "RLS",
    "RTRL",
    "STDP",
    "Adam",
    "Bounds",
    "CrossEntropy",
    "CrossValidated",
    "FoldRidge",
    "Gradient",
    "GradientReadout",
    "Homeostatic",
    "Huber",
    "Logistic",
    "MLpol",
    "Normalised",
    "PDelta",
    "Pinball",
    "Plastic",
    "Ridge",
    "Scaling",
    "SnAp1",
    "Softmax",
    "Squared",
    "Triplet",
    "Votes",
]
