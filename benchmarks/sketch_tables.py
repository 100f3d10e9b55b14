"""The figures of docs/sketch.md, by parts.

    python -m benchmarks.sketch_tables level|power|bound|coverage|blocks|speed|large|shift|plan [n]

``n`` is the number of repetitions (rows, in ``speed``). Times are processor time of one core, the
least of several rounds; `large` is measured in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from gan_eval.distributions import mmd2 as law_mmd2
from gan_eval.stats.permutation.labels import permutation_labels
from gan_eval.stats.sketch import Reference, Sketch
from gan_eval.stats.sketch.dealing import OCTAVES, deal, key_of
from gan_eval.stats.sketch.distances import block_means, worth
from gan_eval.stats.sketch.grouping import equal_blocks, grouping
from gan_eval.stats.twosample import mmd2, mmd_test

Rows = np.ndarray
Draw = Callable[[np.random.Generator, int], Rows]
SIZES = (
    (8, 8), (20, 30), (60, 60), (1000, 1000), (300, 900), (300, 3000), (100, 3000), (100, 10_000),
)  # fmt: skip
ALTERNATIVES = ("shift 0.03", "scale 1.025", "correlation 0.1", "2 % in a lump", "a kink")


def normal(rng: np.random.Generator, n: int) -> Rows:
    """Draw N(0, I) in the plane."""
    return rng.normal(size=(n, 2))


def in_order(rng: np.random.Generator, rows: Rows, order: str) -> Rows:
    """Put rows in some order: sorted, or drifting from small to large."""
    if order == "sorted":
        return rows[np.argsort(rows[:, 0])]
    if order == "drifting":
        return rows[np.argsort(rows[:, 0] + rng.normal(size=len(rows)))]
    return rows


def a_reference(seed: int = 12345, **options: float) -> Reference:
    """Make a reference of 4,096 normal rows."""
    return Reference.of(normal(np.random.default_rng(seed), 4096), **options)  # pyright: ignore


def null_pvalue(reference: Reference, n: int, m: int, order: str, seed: int) -> float:
    """Test two samples of one distribution."""
    rng = np.random.default_rng([seed, n, m, len(order)])
    sides = [in_order(rng, normal(rng, size), order) for size in (n, m)]
    real, generated = (
        Sketch(reference, stream=f"{seed}/{side}").update(rows) for side, rows in enumerate(sides)
    )
    return real.test(generated, permutations=199, rng=rng).pvalue


def unequal_pvalue(reference: Reference, n: int, m: int, seed: int) -> float:
    """Do what must not be done: permute the labels of blocks, whatever their counts."""
    rng = np.random.default_rng([seed, n, m])
    sums, counts = [], []
    for side, size in enumerate((n, m)):
        sketch = Sketch(reference, stream=f"{seed}/{side}").update(normal(rng, size))
        groups, blocks = equal_blocks(sketch.counts, size // 17, 16)
        sums.append(block_means(sketch, groups, blocks, 1))
        counts += [size // 17] * blocks
    labels = permutation_labels(16, 16, 199, rng)
    labels = np.concatenate([[np.arange(32) < 16], labels]).astype(float)
    of_x, of_y = (
        side @ np.concatenate(sums) / (side @ np.array(counts))[:, None]
        for side in (labels, 1 - labels)
    )
    values = ((of_x - of_y) ** 2).sum(axis=1)
    return float((values >= values[0]).mean())


def level(repetitions: int = 2000) -> None:
    """Print how often equal distributions are told apart at 5 %."""
    reference = a_reference()
    band = 2.576 * np.sqrt(0.05 * 0.95 / repetitions)
    print(f"{repetitions} nulls; 99 % band {0.05 - band:.4f} … {0.05 + band:.4f}")
    for n, m in SIZES:
        for order in ("as drawn", "sorted", "drifting"):
            found = [null_pvalue(reference, n, m, order, seed) for seed in range(repetitions)]
            print(f"{n:6} {m:6} {order:9} {np.mean(np.array(found) <= 0.05):.4f}", flush=True)
    found = [unequal_pvalue(reference, 16_000, 1_600, seed) for seed in range(repetitions // 4)]
    print(f"blocks of 941 and of 94 rows permuted: {np.mean(np.array(found) <= 0.05):.3f}")


def alternative(name: str, rng: np.random.Generator, n: int) -> Rows:
    """Draw rows that are nearly N(0, I)."""
    rows = normal(rng, n)
    if name.startswith("shift"):
        rows[:, 0] += 0.03
    elif name.startswith("scale"):
        rows *= 1.025
    elif name.startswith("correlation"):
        rows[:, 1] = 0.1 * rows[:, 0] + np.sqrt(1 - 0.1**2) * rows[:, 1]
    elif name.startswith("2 %"):
        some = rng.random(n) < 0.02
        rows[some] = 0.3 * rows[some] + [1.5, 0.0]
    else:
        rows[:, 0] += 0.04 * np.abs(rows[:, 1])
    return rows


def power(repetitions: int = 100) -> None:
    """Print the power at 10⁴ + 10⁴ rows beside that of the full permutation test, paired."""
    reference, n = a_reference(), 10_000
    white = reference.whitening
    law = reference.mean, np.linalg.inv(white @ white.T)
    print(f"{repetitions} pairs of {n} + {n} rows, 5 %: power of the sketch, full, ratio")
    for name in ALTERNATIVES:
        found = []
        for seed in range(repetitions):
            rng = np.random.default_rng([seed, len(name)])
            x, y = normal(rng, n), alternative(name, rng, n)
            real = Sketch(reference, stream="real").update(x)
            generated = Sketch(reference, stream="generated").update(y)
            full = mmd_test(
                x, y, bandwidth=reference.bandwidth, whiten=law, permutations=199, rng=rng
            )
            found.append((real.test(generated, 999, rng=rng).pvalue, full.pvalue))
        sketch, whole = (np.array(found) <= 0.05).mean(axis=0)
        print(f"{name:17} {sketch:.2f} {whole:.2f} {sketch / whole:.2f}", flush=True)


def bound(repetitions: int = 5) -> None:
    """Print the error of MMD² beside its bound and its spread under equal distributions."""
    print("kernel, columns, rank, MMD², error, bound")
    for kernel in ("gaussian", "inverse_multiquadric", "rational_quadratic"):
        for d in (1, 2, 3):
            for seed in range(repetitions):
                rng = np.random.default_rng([seed, d])
                reference = Reference.of(rng.normal(size=(4096, d)), kernel, tolerance=1e-5)
                x, y = rng.normal(size=(3000, d)), 1.1 * rng.normal(size=(4000, d))
                real, generated = (Sketch(reference, stream=s) for s in ("real", "generated"))
                found, most = real.update(x).mmd2(generated.update(y))
                white = reference.whitening
                law = reference.mean, np.linalg.inv(white @ white.T)
                exact = mmd2(x, y, kernel=kernel, bandwidth=reference.bandwidth, whiten=law)
                print(
                    f"{kernel:20} {d} {reference.rank:4} {exact:.3e} {exact - found:8.1e} "
                    f"{most:.1e} {'' if abs(exact - found) <= most else 'OUTSIDE'}",
                    flush=True,
                )


def coverage(repetitions: int = 500) -> None:
    """Print how often the 95 % interval of MMD² behind worth holds it, and its median width."""
    print(f"share of {repetitions} intervals; error {np.sqrt(0.95 * 0.05 / repetitions):.3f}")
    sizes = (50, 50), (1000, 1000), (600, 200), (50, 500), (500, 50), (2000, 200), (50, 5000)
    for columns in (1, 2):
        rows = np.random.default_rng(12345).normal(size=(4096, columns))
        reference = Reference.of(rows, whiten=False)
        for n, m in sizes:
            for shift in (0.0, 0.2, 1.0):
                held, width = _held(reference, n, m, shift, repetitions)
                print(
                    f"{columns} columns, {n:5} + {m:5} rows, {shift:.1f} sd apart: {held:.3f}, "
                    f"width {width:.5f}",
                    flush=True,
                )


def _held(
    reference: Reference, n: int, m: int, shift: float, repetitions: int
) -> tuple[float, float]:
    d = reference.dimension
    mean, truth = shift * np.eye(d)[0], (np.zeros(d), np.eye(d))
    exact = float(law_mmd2((mean, np.eye(d)), truth, bandwidth=reference.bandwidth))
    ends = np.empty((repetitions, 2))
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, n, m, d, int(10 * shift)])
        real = Sketch(reference, stream=f"real {seed}").update(rng.normal(size=(n, d)))
        rows = rng.normal(mean, 1.0, (m, d))
        found = worth(real, Sketch(reference, stream=f"generated {seed}").update(rows))
        assert found is not None
        ends[seed] = found.distance_low, found.distance_high
    low, high = ends.T
    return float(np.mean((low <= exact) & (exact <= high))), float(np.median(high - low))


def blocks() -> None:
    """Print the blocks of equal counts, and the share of the rows in them."""
    each = np.repeat(2.0 ** -np.arange(1, OCTAVES + 1), 128) / 128
    print("      rows  ratio  blocks  rows in a block  used  seconds")
    for n in (100, 10_000, 10**6, 10**8, 10**11):
        for ratio in (1, 1.37, 3, 10, 30, 100):
            rng = np.random.default_rng([n % 97, int(ratio * 100)])
            x, y = (rng.multinomial(int(size), each / each.sum()) for size in (n, ratio * n))
            start = time.process_time()
            found = grouping(x, y)
            seconds = time.process_time() - start
            if found is None:
                print(f"{n:10.0e} {ratio:6} none")
                continue
            used = [found.size * b / s.sum() for b, s in zip(found.blocks, (x, y), strict=True)]
            print(
                f"{n:10.0e} {ratio:6} {found.blocks[0]:4} + {found.blocks[1]:<4}"
                f"{found.size:14,} {used[0]:6.3f} {used[1]:5.3f} {seconds:6.2f}"
            )


def least(work: Callable[[], object], rounds: int = 7) -> float:
    """Return the least processor time of several rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def batches(path: Path) -> Iterator[object]:
    """Read a Parquet file batch by batch."""
    import pyarrow.parquet as pq

    yield from pq.ParquetFile(path).iter_batches(2**16, use_threads=False)


