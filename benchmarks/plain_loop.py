"""The chapter's loop as a reader of the chapter would write it in PyTorch, as a peer to time.

``torch.nn``, ``torch.optim.Adam`` and the logits loss, PyTorch's own generator for data, weights,
order and noise; nothing of this suite, and no trick.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BATCH_SIZE, LATENT, EXAMPLES = 8, 2, 1000


def update_D(
    X: Tensor,
    Z: Tensor,
    net_D: nn.Module,
    net_G: nn.Module,
    loss: nn.Module,
    trainer: torch.optim.Adam,
) -> Tensor:
    """One step of the discriminator; returns its loss."""
    ones, zeros = torch.ones((len(X), 1)), torch.zeros((len(X), 1))
    trainer.zero_grad()
    real_Y = net_D(X)
    fake_Y = net_D(net_G(Z).detach())
    loss_D = (loss(real_Y, ones) + loss(fake_Y, zeros)) / 2
    loss_D.backward()
    trainer.step()
    return loss_D


def update_G(
    Z: Tensor, net_D: nn.Module, net_G: nn.Module, loss: nn.Module, trainer: torch.optim.Adam
) -> Tensor:
    """One step of the generator; returns its loss."""
    ones = torch.ones((len(Z), 1))
    trainer.zero_grad()
    loss_G = loss(net_D(net_G(Z)), ones)
    loss_G.backward()
    trainer.step()
    return loss_G


def train(epochs: int, seed: int) -> tuple[nn.Sequential, float, float]:
    """Train one GAN; returns the generator and the last epoch's losses for an example."""
    generator = torch.Generator().manual_seed(seed)
    A, b = torch.tensor([[1.0, 2.0], [-0.1, 0.5]]), torch.tensor([1.0, 2.0])
    data = torch.randn(EXAMPLES, 2, generator=generator) @ A + b
    data_iter = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(data), BATCH_SIZE, shuffle=True, generator=generator
    )
    net_G = nn.Sequential(nn.Linear(LATENT, 2))
    net_D = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    for net in (net_D, net_G):
        for parameter in net.parameters():
            nn.init.normal_(parameter, 0.0, 0.02, generator=generator)
    loss = nn.BCEWithLogitsLoss(reduction="sum")
    trainer_D = torch.optim.Adam(net_D.parameters(), lr=0.05)
    trainer_G = torch.optim.Adam(net_G.parameters(), lr=0.005)
    loss_D = loss_G = 0.0
    for _ in range(epochs):
        loss_D = loss_G = 0.0
        for (X,) in data_iter:
            Z = torch.randn(len(X), LATENT, generator=generator)
            loss_D += update_D(X, Z, net_D, net_G, loss, trainer_D).item()
            loss_G += update_G(Z, net_D, net_G, loss, trainer_G).item()
    return net_G, loss_D / EXAMPLES, loss_G / EXAMPLES
