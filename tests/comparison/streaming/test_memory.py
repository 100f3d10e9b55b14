"""What the processes of a stream load: libraries take more memory than the rows do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

CHOOSING = """
from gan_eval.stats.sketch import Reference
Reference.of(np.random.default_rng(0).normal(size=(1000, 2)))
"""
READING = """
from gan_eval.comparison.streaming.units import Recipe, Unit, read_unit
part = read_unit(Unit("real", "rows.parquet", (0,), 0, 50), Recipe(("a",), (), None, 64, 0, {}))
assert part.rows == 50
"""


@pytest.mark.parametrize(
    ("work", "unused"), [(CHOOSING, {"torch"}), (READING, {"torch", "pandas"})]
)
def test_it_loads_no_more_than_it_needs(work: str, unused: set[str], tmp_path: Path) -> None:
    pd.DataFrame({"a": np.arange(50.0)}).to_parquet(tmp_path / "rows.parquet")
    script = f"import sys\nimport numpy as np\n{work}\nprint(*({unused} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
