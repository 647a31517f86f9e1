"""The architecture, checked: imports point down, files stay small, nothing heavy is loaded."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import plashet
from plashet.save import _buildable

ROOT = Path(plashet.__file__).parent
LAYERS = [
    "types ops tree threads chance within trainable",
    "wiring",
    "cells",
    "encode liquids",
    "pull model",
    "learn structure beginning",
    "streams",
    "run save training",
    "live measure data",
    "sequences",
    "forecast classify",
    "estimators bridges plot nn",
    "report",
    "cli",
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer.split()}
ANYWHERE = {"_kernels", "__init__"}


def imports(file):
    """The plashet modules that a file imports, by the name at the top of the package."""
    here = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text())):
        if not (isinstance(node, ast.ImportFrom) and node.level):
            continue
        base = here[: len(here) - node.level]
        for target in [node.module] if node.module else [a.name for a in node.names]:
            yield (*base, *target.split("."))[0]


def test_imports_point_down():
    for file in ROOT.rglob("*.py"):
        here = file.relative_to(ROOT).with_suffix("").parts[0]
        if here in ANYWHERE or here == "__main__":
            continue
        for top in imports(file):
            assert top in ANYWHERE or top == "__version__" or RANK[top] <= RANK[here], (
                f"{file.relative_to(ROOT)} imports {top}, a layer above it"
            )


def test_files_stay_small():
    for file in ROOT.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 300, file


def fresh(code):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_import_is_light():
    heavy = json.loads(fresh("import sys, json, plashet; print(json.dumps(sorted(sys.modules)))"))
    assert not {"pandas", "sklearn", "torch", "scipy.stats", "rich", "click", "polars", "matplotlib"} & set(heavy)


def test_modules_of_torch_say_what_they_need():
    missing = "import sys; sys.modules['torch'] = None\ntry: import plashet.nn\nexcept ImportError as e: print(e)"
    assert "pip install 'plashet[torch]'" in fresh(missing)


def test_every_public_name_is_there():
    for name in plashet.__all__:
        assert getattr(plashet, name) is not None
    assert callable(plashet.run)  # not the submodule of that name
    assert callable(plashet.save)


def test_a_name_that_is_not_there_says_so():
    try:
        plashet.nothing
    except AttributeError as error:
        assert "has no attribute 'nothing'" in str(error)  # noqa: PT017
    else:
        raise AssertionError("a missing name was found")


def test_no_two_types_of_a_value_have_the_same_name():
    """A file names the types of what it holds, so a name is one type's."""
    homes: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(plashet.__path__, "plashet."):
        if module.name.startswith(("plashet.bridges.", "plashet.nn")) or module.name == "plashet.__main__":
            continue  # they hold no types of values, and need what an extra brings
        for kind in vars(importlib.import_module(module.name)).values():
            if _buildable(kind) and kind.__module__.startswith("plashet."):
                homes.setdefault(kind.__name__, set()).add(kind.__module__)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}