def parquet(folder: Path, n: int, dtype: str = "float64") -> Path:
    """Write n rows of two float columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = normal(np.random.default_rng(0), n).astype(dtype)
    path = folder / f"{dtype}.parquet"
    pq.write_table(pa.table({"x1": rows[:, 0], "x2": rows[:, 1]}), path)
    return path


def unit_costs(n: int = 2**20) -> dict[str, float]:
    """Measure what a row, a merge and a test cost."""
    rng = np.random.default_rng(0)
    reference = a_reference()
    rows = normal(rng, n)
    sketch = Sketch(reference, stream="a").update(rows[:10_000])
    found = {"rank": float(reference.rank)}
    found["update"] = least(lambda: sketch.update(rows)) / n
    found["dealing alone"] = least(lambda: deal(key_of(0, "a"), 0, 2**16, 4096)) / 2**16
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("float64", "float32"):
            path = parquet(Path(folder), n, dtype)

            def whole(path: Path = path) -> None:
                for batch in batches(path):
                    sketch.update(np.column_stack([c.to_numpy() for c in batch.columns]))  # pyright: ignore

            found[f"read {dtype}"] = least(lambda p=path: list(batches(p)), 5) / n
            found[f"read and update {dtype}"] = least(whole, 3) / n
        other = Sketch(reference, stream="b").update(rows)
        path = Path(folder) / "a.npz"
        sketch.save(path)
        found["bytes"] = float(path.stat().st_size)
        found["load"] = least(lambda: Sketch.load(path))
        found["merge"] = least(lambda: sketch.merge(other))
        found["test"] = least(lambda: sketch.test(other), 3)
    return found


def speed(n: int = 2**20) -> None:
    """Print what a row costs."""
    for name, value in unit_costs(n).items():
        if name in ("rank", "bytes"):
            print(f"{name:24} {value:,.0f}")
        elif name in ("load", "merge", "test"):
            print(f"{name:24} {value:.4f} s")
        else:
            print(f"{name:24} {1e9 * value:6.1f} ns a row, {1e-6 / value:6.2f} M rows/s")


def plan(rows: float = 1e11, machines: int = 100, cores: int = 8) -> None:
    """Print how long 10¹¹ rows take on 100 machines."""
    found = unit_costs()
    each = found["read and update float64"]
    print(f"rows/s and core, read and summed: {1 / each / 1e6:.2f} M")
    print(f"{rows:.0e} rows on {machines} machines of {cores} cores: ", end="")
    print(f"{rows * each / machines / cores / 60:.1f} minutes")
    workers = machines * cores
    print(f"bytes of a sketch: {found['bytes'] / 2**20:.2f} MiB; of {workers}: ", end="")
    print(f"{found['bytes'] * workers / 2**30:.2f} GiB")
    print(f"loading and merging {workers}: {workers * (found['load'] + found['merge']):.1f} s")
    print(f"testing: {found['test']:.2f} s")


def large(n: int = 10**6) -> None:
    """Print time and memory of n + n rows from arrays to the p-value, in a process of its own."""
    script = (
        "import time, resource, numpy as np\n"
        "from benchmarks.sketch_tables import a_reference, normal, Sketch\n"
        f"rng = np.random.default_rng(0); x, y = normal(rng, {n}), normal(rng, {n})\n"
        "reference = a_reference()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "wall, cpu = time.perf_counter(), time.process_time()\n"
        "real = Sketch(reference, stream='real').update(x)\n"
        "found = real.test(Sketch(reference, stream='generated').update(y))\n"
        "cpu, wall = time.process_time() - cpu, time.perf_counter() - wall\n"
        "print(f'{cpu:.2f} s of a core, {wall:.2f} s by the clock')\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(f'peak {after / 1024:.0f} MiB, {(after - before) / 1024:.0f} of them its own')\n"
        "print(found)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def shift(repetitions: int = 20, n: int = 10**7) -> None:
    """Print how often shifts of one column are found at 5 % by 10⁷ + 10⁷ rows, drawn block by block
    and never in memory together; 10 s of a processor a repetition."""
    reference, sizes = a_reference(), (0.0, 0.0015)
    found = np.zeros((len(sizes), repetitions))
    for seed in range(repetitions):
        real = _drawn(reference, 10 * seed, n, 0.0)
        for index, size in enumerate(sizes):
            other = _drawn(reference, 10 * seed + index + 1, n, size)
            found[index, seed] = real.test(other).pvalue
        told = (found[:, : seed + 1] <= 0.05).sum(axis=1)
        counts = ", ".join(
            f"{size:g} sd in {count}" for size, count in zip(sizes, told, strict=True)
        )
        print(f"of {seed + 1}: {counts}; p = {found[:, seed].tolist()}", flush=True)


def _drawn(reference: Reference, seed: int, n: int, size: float) -> Sketch:
    rng, sketch = np.random.default_rng(seed), Sketch(reference, stream=seed)
    for _ in range(n // 10**6):
        sketch.update(normal(rng, 10**6) + np.array([size, 0.0]))
    return sketch


def main() -> None:
    """Run the part that is named."""
    parts: dict[str, Callable[..., None]] = {
        function.__name__: function
        for function in (level, power, bound, coverage, blocks, speed, large, shift, plan)
    }
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(__doc__)
    parts[sys.argv[1]](*map(int, sys.argv[2:3]))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
