"""`plashet doctor`: what is here, what is not, and the command that brings it."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module, metadata
from typing import Any

import click

from .console import Say, speaking

NEEDED = ("numpy", "scipy", "pandas", "click", "rich", "safetensors")
EXTRAS = {
    "polars": ("frames of polars in, frames of polars out", 'pip install "plashet[polars]"'),
    "pyarrow": ("Parquet files", "pip install pyarrow"),
    "torch": ("liquids as torch modules", 'pip install "plashet[torch]"'),
    "matplotlib": ("pictures of liquids", 'pip install "plashet[plot]"'),
    "soundfile": ("FLAC and OGG files", 'pip install "plashet[audio]"'),
    "soxr": ("sound of another rate, better and quicker", 'pip install "plashet[audio]"'),
    "nir": ("exchange of spiking networks as NIR", 'pip install "plashet[bridges]"'),
    "onnx": ("the step of a net as ONNX", 'pip install "plashet[bridges]"'),
    "brian2": ("the same network in Brian2", 'pip install "plashet[brian2]"'),
    "sklearn": ("estimators for scikit-learn", "pip install scikit-learn"),
}


@click.command("doctor", short_help="Say what is installed, and what to do about the rest.")
@speaking
def command(say: Say) -> None:
    """Say which versions are here, how the kernels were compiled, and which extras are missing."""
    found = examine()
    say.result(found)
    if not say.json:
        from .show import listing

        say.show(listing("plashet", found["plashet"]), "", listing("libraries", found["libraries"]))
        say.show(
            "", listing("kernels and linear algebra", found["numerics"]), "", listing("extras", _told(found["extras"]))
        )
        say.show("", "All is well." if not found["problems"] else "\n".join(found["problems"]))
    if found["problems"]:
        raise SystemExit(1)


def examine() -> dict[str, Any]:
    """Everything as one dict: plashet, libraries, numerics, extras {name: version or None}, problems [sentence]."""
    from .. import __version__

    libraries = {name: _version(name) or "missing" for name in NEEDED}
    numerics, problems = _numerics()
    problems += [f"{name} is missing: pip install {name}" for name, found in libraries.items() if found == "missing"]
    return {
        "plashet": {
            "version": __version__,
            "folder": os.path.dirname(import_module("plashet").__file__ or ""),
            "Python": f"{platform.python_version()} ({sys.executable})",
            "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores",
        },
        "libraries": libraries,
        "numerics": numerics,
        "extras": {name: _version("scikit-learn" if name == "sklearn" else name) for name in EXTRAS},
        "problems": problems,
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numerics() -> tuple[dict[str, str], list[str]]:
    """Kernels, BLAS and threads; problems for what stands in the way."""
    import numpy as np

    found, problems = {}, []
    try:
        kernels = import_module("plashet._kernels")
        sets = getattr(kernels, "instruction_set", None) or getattr(kernels, "isa", None)
        found["kernels"] = f"compiled, running {sets() if callable(sets) else sets}" if sets else "compiled"
    except ImportError as error:
        found["kernels"] = "missing"
        problems.append(f"the compiled kernels are missing ({error}): pip install --force-reinstall plashet")
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    found["BLAS of NumPy"] = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    told = [
        f"{k}={os.environ[k]}"
        for k in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if k in os.environ
    ]
    found["threads"] = ", ".join(told) or f"not limited ({os.cpu_count()} cores)"
    return found, problems


def _told(extras: dict[str, str | None]) -> dict[str, str]:
    return {
        name: f"{version}  ({EXTRAS[name][0]})" if version else f"not installed: {EXTRAS[name][1]}  ({EXTRAS[name][0]})"
        for name, version in extras.items()
    }
