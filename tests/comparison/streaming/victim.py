"""Stream two folders with a state that is written after each unit, and be killed meanwhile."""

from __future__ import annotations

import os
import signal
import sys

from gan_eval.comparison.streaming import checkpoint, scan
from gan_eval.comparison.streaming.run import compare_streamed


def main() -> None:
    real, generated, folder, units = sys.argv[1:]
    scan.UNIT_ROWS, checkpoint.EVERY = 500, 0.0
    written, write = 0, checkpoint.Checkpoint.write

    def counted(self: checkpoint.Checkpoint, *state: object) -> None:
        nonlocal written
        write(self, *state)  # type: ignore[arg-type]
        written += 1
        if written == int(units):
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.Checkpoint.write = counted  # type: ignore[method-assign]
    compare_streamed(real, generated, checkpoint=folder, workers=1)


if __name__ == "__main__":
    main()
