"""A GAN of two small networks, in PyTorch."""

import torch
from torch import nn
from torch.nn.functional import softplus


class RingGAN:
    """A GAN that finds the modes of a ring, most of them, and scatters some rows between them."""

    def __init__(self, width=64, epochs=400, batch_size=200, latent=2, rate_D=0.002, rate_G=0.001):
        self.width, self.epochs, self.batch_size = width, epochs, batch_size
        self.latent, self.rate_D, self.rate_G = latent, rate_D, rate_G

    def network(self, inputs, outputs):
        wide, hidden = nn.Linear(inputs, self.width), nn.Linear(self.width, self.width)
        return nn.Sequential(wide, nn.ReLU(), hidden, nn.ReLU(), nn.Linear(self.width, outputs))

    def steps(self, rows, rng):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            self.G, D = self.network(self.latent, rows.shape[1]), self.network(rows.shape[1], 1)
        luck = torch.Generator().manual_seed(int(rng.integers(2**62)))
        self.mean, self.scale = rows.mean(axis=0), rows.std(axis=0)
        real = torch.tensor((rows - self.mean) / self.scale, dtype=torch.float32)
        adam_D = torch.optim.Adam(D.parameters(), self.rate_D, betas=(0.5, 0.99))
        adam_G = torch.optim.Adam(self.G.parameters(), self.rate_G, betas=(0.5, 0.99))
        for epoch in range(1, self.epochs + 1):
            for adam, rate in ((adam_D, self.rate_D), (adam_G, self.rate_G)):
                adam.param_groups[0]["lr"] = rate * (1 - 0.98 * epoch / self.epochs)
            for batch in torch.randperm(len(real), generator=luck).split(self.batch_size):
                made = self.G(torch.randn(len(batch), self.latent, generator=luck))
                adam_D.zero_grad()
                (softplus(-D(real[batch])).mean() + softplus(D(made.detach())).mean()).backward()
                adam_D.step()
                adam_G.zero_grad()
                softplus(-D(made)).mean().backward()
                adam_G.step()
            if epoch % max(1, self.epochs // 10) == 0:
                yield epoch * len(rows), self

    def sample(self, n, rng):
        z = torch.tensor(rng.standard_normal((n, self.latent)), dtype=torch.float32)
        with torch.no_grad():
            return self.G(z).numpy() * self.scale + self.mean
