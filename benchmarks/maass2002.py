"""The experiments of Maass, Natschläger & Markram 2002 with the paper's own circuit: Figures 2, 5, 6 and 7.

    python benchmarks/maass2002.py [--full] [--figure 2 5 6 7] [--seeds N] [--lengths 0 2 8] [--json FILE]
                                    [--pictures FOLDER]

A seed draws circuits, templates, trials and the beginnings of every trial. What a figure shows is stated as orderings,
each with the mean difference over the seeds, its standard error, and in how many seeds it held; the paper gives no
tables, so its values cannot be compared. The quick run takes fewer repetitions than the paper's 50, and fewer points;
--full takes 50 and more points, hours of one core. All four figures together are kept beside this file, and their
pictures in docs/pictures; a part is kept where --json and --pictures say.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import common
from maass import figures, pictures, written

HERE = Path(__file__).resolve().parent
KEPT, PAGE, PICTURES = HERE / "maass2002.json", HERE / "maass2002.md", HERE.parent / "docs" / "pictures"


def main() -> int:
    options = _options()
    environment = common.clean_environment()
    if environment != dict(os.environ):  # a BLAS reads these once, when it is loaded: begin again
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    size = figures.FULL if options.full else figures.QUICK
    command = "python benchmarks/maass2002.py" + (" --full" * options.full)
    if options.seeds:
        size = replace(size, seeds=dict.fromkeys(figures.FIGURES, options.seeds))
        command += f" --seeds {options.seeds}"
    if options.lengths:
        size = replace(size, lengths=tuple(options.lengths))
        command += f" --lengths {' '.join(f'{length:g}' for length in options.lengths)}"
    whole = set(options.figure) == set(figures.FIGURES)
    folder = options.pictures or (PICTURES if whole else None)
    every, results, parts = [], [], []
    for number in sorted(set(options.figure)):
        found = figures.FIGURES[number](size)
        picture = pictures.draw(found, folder) if folder else None
        every.append(found)
        results += written.results(found, command)
        parts.append(written.text(found, os.path.relpath(picture, HERE) if picture else ""))
        print(written.text(found), flush=True)
    print(written.summary(every))
    kept = {"machine": common.machine(), "command": command, "results": [asdict(result) for result in results]}
    for path in filter(None, (options.json, KEPT if whole else None)):
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    if whole:
        title = f"# The figures of Maass, Natschläger & Markram 2002\n\n`{command}`\n"
        PAGE.write_text("\n".join([title, written.summary(every), *parts]))
        print(f"Written: {KEPT}, {PAGE}, and pictures in {folder}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the paper's 50 repetitions and more points")
    parser.add_argument("--figure", type=int, nargs="+", choices=list(figures.FIGURES), default=list(figures.FIGURES))
    parser.add_argument("--seeds", type=int, default=0, help="how many seeds for every figure, from 0 on")
    parser.add_argument("--lengths", type=float, nargs="+", help="the λ of Figure 6")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    parser.add_argument("--pictures", type=Path, help="an existing folder for the pictures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
