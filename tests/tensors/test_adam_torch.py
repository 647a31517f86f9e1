"""Our Adam is torch's. Needs the extra; run by `make test-torch`."""

from math import inf

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from plashet.learn.adam import Adam  # noqa: E402


@pytest.mark.parametrize("clip", [inf, 1.5])
def test_it_is_the_adam_of_torch(clip):
    import torch

    rng = np.random.default_rng(0)
    theta, ours = rng.normal(size=7), Adam(0.03, clip=clip)
    state = ours.init(theta)
    theirs = torch.tensor(theta, requires_grad=True)
    optimiser = torch.optim.Adam([theirs], lr=0.03)
    for _ in range(40):
        slope = rng.normal(size=7)
        state, theta = ours.step(state, theta, slope)
        theirs.grad = torch.tensor(slope)
        if clip < inf:
            torch.nn.utils.clip_grad_norm_([theirs], clip, error_if_nonfinite=True)
        optimiser.step()
        # torch divides by the norm and 1e-6 more
        np.testing.assert_allclose(theta, theirs.detach().numpy(), rtol=1e-6 if clip == inf else 1e-5, atol=1e-6)
