"""Make the pictures of the README from real runs: demo.svg, report.png, raster.png, ncp.png, worm.png in docs/pictures.

    python tools/pictures.py

The terminal picture needs nothing but plashet, the raster and the wirings the extra `plot`; the report's picture needs
Chromium (Debian: apt-get install chromium) and is left as it is where there is none.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLUMNS = 84


def terminal(arguments: list[str], path: Path) -> None:
    """Run a command of plashet here and keep what it shows as an SVG."""
    import io

    import rich.console

    from plashet.cli import console, run

    kept = rich.console.Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO(), highlight=False)

    def show(say: console.Say, *things: object) -> None:
        for thing in things:
            kept.print(thing, markup=False)

    console.Say.show = show  # type: ignore[method-assign]
    kept.print(f"[bold]$ plashet {arguments[0]}[/bold]")
    if run(arguments):
        raise SystemExit("the run failed; no picture was made")
    path.write_text(kept.export_svg(title="plashet"), encoding="utf-8")


def page(report: Path, path: Path, width: int = 1120, height: int = 1640) -> None:
    """A picture of the top of a report, by Chromium."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print("no Chromium here: the report's picture stays as it is", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        flags += [f"--user-data-dir={profile}", f"--window-size={width},{height}", "--virtual-time-budget=4000"]
        asked = [browser, *flags, f"--screenshot={path}", report.resolve().as_uri()]
        subprocess.run(asked, check=True, capture_output=True, timeout=120)


def raster(path: Path) -> None:
    """What the README's lines about spikes record."""
    import numpy as np

    import plashet as pl

    liquid = pl.liquids.maass2002(inputs=1, seed=0)
    train = np.zeros((500, 1))
    train[[20, 90, 300]] = 1
    _, _, spikes = liquid.record(liquid.init(train[0]), train, np.full(500, 1e-3))
    pl.plot.raster(spikes, liquid.circuit, liquid.h, steps=5000).savefig(path, dpi=130)


def wirings(folder: Path) -> None:
    """The policy that drives a car with 19 neurons (Lechner et al. 2020; half of its inputs), and the worm."""
    import plashet as pl

    fans = dict(sensory_fanout=6, inter_fanout=4, recurrent=4, motor_fanin=6)
    for name, net in (("ncp", pl.wiring.ncp(12, 6, 1, 16, **fans)), ("worm", pl.wiring.celegans(1))):
        path = folder / f"{name}.png"
        pl.plot.connectome(net).savefig(path, dpi=120)
        few_colours(path)


def few_colours(path: Path) -> None:
    """Thousands of thin lines in 255 colours: a quarter of the bytes, and nobody sees it."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    """Two pictures from one run of the demonstration, the raster, and two wirings."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    raster(PICTURES / "raster.png")
    wirings(PICTURES)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        terminal(["demo", "--no-progress"], PICTURES / "demo.svg")
        page(next(Path(folder).glob("runs/*/report.html")), PICTURES / "report.png")


if __name__ == "__main__":
    main()
