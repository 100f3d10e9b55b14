"""What every test takes for granted: Hypothesis knows no clock and draws the same each time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gan_eval",
    deadline=None,
    derandomize=True,
    # Slow is what a busy machine makes of every strategy.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gan_eval")
