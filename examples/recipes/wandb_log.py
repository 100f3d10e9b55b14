"""Weights & Biases: the tracker's figures as metrics, its table, its picture and the best one."""

import numpy as np
import wandb

import gan_eval as ge

rng = np.random.default_rng(0)
tracker = ge.Tracker(rng.normal(size=(3000, 2)))
with wandb.init(project="gan", mode="offline") as run:  # without `mode` it goes to the server
    for step in range(1, 11):
        rows = rng.normal(1 / step, size=(1000, 2))  # your generator's rows, after this step
        run.log(tracker.log(step, rows), step=step)
    tracker.plot().savefig("training.png")
    run.log({"gan_eval/training": wandb.Image("training.png")})
    run.log({"gan_eval/checkpoints": wandb.Table(dataframe=tracker.frame)})
    run.summary["best step"] = tracker.best().step
print(tracker.best())
