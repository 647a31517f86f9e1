"""What worm.py found as a page: `python benchmarks/worm_page.py`. Reads worm.json, writes worm.md beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import common
import numpy as np
import worm
from scipy.stats import t as student
from worm_tasks import TASKS

INTRODUCTION = """\
The 302 neurons of *C. elegans* and their 5,146 directed synapses (Cook et al. 2019: 3,709 chemical ones, and 1,105
electrical ones taken as two each, but where a chemical one leads already) beside the same wiring **dealt anew**: every
neuron keeps its in-degree, its out-degree, its class, its sign and its strengths, only who listens to whom is drawn,
anew for every seed, by swapping the ends of pairs of synapses. (So an electrical synapse need not lead both ways any
more.) Inputs reach the 83 sensory neurons in both. What else stands in the tables are landmarks: a reservoir of as many
units and about as many synapses in bands, all of whose units hear the input; a dense net of about as many synapses; a
linear readout of the input.

Signs are a modelling choice, for the source gives none: GABA inhibits; in a second pair of reservoirs glutamate does,
too. Electrical synapses are positive. Everything else excites.
"""
READING = """\
Differences are paired by seed; *better* and *worse* are those outside the 95 % interval of Student's t, the others
undecided: of so many comparisons one may fall outside by chance. The data of half-cheetah are the same for every seed
(so its intervals are those of the draw alone), the test part of the vowels is, too. The bands differ from the worm in
more than who listens to whom: all their units hear the input, and half of their weights are negative, where 4 % of the
worm's are, or 25 % if glutamate inhibits.
"""
STUDIES = {
    "reservoir": """\
`Leaky` with fixed weights: signs times log(1 + sections of contact), scaled to a spectral radius; a ridge readout of
all states and the input. Spectral radius, input scaling and time constant are the best of {grid} on the validation
part, over seeds that are not reported; the penalty is chosen there too. Chosen:{chosen}
""",
    "trained": """\
`Gated` along the wiring, a linear readout of the 123 motor neurons (dense: of all 72), all weights learnt by Adam, the
epoch with the least validation error kept. Weights may take either sign, so of the worm only who listens to whom is
left here. The rate is the better of {rates} on the validation part, with a seed that is not reported;
training is short ({epochs} epochs), so that it says how fast each learns as well. Chosen:{chosen}
""",
}
PAIRS = {"reservoir": worm.PAIRS, "trained": {"worm": "worm, dealt anew"}}


def page(found: dict[str, Any]) -> str:
    machine = found["machine"]
    seconds = sum(one["seconds"] for study in STUDIES for one in found.get(study, {}).values())
    parts = [
        "# The worm's wiring against random wiring of the same degrees\n",
        f"`PLASHET_BENCH_DATA=FOLDER {found['command']}`, {machine['date']}, plashet {machine['plashet']}, "
        f"{machine['processor']}, one thread; {seconds / 60:.0f} minutes of processor time.\n",
        INTRODUCTION,
        "![The worm's neurons in a ring, by class, and their synapses](../docs/pictures/worm.png)\n",
        f"**{verdict(found)}**\n",
        READING,
    ]
    for study, about in STUDIES.items():
        if study in found:
            grid = f"{len(worm.RADII) * len(worm.SCALES) * len(worm.TAUS)} settings"
            rates, epochs = " and ".join(map(str, worm.RATES)), ", ".join(f"{t.name} {t.epochs}" for t in TASKS)
            told = about.format(grid=grid, rates=rates, epochs=epochs, chosen=settings(found[study]))
            parts += [f"## As a {study}{' net' if study == 'trained' else ''}\n", table(study, found[study]), told]
    return "\n".join(parts)


def table(study: str, tasks: dict[str, Any]) -> str:
    rows = []
    for task in TASKS:
        for name, one in tasks.get(task.name, {"parties": {}})["parties"].items():
            scores, shown = one["scores"], f"{{:.{task.digits}f}}"
            mean = shown.format(np.mean(scores))
            if max(scores) > min(scores):
                mean += f" [{shown.format(min(scores))}, {shown.format(max(scores))}]"
            rows.append((f"{task.name}, {task.says}", name, mean, *against(study, tasks[task.name], name, shown)))
    columns = ("task, less is better", "party", "mean [least, most]", "dealt anew minus own, ± standard error")
    return common.table((*columns, "own better", "so"), rows)


def against(study: str, task: dict[str, Any], name: str, shown: str) -> tuple[str, str, str]:
    """By seed, how much worse the twin dealt anew is; on how many seeds; and what that says."""
    twin = PAIRS[study].get(name)
    if twin is None or twin not in task["parties"]:
        return "", "", ""
    more = np.subtract(task["parties"][twin]["scores"], task["parties"][name]["scores"])
    error = more.std(ddof=1) / np.sqrt(len(more))
    within = student.ppf(0.975, len(more) - 1) * error
    said = "better" if more.mean() > within else "worse" if more.mean() < -within else "undecided"
    return f"{shown.format(more.mean())} ± {shown.format(error)}", f"{(more > 0).sum()} of {len(more)}", said


def verdict(found: dict[str, Any]) -> str:
    said = [
        against(study, task, name, "{:.3f}")[2]
        for study in STUDIES
        for task in found.get(study, {}).values()
        for name in PAIRS[study]
    ]
    told = {word: said.count(word) for word in ("better", "worse", "undecided")}
    return (
        f"In {len(said)} comparisons the worm's own wiring is better than the same degrees dealt anew in "
        f"{told['better']} and worse in {told['worse']}; {told['undecided']} are undecided."
    )


def settings(tasks: dict[str, Any]) -> str:
    """What was chosen, task by task."""
    told = []
    for name, task in tasks.items():
        chosen = [
            f"{party} {' / '.join(f'{v:g}' for v in one['chosen'].values())}"
            for party, one in task["parties"].items()
            if one["chosen"]
        ]
        keys = next(iter(task["parties"].values()))["chosen"]
        told.append(f"\n- {name} ({' / '.join(keys)}): {'; '.join(chosen)}")
    return "\n" + "".join(told)


def main() -> None:
    here = Path(__file__).resolve().parent
    (here / "worm.md").write_text(page(json.loads((here / "worm.json").read_text())), encoding="utf-8")


if __name__ == "__main__":
    main()
