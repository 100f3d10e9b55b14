"""Lightning: worth and MMD² as metrics of the validation, over all its rows and processes."""

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn

from gan_eval.integrations.torchmetrics import MMD, Worth


class Generator(lightning.LightningModule):
    """Learns where the rows lie, and how far they spread."""

    def __init__(self, reference):
        super().__init__()
        self.G = nn.Linear(2, 2)
        self.worth, self.mmd = Worth(reference, limit=True), MMD(reference)

    def sample(self, n):
        return self.G(torch.randn(n, 2, device=self.device))

    def training_step(self, batch):
        (real,) = batch
        fake = self.sample(len(real))
        means, spreads = fake.mean(0) - real.mean(0), fake.T.cov() - real.T.cov()
        return means.square().sum() + spreads.square().sum()

    def validation_step(self, batch):
        (real,) = batch
        for name, metric in (("worth", self.worth), ("mmd2", self.mmd)):
            metric.update(real, real=True)
            metric.update(self.sample(len(real)), real=False)
            self.log(name, metric)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 3e-2)


lightning.seed_everything(0)
real = torch.randn(9000, 2) @ torch.tensor([[1.0, 0.5], [0.0, 0.8]]) + torch.tensor([1.0, 2.0])
train, unseen, reference = real[:4000], real[4000:8000], real[8000:]


def loader(rows, shuffle=False):
    data = torch.utils.data.TensorDataset(rows)
    return torch.utils.data.DataLoader(data, batch_size=200, shuffle=shuffle)


nearest = ModelCheckpoint(monitor="worth", mode="max")
trainer = lightning.Trainer(
    max_epochs=10,
    accelerator="cpu",
    callbacks=[nearest],
    logger=CSVLogger("logs"),
    log_every_n_steps=10,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(Generator(reference), loader(train, shuffle=True), loader(unseen))
print(f"Worth at least {nearest.best_model_score:.0f} real rows: {nearest.best_model_path}")
