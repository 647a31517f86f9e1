"""Closed-form continuous-time networks as they were published, with a backbone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..ops import asarray, join, namespace, observed, rest
from ..types import Array
from .bends import BENDS
from .gated import check_finite, passed
from .levels import Form, Level, Levelled, Slots, heard
from .rules import Full, Rule, check_rule, constants_of, slopes_of


class CfCState(NamedTuple):
    h: Array  # (*batch, units)


class Dense(NamedTuple):
    """W z + b."""

    weight: Array  # (outputs, inputs), of the heads (heads, units, inputs)
    bias: Array  # (outputs,), of the heads (heads, units)


@dataclass(frozen=True, eq=False)
class CfC(Levelled[CfCState]):
    """h' = rule(heads, dt),   heads = W z + b each,   z = backbone([x, h]), its layers z = f(W z + b)

    The closed-form continuous-time cell as published and as ncps has it: rule Full, NoGate or Pure (their docstrings
    have the equations; the heads are in the order ff1, ff2, time_a, time_b), f one of BENDS, by default LeCun's tanh.
    **dt -> 0 is not the identity** and a tick may not be split into two: what is held over a tick is not the state;
    Gated is the sibling without this. So a tick that is not there has dt < 0: it holds the state. A missing input
    (NaN) adds nothing. Without backbone the heads hear [x, h] themselves. Raises ValueError for parts that do not fit.

    Hasani et al. 2022, Closed-form continuous-time neural networks.
    """

    inputs: int
    backbone: tuple[Dense, ...]
    heads: Dense
    rule: Rule = Full()  # noqa: RUF009 - frozen
    activation: str = "lecun_tanh"

    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.activation not in BENDS:
            raise ValueError(f"activation is one of {', '.join(BENDS)}; got {self.activation!r}")
        _check(self)

    def __repr__(self) -> str:
        widths = " -> ".join(str(len(layer.bias)) for layer in self.backbone) or "none"
        return f"<CfC: {self.inputs} inputs, {self.outputs} units, backbone {widths}, {type(self.rule).__name__}>"

    @property
    def parameters(self) -> tuple[str, ...]:
        names = [*(f"backbone.{k}" for k in range(len(self.backbone))), "heads"]
        return (*(f"{name}.{part}" for name in names for part in Dense._fields), *of_rule(self.rule))

    @property
    def outputs(self) -> int:
        return int(self.heads.bias.shape[-1])

    def init(self, u: Array) -> CfCState:
        return CfCState(rest(u, self.outputs))

    def step(self, state: CfCState, u: Array, dt: Array | float) -> tuple[CfCState, Array]:
        h = state.h
        z = join([observed(u), h])
        for layer in self.backbone:
            z = BENDS[self.activation](z @ asarray(layer.weight, h).T + asarray(layer.bias, h))
        weight, bias = (asarray(a, h) for a in self.heads)
        moved = self.rule.move([z @ w.T + b for w, b in zip(weight, bias, strict=True)], passed(dt, h))
        h = held(moved, h, dt)
        return CfCState(h), h

    def form(self) -> Form:
        widths = tuple(len(layer.bias) for layer in self.backbone)
        made_of = (widths, (self.rule.kind, self.rule.heads), self.activation)
        return Form(partial(dense_levels, *made_of), (), made_of, sum(widths))

    def weights(self, dtype: Any) -> Array:
        """All weights in the order of the parameters."""
        return np.concatenate([np.asarray(a, dtype).ravel() for layer in (*self.backbone, self.heads) for a in layer])

    def constants(self, dtype: Any) -> Array:
        """(backbone units and units, 2) of the kernel's nodes."""
        hidden = np.zeros((sum(len(layer.bias) for layer in self.backbone), 2))
        return np.concatenate((hidden, constants_of(self.rule, self.outputs))).astype(dtype)

    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights and constants by path."""
        arrays = [a for layer in (*self.backbone, self.heads) for a in layer]
        cut = np.split(weights, np.cumsum([a.size for a in arrays])[:-1])
        found = {p: c.reshape(tuple(a.shape)) for p, a, c in zip(self.parameters, arrays, cut, strict=False)}
        return found | slopes_of(self.rule, constants[-self.outputs :])


def cfc(
    inputs: int,
    units: int,
    *,
    seed: int,
    backbone: tuple[int, ...] = (128,),
    rule: Rule | None = None,
    activation: str = "lecun_tanh",
) -> CfC:
    """A CfC drawn as ncps draws it: weights uniform (Glorot), biases uniform within 1/sqrt(inputs of the layer)."""
    rule = Full() if rule is None else rule
    sizes = (inputs + units, *backbone)
    seeds = np.random.SeedSequence(seed, spawn_key=(2,)).spawn(len(sizes))
    hidden = tuple(_dense(a, (b,), s) for a, b, s in zip(sizes, sizes[1:], seeds, strict=False))
    return CfC(inputs, hidden, _dense(sizes[-1], (rule.heads, units), seeds[-1]), rule, activation)


def _dense(heard: int, shape: tuple[int, ...], seed: np.random.SeedSequence) -> Dense:
    rng = np.random.default_rng(seed)
    return Dense(
        rng.uniform(-1, 1, (*shape, heard)) * np.sqrt(6 / (heard + shape[-1])),
        rng.uniform(-1, 1, shape) / np.sqrt(heard),
    )


def held(moved: Array, h: Array, dt: Array | float) -> Array:
    """`moved`, and h where dt is negative."""
    return namespace(h).where(asarray(dt, h)[..., None] < 0, h, moved)


def of_rule(rule: Rule) -> tuple[str, ...]:
    return tuple(f"rule.{name}" for name in rule.parameters)


def _check(cell: CfC) -> None:
    width = cell.inputs + cell.outputs
    for k, layer in enumerate(cell.backbone):
        shape = (len(layer.bias), width)
        if tuple(layer.weight.shape) != shape or layer.bias.ndim != 1:
            raise ValueError(
                f"backbone.{k}.weight is {tuple(layer.weight.shape)}, wanted {shape}: (its biases, its inputs)"
            )
        width = shape[0]
    heads = (cell.rule.heads, cell.outputs, width)
    for name, wanted in (("weight", heads), ("bias", heads[:2])):
        got = tuple(getattr(cell.heads, name).shape)
        if got != wanted:
            raise ValueError(f"heads.{name} is {got}, wanted {wanted}: {cell.rule.heads} heads of {cell.outputs} units")
    check_rule(cell.rule, cell.outputs)
    for k, layer in enumerate(cell.backbone):
        check_finite(f"backbone.{k}.weight", layer.weight)
        check_finite(f"backbone.{k}.bias", layer.bias)
    check_finite("heads.weight", cell.heads.weight)
    check_finite("heads.bias", cell.heads.bias)


# ---------------------------------------------------------------------------------------------------- for the kernel


def dense_levels(widths: tuple[int, ...], rule: tuple[str, int], bend: str, slots: Slots, before: int) -> list[Level]:
    """The levels of a CfC; weights in the order of its parameters. widths: of its backbone; before: where h is."""
    kind, heads = rule
    units = slots.units
    sources = np.concatenate((1 + np.arange(slots.inputs), before + np.arange(units)))
    free, at, found = slots.first_hidden + slots.hidden - sum(widths), 0, []
    for width in widths:
        found.append(_level("value", bend, sources, free + np.arange(width), (at, 1, width)))
        at += width * (len(sources) + 1)
        sources = free + np.arange(width)
        free += width
    last = _level(kind, bend, sources, slots.h_after + np.arange(units), (at, heads, units))
    return [*found, last._replace(own=before + np.arange(units))]


def _level(kind: str, bend: str, sources: Array, to: Array, weights: tuple[int, int, int]) -> Level:
    """Nodes that all hear the same; weights: where theirs begin, heads, nodes."""
    at, heads, nodes = weights
    n, s = len(sources), heads * nodes * len(sources)
    node = np.arange(nodes)[:, None]
    index = at + (np.arange(heads) * nodes)[None, None, :] * n + node[..., None] * n + np.arange(n)[None, :, None]
    bias = at + s + np.arange(heads) * nodes + node
    edges = np.tile(sources, nodes), np.repeat(np.arange(nodes), n), index.reshape(nodes * n, heads)
    return Level(kind, bend, np.zeros(nodes, np.int64), to, *heard(bias, [edges], nodes))
