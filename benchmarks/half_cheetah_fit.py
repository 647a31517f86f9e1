"""A recurrent layer with a linear head and a linear skip, and how it is trained. The same for liquids and for torch's.

    next = now + s * (head(h) + skip(z)),    z = (now - mean) / s, clipped;   h = layer(z), zero before the window

mean and s are those of the training recordings. Adam with decoupled weight decay on the layer's weights and the
head's; the rate falls along a cosine to zero; the weights of the epoch with the best validation error are kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from half_cheetah_data import Asked, whole
from torch import Tensor, nn

WEIGHTS = ("sensory", "recurrent", "erev", "weight_ih", "weight_hh", "head.weight")  # that decay: names end so
WEIGHTS += ("heads_weight", *(f"backbone_{k}_weight" for k in range(3)), ".w_in", ".w", "dense.weight")


@dataclass(frozen=True)
class Recipe:
    """How something is trained; what may be chosen on the validation part."""

    rate: float = 1e-2
    decay: float = 0.3  # of the weights, times the rate, per step
    weighting: float = 1.0  # a column's errors count 1/s^weighting: 0 is the error that is reported
    clip: float = 3.0  # of z
    epochs: int = 150
    batch: int = 16
    skip: bool = True


class Predictor(nn.Module):
    """Says the next observation (time, batch, columns) from those so far; dt (time, batch) is heard by `layer`."""

    def __init__(self, layer: nn.Module, units: int, now: Any, recipe: Recipe) -> None:
        super().__init__()
        columns = now.shape[-1]
        self.layer, self.head = layer, nn.Linear(units, columns)
        self.skip = nn.Linear(columns, columns, bias=False) if recipe.skip else None
        if self.skip is not None:
            nn.init.zeros_(self.skip.weight)
        self.clip = recipe.clip
        self.register_buffer("mean", torch.from_numpy(now.mean((0, 1))))
        self.register_buffer("s", torch.from_numpy(now.std((0, 1))))

    def forward(self, now: Tensor, dt: Tensor) -> Tensor:
        z = ((now - self.mean) / self.s).clamp(-self.clip, self.clip)
        said = self.head(self.layer(z, dt))
        if self.skip is not None:
            said = said + self.skip(z)
        return now + self.s * said


class Plain(nn.Module):
    """torch's LSTM or GRU; where time is asked of it, dt is one more input."""

    def __init__(self, kind: Callable[..., nn.Module], inputs: int, units: int, timed: bool = False) -> None:
        super().__init__()
        self.timed, self.rnn = timed, kind(inputs + timed, units)

    def forward(self, z: Tensor, dt: Tensor) -> Tensor:
        if self.timed:
            z = torch.cat((z, dt[..., None]), 2)
        return self.rnn(z)[0]  # type: ignore[no-any-return]


class Dense(nn.Module):
    """A dense layer of tanh that hears dt as an input; rnn, one of torch's, behind it, or nothing that remembers."""

    def __init__(self, inputs: int, units: int, rnn: Callable[..., nn.Module] | None = None) -> None:
        super().__init__()
        self.dense, self.rnn = nn.Linear(inputs + 1, units), None if rnn is None else rnn(units, units)

    def forward(self, z: Tensor, dt: Tensor) -> Tensor:
        heard = torch.tanh(self.dense(torch.cat((z, dt[..., None]), 2)))
        return heard if self.rnn is None else self.rnn(heard)[0]  # type: ignore[no-any-return]


class Timed(nn.Module):
    """A module of plashet.nn with batch_first=False, told the time between ticks; heard: as one more input, too."""

    def __init__(self, rnn: nn.Module, heard: bool = False) -> None:
        super().__init__()
        self.rnn, self.heard = rnn, heard

    def forward(self, z: Tensor, dt: Tensor) -> Tensor:
        if self.heard:
            z = torch.cat((z, dt[..., None]), 2)
        return self.rnn(z, timespans=dt)[0]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Fitted:
    """A trained predictor, the best validation error and its epoch, and what it took."""

    model: Predictor
    validation: float
    epoch: int
    seconds: float  # of a processor, for training with its validations
    parameters: int


