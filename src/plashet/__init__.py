"""plashet: learn from streams with liquid neural networks.

Public names load when first used, so that `import plashet` is quick and loads neither pandas, scikit-learn nor torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Not lazy: these functions are called like the files they live in, and must win over the submodules' names.
from .run import evaluate, fit, generate, run, study
from .save import load, save

__version__ = "0.1.0"

_HOME = {
    "Tick": "types",
    "Evidence": "types",
    "Leaky": "liquids",
    "LTC": "liquids",
    "Gated": "liquids",
    "CfC": "liquids",
    "Diagonal": "liquids",
    "Mixed": "liquids",
    "Spiking": "liquids",
    "LIF": "liquids",
    "ALIF": "liquids",
    "Izhikevich": "liquids",
    "Chain": "cells",
    "Beside": "cells",
    "WithInput": "cells",
    "Noisy": "cells",
    "Squares": "cells",
    "Products": "cells",
    "Readout": "model",
    "Model": "model",
    "Looped": "model",
    "looped": "model",
    "unread": "model",
    "Ridge": "learn",
    "RLS": "learn",
    "LMS": "learn",
    "NLMS": "learn",
    "FORCE": "learn",
    "GradientReadout": "learn",
    "Gradient": "learn",
    "RTRL": "learn",
    "SnAp1": "learn",
    "Training": "training",
    "train": "training",
    "Live": "live",
    "Forecaster": "forecast",
    "SequenceClassifier": "estimators",
    "SequenceRegressor": "estimators",
    "LiquidFeatures": "estimators",
}
_MODULES = (
    "wiring",
    "encode",
    "liquids",
    "learn",
    "training",
    "measure",
    "data",
    "sequences",
    "streams",
    "tree",
    "report",
    "plot",
)
_EXTRA = ("nn",)  # modules that need an extra: there when asked for, not among the names that every installation has

__all__ = ["__version__", "evaluate", "fit", "generate", "load", "run", "save", "study", *_HOME, *_MODULES]

if TYPE_CHECKING:
    from . import data, encode, learn, liquids, measure, nn, plot, report, sequences, streams, training, tree, wiring
    from .cells import Beside, Chain, Noisy, Products, Squares, WithInput
    from .forecast import Forecaster
    from .learn import FORCE, LMS, NLMS, RLS, RTRL, Gradient, GradientReadout, Ridge, SnAp1
    from .liquids import ALIF, LIF, LTC, CfC, Diagonal, Gated, Izhikevich, Leaky, Mixed, Spiking
    from .live import Live
    from .model import Looped, Model, Readout, looped, unread
    from .training import Training, train
    from .types import Evidence, Tick


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name in _MODULES or name in _EXTRA:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*__all__, *_EXTRA))
