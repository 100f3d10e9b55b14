"""A plain PyTorch loop, followed: keep the checkpoint that is nearest to rows it has not seen."""

import copy

import torch
from torch import nn

import gan_eval as ge

torch.manual_seed(0)
real = torch.randn(6000, 2) @ torch.tensor([[1.0, 0.5], [0.0, 0.8]]) + torch.tensor([1.0, 2.0])
train, unseen = real[:3000], real[3000:]

G = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
D = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
adam_g = torch.optim.Adam(G.parameters(), 1e-3, betas=(0.5, 0.9))
adam_d = torch.optim.Adam(D.parameters(), 2e-3, betas=(0.5, 0.9))
loss = nn.functional.binary_cross_entropy_with_logits
ones, zeros = torch.ones(128, 1), torch.zeros(128, 1)

tracker = ge.Tracker(unseen)
kept = {}
for step in range(1, 1501):
    batch = train[torch.randint(len(train), (128,))]
    fake = G(torch.randn(128, 2))
    adam_d.zero_grad()
    (loss(D(batch), ones) + loss(D(fake.detach()), zeros)).backward()
    adam_d.step()
    adam_g.zero_grad()
    loss(D(fake), ones).backward()
    adam_g.step()
    if step % 100 == 0:
        with torch.no_grad():
            tracker.log(step, G(torch.randn(1000, 2)))
        kept[step] = copy.deepcopy(G.state_dict())

best = tracker.best()
G.load_state_dict(kept[best.step])
print(best)
tracker.plot().savefig("training.png")