Batch = Iterable[Any]  # now, then, dt


def fit(
    make: Callable[[], tuple[nn.Module, int]], recipe: Recipe, train: Asked, validation: Asked, seed: int
) -> Fitted:
    """Train, and keep what is best on the validation part. make: a new layer and how many outputs it has.

    The seed draws the parameters and the order of the windows, for each kind of layer the same order.
    """
    seen = tuple(map(torch.from_numpy, train))

    def epoch(rng: np.random.Generator) -> Iterator[Batch]:
        windows = train.now.shape[1]
        order = torch.from_numpy(rng.permutation(windows))
        for rows in order[: windows // recipe.batch * recipe.batch].split(recipe.batch):
            yield (part[:, rows] for part in seen)

    return _fit(make, recipe, train.now, epoch, [validation], seed)


def fit_any(
    make: Callable[[], tuple[nn.Module, int]],
    recipe: Recipe,
    train: Any,
    thin: Callable[[Any, float, int], Asked],
    validation: dict[float, Asked],
    seed: int,
) -> Fitted:
    """One net for every share of dropped ticks; best is the mean of the errors on the validation parts, one per share.

    train: windows. Each epoch draws anew what is dropped, and which batches lose which share, as many of each. Every
    fifth epoch is looked at.
    """
    shares = tuple(validation)

    def epoch(rng: np.random.Generator) -> Iterator[Batch]:
        windows = train.shape[1]
        batches = windows // recipe.batch
        order = rng.permutation(windows)[: batches * recipe.batch].reshape(batches, -1)
        lost = rng.permutation(np.resize(np.arange(len(shares)), batches))
        parts = [thin(train[:, order[lost == k].ravel()], s, int(rng.integers(2**31))) for k, s in enumerate(shares)]
        split = [zip(*(torch.from_numpy(a).split(recipe.batch, 1) for a in part), strict=True) for part in parts]
        for k in lost:
            yield next(split[k])

    return _fit(make, recipe, whole(train).now, epoch, list(validation.values()), seed, every=5)


def _fit(
    make: Callable[[], tuple[nn.Module, int]],
    recipe: Recipe,
    now: Any,
    batches_of: Callable[[np.random.Generator], Iterator[Batch]],
    validation: list[Asked],
    seed: int,
    every: int = 1,
) -> Fitted:
    torch.manual_seed(seed)
    model = Predictor(*make(), now, recipe)
    optimiser = torch.optim.AdamW(_groups(model, recipe), lr=recipe.rate, betas=(0.9, 0.99), fused=True)
    importance = model.s**-recipe.weighting
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs * (now.shape[1] // recipe.batch))
    rng, begun, best, kept, at = np.random.default_rng(seed), time.process_time(), math.inf, {}, 0
    for epoch in range(recipe.epochs):
        for now_heard, then, dt in batches_of(rng):
            said = model(now_heard, dt)
            loss = ((said - then).square() * importance).mean() / (model.s.square() * importance).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        if (epoch + 1) % every and epoch + 1 < recipe.epochs:
            continue
        reached = float(np.mean([score(model, part) for part in validation]))
        if reached < best:
            best, at, kept = reached, epoch, {k: v.clone() for k, v in model.state_dict().items()}
    seconds = time.process_time() - begun
    model.load_state_dict(kept)
    return Fitted(model, best, at, seconds, sum(p.numel() for p in model.parameters()))


def score(model: Predictor, asked: Asked) -> float:
    """Mean square error in raw units over all ticks and columns."""
    now, then, dt = map(torch.from_numpy, asked)
    with torch.no_grad():
        return float((model(now, dt) - then).square().mean(dtype=torch.float64))


def _groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    named = list(model.named_parameters())
    decays = [p for name, p in named if name.removesuffix("_l0").endswith(WEIGHTS)]
    rest = [p for name, p in named if not name.removesuffix("_l0").endswith(WEIGHTS)]
    return [{"params": decays, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
