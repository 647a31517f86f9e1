"""Learners: ways of improving a model from evidence."""

from .common import BIAS_SHARE
from .force import FORCE
from .lms import LMS, NLMS
from .rls import RLS

__all__ = ["BIAS_SHARE", "FORCE", "LMS", "NLMS", "RLS"]
