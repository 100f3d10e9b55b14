"""TensorBoard: the tracker's figures as scalars, and its picture."""

import numpy as np
from torch.utils.tensorboard import SummaryWriter

import gan_eval as ge

rng = np.random.default_rng(0)
tracker = ge.Tracker(rng.normal(size=(3000, 2)))
with SummaryWriter("runs/gan") as writer:
    for step in range(1, 11):
        rows = rng.normal(1 / step, size=(1000, 2))  # your generator's rows, after this step
        for name, value in tracker.log(step, rows).items():
            writer.add_scalar(name, value, step)
    writer.add_figure("gan_eval/training", tracker.plot(), step)
    writer.add_text("gan_eval/best", str(tracker.best()))
print(tracker.best())
