"""The folder that a run leaves: what was asked, what was found, the forecast, the model, the report."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ..report import About, Outlook, write
from .console import tidy
from .faults import UsageFault


@dataclass(frozen=True)
class Run:
    """One run's folder, made at once, so that a folder that cannot be written is known before the work is done."""

    folder: Path

    @classmethod
    def begin(cls, command: str, wanted: str | None) -> Run:
        """`wanted`, or `runs/<time>-<command>`; a second run within the second gets a number."""
        base = Path(wanted) if wanted else Path("runs") / f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{command}"
        folder, again = base, 2
        while wanted is None and folder.exists():
            folder, again = base.with_name(f"{base.name}-{again}"), again + 1
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageFault(f"cannot make the folder {folder}: {error.strerror}", "-o FOLDER") from None
        return cls(folder)

    def leave(self, config: Mapping[str, Any], metrics: Mapping[str, Any], found: Any, about: About) -> None:
        """Write the files for `found` (results.Findings); without a backtest there is no report."""
        (self.folder / "config.toml").write_text(toml(config), encoding="utf-8")
        content = json.dumps(tidy(metrics), indent=1, ensure_ascii=False, allow_nan=False)
        (self.folder / "metrics.json").write_text(content + "\n", encoding="utf-8")
        found.forecast.to_csv(self.folder / "forecast.csv", index=False, float_format="%.8g")
        found.model.save(self.folder / "model.plashet")
        if found.backtest is not None:
            ahead = outlook(found.forecast, found.backtest.target) if found.ahead else None
            write(self.folder / "report.html", found.backtest, about, ahead)
            for count, (name, test) in enumerate(found.backtest.others.items(), 2):
                page = replace(about, title=about.title.replace(found.backtest.target, name))
                write(self.folder / f"report-{count}.html", test, page, outlook(found.forecast, name))


def outlook(frame: Any, target: str | None = None) -> Outlook:
    """The frame that `Forecaster.forecast` gives, as the report wants it; of several targets, the one named."""
    if "target" in frame:
        frame = frame[frame["target"] == (target or frame["target"].iloc[0])]
    levels = [c.removeprefix("lo-") for c in frame if str(c).startswith("lo-")]
    return Outlook(
        times=frame["time"].to_numpy(),
        mean=frame["mean"].to_numpy(),
        lower={int(k): frame[f"lo-{k}"].to_numpy() for k in levels},
        upper={int(k): frame[f"hi-{k}"].to_numpy() for k in levels},
    )


def versions() -> dict[str, str]:
    """What computed this: for reports and model files."""
    from .. import __version__

    return {
        "plashet": __version__,
        "Python": platform.python_version(),
        "NumPy": metadata.version("numpy"),
        "SciPy": metadata.version("scipy"),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def toml(values: Mapping[str, Any]) -> str:
    """A flat table (and tables one level down) as TOML; None is left out."""
    plain = {k: v for k, v in values.items() if not isinstance(v, Mapping)}
    text = "".join(f"{_key(k)} = {_value(v)}\n" for k, v in plain.items() if v is not None)
    for name, inner in values.items():
        if isinstance(inner, Mapping):
            text += f"\n[{_key(name)}]\n" + toml(inner)
    return text


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
