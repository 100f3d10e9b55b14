"""Lightning: a callback that logs each epoch's generator, and keeps the nearest one."""

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn

import gan_eval as ge


class Follow(lightning.Callback):
    """Log a model's rows at the end of each epoch; it has a method ``sample(n)``."""

    def __init__(self, tracker, rows=1000):
        self.tracker, self.rows = tracker, rows

    def on_train_epoch_end(self, trainer, pl_module):
        with torch.no_grad():
            found = self.tracker.log(trainer.current_epoch, pl_module.sample(self.rows))
        pl_module.log_dict(found)


class GAN(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.G = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
        self.D = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))

    def sample(self, n):
        return self.G(torch.randn(n, 2, device=self.device))

    def training_step(self, batch):
        (real,) = batch
        steps_G, steps_D = self.optimizers()
        fake, softplus = self.sample(len(real)), nn.functional.softplus
        steps_D.zero_grad()
        loss = softplus(-self.D(real)).mean() + softplus(self.D(fake.detach())).mean()
        self.manual_backward(loss)
        steps_D.step()
        steps_G.zero_grad()
        self.manual_backward(softplus(-self.D(fake)).mean())
        steps_G.step()

    def configure_optimizers(self):
        adam = torch.optim.Adam
        return (
            adam(self.G.parameters(), 1e-3, betas=(0.5, 0.9)),
            adam(self.D.parameters(), 2e-3, betas=(0.5, 0.9)),
        )


lightning.seed_everything(0)
real = torch.randn(6000, 2) @ torch.tensor([[1.0, 0.5], [0.0, 0.8]]) + torch.tensor([1.0, 2.0])
train, unseen = real[:3000], real[3000:]
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(train), batch_size=128, shuffle=True
)

tracker = ge.Tracker(unseen)
nearest = ModelCheckpoint(monitor="gan_eval/energy_distance", mode="min")
trainer = lightning.Trainer(
    max_epochs=20,
    accelerator="cpu",
    callbacks=[Follow(tracker), nearest],
    logger=CSVLogger("logs"),
    log_every_n_steps=10,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(GAN(), loader)
print(tracker.best())
print(nearest.best_model_path)
