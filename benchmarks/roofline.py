"""What the processor could do for one example of a training, and the share of it that is reached.

    python -m benchmarks.roofline [--rounds 40] [--replicates 512]

counts the operations of ``fused_cpu``'s program (``benchmarks/counting.py``), measures how many of
each kind one core can start a second, in a loop of independent ones that is made by the same code
generator as the kernel, and lets all of these loops and a training take turns in many short rounds.
Everything runs on one thread and is measured in seconds of the processor, so that others on the
machine disturb it little; a share is the median over rounds, with the middle half of them.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from benchmarks.counting import FLOATING, INTEGER, PHASES, operations_per_example, total
from gan_eval.runtime import threads
from gan_eval.runtime.machine_code import processor
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.values import Kind, Value

CHAINS = 12
"""Independent chains of operations: more than the latency of one, and they fit 16 registers."""
TURNS = 2**17
"""Turns of the loop in a call, each with one operation a chain."""

Step = Callable[[Lanes, Value, Value], Value]
STEPS: dict[str, tuple[Kind, int, Step]] = {
    "fma": ("real", 1, lambda k, x, c: k.fma(x, c, c)),
    "mul": ("real", 1, lambda _, x, c: x * c),
    "add": ("real", 1, lambda _, x, c: x + c),
    "div": ("real", 1, lambda _, x, c: x / c),
    "sqrt": ("real", 1, lambda k, x, _: k.sqrt(x)),
    # Two operations, because LLVM knows the sum of a loop that only adds.
    "integer": ("word", 2, lambda _, x, c: (x + c) ^ c),
    # Philox's mixture: lower half (which costs nothing), product, upper half, and two more.
    "wide": ("wide", 5, lambda _, x, c: (((x & 0xFFFFFFFF) * 0xD2511F53) >> 32) ^ c ^ x),
}
"""Operation → kind of number, operations in a step, and one step of a chain x with a constant c."""


@lru_cache(maxsize=len(STEPS))
def loop_of(operation: str) -> tuple[Callable[[], None], int, Any]:
    """A call that does so many operations a lane; their number; LLVM's engine, to be kept."""
    kind, count, step = STEPS[operation]
    where = processor()
    module = ir.Module(operation)
    k = Lanes(
        module, "loop", where.width, [ir.PointerType(), ir.IntType(64)],
        double=False, fused=where.fused,
    )  # fmt: skip
    memory = k.memory(0, kind)
    constant = memory[CHAINS]
    chains = [k.variable(memory[i]) for i in range(CHAINS)]

    def turn(_: Value) -> None:
        for chain in chains:
            chain.set(step(k, chain.get(), constant))

    k.loop(0, k.scalar_argument(1, "index"), turn)
    for i, chain in enumerate(chains):
        memory[i] = chain.get()
    k.finish()
    engine = _compiled(module, where.width)
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
        engine.get_function_address("loop")
    )

    def call() -> None:
        # All ones: no operation meets a slow number, and none overflows but a growing sum.
        dtype = {"real": np.float32, "word": np.uint32, "wide": np.uint64}[kind]
        raw = np.ones((CHAINS + 2) * where.width, dtype)
        start = -raw.ctypes.data % 64 // raw.itemsize
        function(raw[start:].ctypes.data, TURNS)

    return call, CHAINS * TURNS * count, engine


def _compiled(module: ir.Module, width: int) -> Any:
    module.triple = llvm.get_default_triple()
    where = processor()
    text = str(module)
    if width * 4 >= 64:  # as gan_eval.runtime.machine_code does: else LLVM may halve the vectors
        wide = '"min-legal-vector-width"="512" "prefer-vector-width"="512"'
        text = text.replace(")\n{", f") {wide}\n{{")
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=where.name, features=where.features, opt=3, reloc="pic", codemodel="jitdefault"
    )
    parsed = llvm.parse_assembly(text)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return engine


def rate(operation: str) -> float:
    """Operations a second of the processor, all lanes of one thread together."""
    call, operations, _ = loop_of(operation)
    call()  # the first meets caches and predictors that another has filled
    began = time.thread_time()
    call()
    return operations * processor().width / (time.thread_time() - began)


def measure(config: TrainingConfig, replicates: int, rounds: int) -> dict[str, list[float]]:
    """Examples/sec of ``fused_cpu`` and operations/sec by kind, of each round, in turn."""
    trainer, examples = backend("fused_cpu"), replicates * config.epochs * config.n_examples
    found: dict[str, list[float]] = {name: [] for name in ("examples", *STEPS)}
    with threads.allow(1):
        for number in range(rounds + 1):
            round_of = {operation: rate(operation) for operation in STEPS}
            began = time.thread_time()
            trainer.train(config, range(replicates))
            round_of["examples"] = examples / (time.thread_time() - began)
            if number:  # the first one compiles
                for name, value in round_of.items():
                    found[name].append(value)
    return found


def spread(shares: list[float]) -> str:
    """The median, and the middle half of rounds."""
    low, middle, high = statistics.quantiles(shares, n=4)
    return f"{middle:.0%} ({low:.0%} … {high:.0%} of the middle half of rounds)"


def print_counts(counts: dict[tuple[str, str], float]) -> None:
    """Operations an example, one row a part of an epoch."""
    columns = (*FLOATING, *INTEGER)
    print(f"{'operations an example':24}" + "".join(f"{name:>9}" for name in columns))
    for phase in (*PHASES, None):
        of_phase = {key: n for key, n in counts.items() if phase in (key[0], None)}
        cells = "".join(f"{total(of_phase, name):>9.1f}" for name in columns)
        print(f"{phase or 'all':24}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Operations of an example against the peak.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--replicates", type=int, default=512)
    arguments = parser.parse_args()
    config, where = TrainingConfig(), processor()
    counts = operations_per_example(config)
    print_counts(counts)
    found = measure(config, arguments.replicates, arguments.rounds)
    middle = {name: statistics.median(series) for name, series in found.items()}
    print(f"\n{where.name}, {where.width} lanes, one thread; {arguments.rounds} rounds, medians")
    print(f"{'':24}{'an example':>12}{'G a second':>12}{'ns, alone':>12}")
    of_each = {name: total(counts, name) for name in STEPS}
    for name, n in of_each.items():
        print(f"{name:24}{n:>12.1f}{middle[name] / 1e9:>12.2f}{1e9 * n / middle[name]:>12.2f}")
    # Of each round: what an example's operations take if done one kind after another.
    by_round = [
        dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)
    ]
    alone = [sum(n / one[name] for name, n in of_each.items()) for one in by_round]
    print(f"{'one after another':48}{1e9 * statistics.median(alone):>12.2f}")
    floating = total(counts, *FLOATING)
    print(
        f"fused_cpu: {middle['examples'] / 1e6:,.1f} M examples/sec, "
        f"{1e9 / middle['examples']:.1f} ns an example, {floating:.0f} floating-point operations"
    )
    peak = [floating * one["examples"] / one["fma"] for one in by_round]
    print(f"share of the multiply-add peak: {spread(peak)}")
    rows = [one["examples"] * seconds for one, seconds in zip(by_round, alone, strict=True)]
    print(f"share of one after another: {spread(rows)}")


if __name__ == "__main__":
    main()
