"""What the chapter's PyTorch tab does, asked of PyTorch itself."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from torch import nn


def test_the_init_loop_reaches_biases() -> None:
    """The tab draws every parameter of both nets, whatever it is."""
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))
    torch.manual_seed(0)
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0, 0.02)
    assert len(list(net.parameters())) == 4
    for name, parameter in net.named_parameters():
        # Under N(0, 0.02²) one of these 21 numbers is beyond 0.1 with probability 1e-5.
        assert 0 < parameter.abs().max() < 0.1, name


def test_the_gradient_of_a_batch_is_its_sum() -> None:
    net, X = nn.Linear(2, 1, dtype=torch.float64), torch.randn(8, 2, dtype=torch.float64)
    loss = nn.BCEWithLogitsLoss(reduction="sum")
    gradients = []
    for rows in (X, *X.split(1)):
        net.zero_grad()
        loss(net(rows), torch.ones(len(rows), 1, dtype=torch.float64)).backward()
        assert net.weight.grad is not None
        gradients.append(net.weight.grad.clone())
    torch.testing.assert_close(gradients[0], torch.stack(gradients[1:]).sum(0))


def test_adam_has_epsilon_after_the_bias_correction() -> None:
    """With a gradient of ε's size the places differ: at step 1, √v̂ is g, but √v is g √0.001."""
    assert inspect.signature(torch.optim.Adam).parameters["eps"].default == 1e-8
    gradient, rate, epsilon = 1e-8, 0.1, 1e-8
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weight], lr=rate)
    weight.grad = torch.full_like(weight, gradient)
    optimizer.step()
    after = -rate * gradient / (gradient + epsilon)
    hat = -rate * np.sqrt(0.001) * gradient / (np.sqrt(0.001) * gradient + epsilon)
    assert weight.item() == pytest.approx(after, rel=1e-9)
    assert abs(hat / after - 1) > 0.9
