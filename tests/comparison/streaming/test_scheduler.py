"""A stream on the workers of a Dask scheduler, against one on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_eval.comparison.streaming import run, scan
from gan_eval.comparison.streaming.run import compare_streamed
from gan_eval.runtime.errors import UsageError
from gan_eval.study.run.dask_cluster import Cluster

from ...study.test_cluster import local
from . import files

pytest.importorskip("distributed")


def test_a_cluster_gives_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "UNIT_ROWS", 500)
    sides = [files.write(tmp_path / str(k), files.mixed(3000, k), 2) for k in (0, 1)]
    here = compare_streamed(*sides, workers=1)
    with local() as found, Cluster(found.scheduler_address) as cluster:
        there = compare_streamed(*sides, workers=1, run=cluster.run_all)
        monkeypatch.setattr(run, "code_version", lambda: "another")
        with pytest.raises(UsageError, match="other code"):
            compare_streamed(*sides, workers=1, run=cluster.run_all)
        cluster.cancel()
        monkeypatch.undo()
        files.mixed(9, 2).assign(a=float("inf")).to_parquet(sides[1] / "001.parquet", index=False)
        with pytest.raises(UsageError, match=r"001\.parquet.*infinite"):
            compare_streamed(*sides, workers=1, run=cluster.run_all)
    assert here.sketch is not None
    assert there.sketch is not None
    assert here.sketch.to_dict() == there.sketch.to_dict()
    assert here.generated == there.generated
