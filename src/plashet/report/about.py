"""What a report says beside its figures: where the numbers come from and how to get them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class About:
    """The words around the figures.

    `title` heads the page; `unit` follows values and errors ("" where none is known); `lead` is one paragraph under
    the title; `command` is what to type to get the same page again; `facts` are the rows of "How to reproduce"
    (seed, versions, data hash); `notes` are the honest small print, one sentence or more each.
    """

    title: str
    unit: str = ""
    lead: str = ""
    command: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outlook:
    """A forecast of what is not known yet, from the end of the data.

    `times` (H,) stamps or step numbers, `mean` (H,), `lower` and `upper` {level in percent: (H,)}.
    """

    times: Any
    mean: Any
    lower: Mapping[int, Any]
    upper: Mapping[int, Any]
