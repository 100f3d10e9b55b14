"""MLflow: the tracker's figures as metrics, its table, its picture and the best checkpoint."""

import mlflow
import numpy as np

import gan_eval as ge

mlflow.set_tracking_uri("sqlite:///mlflow.db")  # or your server's address
rng = np.random.default_rng(0)
tracker = ge.Tracker(rng.normal(size=(3000, 2)))
with mlflow.start_run():
    for step in range(1, 11):
        rows = rng.normal(1 / step, size=(1000, 2))  # your generator's rows, after this step
        mlflow.log_metrics(tracker.log(step, rows), step=step)
    mlflow.log_figure(tracker.plot(), "training.png")
    mlflow.log_dict(tracker.best().to_dict(), "best.json")
    mlflow.log_text(tracker.frame.to_csv(index=False), "checkpoints.csv")
print(tracker.best())
