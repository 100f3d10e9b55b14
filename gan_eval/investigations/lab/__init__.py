"""What do rates, widths and remedies do to the chapter's GAN? A grid, trained before a class."""

from gan_eval.investigations.lab.result import Lab
from gan_eval.investigations.lab.run import lab
from gan_eval.investigations.lab.settings import Settings

__all__ = ["Lab", "Settings", "lab"]
