"""All benchmarks in one run: `make bench`, or `python benchmarks/run.py [--readme] [--no-peers] [--only NAME ...]`.

A part of them (`--only`) is not kept, unless `--keep` puts it in the place of what was found for it before.

Every question is a script of its own, run in a process of its own with one thread for every library. What they find is
kept in results.json (each result with its command, machine and versions once) and as tables in table.md; `--readme`
puts the short table between the markers of README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import common
import driving
import fitting
import known_peers
import memory
import spiking_speed
import summary
import tick
import training
import windup
from common import Result

HERE = Path(__file__).resolve().parent
QUESTIONS = {"driving": driving, "fitting": fitting, "tick": tick, "memory": memory, "windup": windup,
             "spiking_speed": spiking_speed, "training": training, "known_peers": known_peers}  # fmt: skip
KNOWN = "known_results"  # in a form of its own: it has no peers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*QUESTIONS, KNOWN], default=[*QUESTIONS, KNOWN], metavar="NAME")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="plashet alone")
    parser.add_argument("--keep", action="store_true", help="with --only: put what is found beside what was found")
    parser.add_argument("--readme", action="store_true", help="put the short table into README.md too")
    options = parser.parse_args()
    found = {"machine": common.machine(), "command": "python benchmarks/run.py", "results": [], KNOWN: None}
    found["absent"] = common.absent(options.peers)
    print(found["absent"], end="", flush=True)
    for name in options.only:
        print(f"\n## {name}\n", flush=True)
        if name == KNOWN:
            found[KNOWN] = answer([f"{KNOWN}.py"])
        else:
            found["results"] += answer([f"{name}.py", *([] if options.peers else ["--no-peers"])]) or []
    if set(options.only) < {*QUESTIONS, KNOWN}:
        if not options.keep:
            return 0  # a part of it is not kept
        found = beside(json.loads((HERE / "results.json").read_text()), found, options.only)
    text = summary.document(found, {name: module.show for name, module in QUESTIONS.items()}, results(found))
    (HERE / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    (HERE / "table.md").write_text(text)
    if options.readme:
        summary.into_readme(HERE.parent / "README.md", summary.short(found, results(found)))
    print(f"\n{summary.short(found, results(found))}\nWritten: {HERE / 'results.json'}, {HERE / 'table.md'}")
    return 0


def beside(before: dict[str, Any], found: dict[str, Any], only: list[str]) -> dict[str, Any]:
    """What was found now in the place of what was found for the same questions before."""
    asked = {name.replace("_", " ") for name in only}
    order = [name.replace("_", " ") for name in QUESTIONS]
    kept = [one for one in before["results"] if one["question"] not in asked] + found["results"]
    unknown = {
        k: v for k, v in found["machine"].items() if before["machine"].get(k, "not installed") == "not installed"
    }
    return before | {
        "machine": before["machine"] | unknown,
        "results": sorted(kept, key=lambda one: order.index(one["question"])),
        KNOWN: found[KNOWN] if KNOWN in only else before[KNOWN],
    }


def answer(command: list[str]) -> Any:
    """Run a script, show what it prints, and return its JSON; a script that fails is said to have failed."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "found.json"
        whole = [sys.executable, str(HERE / command[0]), *command[1:], "--json", str(kept)]
        status = subprocess.run(whole, env=common.clean_environment()).returncode
        if not kept.exists():
            print(f"\n{command[0]} failed with status {status}: no results from it")
            return None
        return json.loads(kept.read_text())


def results(found: dict[str, Any]) -> list[Result]:
    names = {f.name for f in fields(Result)}
    return [Result(**{k: v for k, v in one.items() if k in names}) for one in found["results"]]


if __name__ == "__main__":
    sys.exit(main())
