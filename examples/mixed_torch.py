"""A liquid as one layer of an ordinary torch model: Conv1d -> CfC -> Linear, trained end to end.

Who of nine men says "ae"? A convolution over neighbouring frames, a CfC of 32 units, a linear layer on its last
output; utterances of unequal length in one batch. Needs the extra: pip install 'plashet[torch]'.
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

import plashet as pl
from plashet.nn import CfC


class Speaker(nn.Module):
    """Frames (batch, time, 12) with their lengths to scores (batch, 9)."""

    def __init__(self) -> None:
        super().__init__()
        self.local = nn.Conv1d(12, 24, kernel_size=3, padding=1)
        self.liquid = CfC(24, 32, return_sequences=False, backbone_units=32)
        self.readout = nn.Linear(32, 9)

    def forward(self, frames: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        heard = torch.relu(self.local(frames.transpose(1, 2))).transpose(1, 2)
        last, _ = self.liquid(heard, lengths=lengths)  # beyond its length a row's state is held
        return self.readout(last)


def batch(sequences: list, labels: list) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    frames = pad_sequence([torch.from_numpy(s) for s in sequences], batch_first=True)
    return frames, torch.tensor([len(s) for s in sequences]), torch.as_tensor(labels) - 1


def train(model: Speaker, epochs: int = 40) -> list[float]:
    """Mini-batches of 30, Adam; the mean loss of each epoch."""
    frames, lengths, speakers = batch(*pl.data.japanese_vowels().train)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(epochs):
        parts = torch.randperm(len(frames)).split(30)
        total = 0.0
        for rows in parts:
            optimiser.zero_grad()
            loss = cross_entropy(model(frames[rows], lengths[rows]), speakers[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            total += loss.item()
        losses.append(total / len(parts))
    return losses


@torch.no_grad()
def recognised(model: Speaker, sequences: list, labels: list) -> float:
    frames, lengths, speakers = batch(sequences, labels)
    return (model(frames, lengths).argmax(1) == speakers).float().mean().item()


def main() -> None:
    torch.manual_seed(0)
    model, data = Speaker(), pl.data.japanese_vowels()
    before = recognised(model, *data.test)
    losses = train(model)
    after = recognised(model, *data.test)
    print(f"loss {losses[0]:.3f} in the first epoch, {losses[-1]:.4f} in the last")
    print(f"of 370 unseen utterances recognised: {before:.3f} untrained, {after:.3f} trained (chance {1 / 9:.3f})")
    for name, weights in model.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.abs().sum() > 0, name  # the slopes reach every layer, through the liquid too
    alone = model.eval()(torch.from_numpy(data.sequences[0])[None], torch.tensor([len(data.sequences[0])]))
    beside = model(*batch(data.sequences[:9], data.labels[:9])[:2])[:1]
    assert torch.allclose(alone, beside, atol=1e-5)  # a row does not hear how long the others are
    assert losses[-1] < 0.1 * losses[0]
    assert after > 0.93 > 0.3 > before


if __name__ == "__main__":
    main()
