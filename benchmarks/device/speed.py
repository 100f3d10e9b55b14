"""How many examples a second the backends train on the GPU, and JAX's ``jit(vmap(scan))`` beside.

Of ``fused_cuda`` two rates are kept of each number of replicates: that of the whole call, from
seeds to arrays on the CPU, and that of the device alone, by the time that more epochs take: first
weights and the results' way back cost the same for few epochs and for all. Compiling counts in
neither.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.device.record import DEVICE, JAX, WHOLE, Record, rounds
from benchmarks.device.trainings import device_of
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.buffers import TrainingBuffers

UNIT = "examples/sec"


def fused(record: Record, size: Mapping[str, Any]) -> None:
    """``fused_cuda`` from 1 replicate to a million, traces thinned to the last epoch."""
    full = TrainingConfig.parse(size["training"])
    host(record, full, size["host"])
    trainer = device_of(record, "fused_cuda")
    if trainer is None:
        return
    few = full.model_copy(update={"epochs": max(1, full.epochs // 4)})
    with record.trying("fused_cuda, the compiled kernel"):
        began = time.perf_counter()
        trainer.train(few, [0], "cuda")
        record.fact("seconds to compile the kernels", time.perf_counter() - began)
        kernel(record, full)
    for replicates in size["replicates"]:
        name = f"{WHOLE}, {replicates:,} replicates"
        if record.late():
            record.left_out(name, "the time of this part was up")
            continue
        with record.trying(name):
            count = size["rounds"] if replicates < 10**6 else 2
            seeds = range(replicates)
            long, short = (
                rounds(partial(trainer.train, c, seeds, "cuda", every=c.epochs), count)
                for c in (full, few)
            )
            each = replicates * full.n_examples
            rates = [each * full.epochs / seconds for seconds in long]
            facts = {"replicates": replicates, "epochs": full.epochs}
            record.figure(name, rates, UNIT, trainer=WHOLE, **facts)
            gained = sorted(long)[count // 2] - sorted(short)[count // 2]
            if gained > 0:
                alone = each * (full.epochs - few.epochs) / gained
                what = f"{DEVICE}, {replicates:,} replicates"
                record.figure(what, [alone], UNIT, trainer=DEVICE, **facts)


def host(record: Record, config: TrainingConfig, replicates: int) -> None:
    """What one thread of the CPU does for so many replicates: first weights and results."""
    trained, part = TrainingBuffers(config, range(replicates), config.epochs), slice(0, replicates)
    found = rounds(lambda: trained.end(part, trained.start(part)), 3)
    record.figure(f"the CPU's part of {replicates:,} replicates, one thread", found, "seconds")


def registers(record: Record, size: Mapping[str, Any], share: tuple[int, int] = (0, 1)) -> None:
    """``fused_cuda`` with other numbers of registers a thread than it asks for.

    Each is compiled in a process of its own; they wait for one another to be timed.
    """
    from gan_eval.training.fused import cuda_source
    from gan_eval.training.fused.cuda_compile import cuda_kernel

    trainer = device_of(record, "fused_cuda")
    if trainer is None:
        return
    config = TrainingConfig.parse(size["training"])
    number, count = share
    for limit in size["registers"][number::count]:
        with record.trying(f"{limit} registers a thread"), record.path.open("a") as file:
            cuda_source.registers = lambda _, limit=limit: limit
            cuda_kernel.cache_clear()
            trainer.train(config.model_copy(update={"epochs": 1}), [0], "cuda")
            fcntl.flock(file, fcntl.LOCK_EX)
            seeds = range(size["tuned"])
            call = partial(trainer.train, config, seeds, "cuda", every=config.epochs)
            examples = len(seeds) * config.epochs * config.n_examples
            rates = [examples / seconds for seconds in rounds(call, size["rounds"])]
            what = f"fused_cuda, {limit} registers a thread, {len(seeds):,} replicates"
            record.figure(what, rates, UNIT, registers=limit)


def kernel(record: Record, config: TrainingConfig) -> None:
    """Keep what the compiler made of the training kernel: registers and memory of a thread."""
    from gan_eval.training.fused.cuda_compile import SIMULATED, cuda_kernel
    from gan_eval.training.fused.shape import Shape

    if SIMULATED:
        record.left_out("registers of a thread", "the simulator compiles nothing")
        return
    train = cuda_kernel(Shape.of(config), config.batch_size).train
    for name, ask in (
        ("registers of a thread", train.get_regs_per_thread),
        ("bytes of local memory of a thread", train.get_local_mem_per_thread),
        ("most threads of a block", train.get_max_threads_per_block),
    ):
        found = ask()
        record.fact(name, next(iter(found.values())) if isinstance(found, dict) else found)


def jax_scan(record: Record, size: Mapping[str, Any]) -> None:
    """``benchmarks/jax_scan.py`` on the GPU, at every number of replicates: its best counts."""
    # Else JAX takes three quarters of the memory at once.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    with record.trying(JAX):
        import jax

        from benchmarks.jax_scan import compiled

        devices = {one.platform for one in jax.devices()}
        wanted = "gpu" if size["device"] == "cuda" else "cpu"
        if wanted not in devices:
            record.left_out(JAX, f"JAX sees {', '.join(sorted(devices))} here, and no {wanted}")
            return
        training = TrainingConfig.parse(size["training"])
        config: Any = training.model_copy(update={"epochs": min(4, training.epochs)})
        for replicates in size["jax_replicates"]:
            name = f"{JAX}, {replicates:,} replicates"
            if record.late(20):
                record.left_out(name, "the time of this part was up")
                continue
            with record.trying(name):
                examples = replicates * config.epochs * config.n_examples
                found = rounds(compiled(config, replicates), size["rounds"])
                rates = [examples / seconds for seconds in found]
                facts = {"replicates": replicates, "epochs": config.epochs}
                record.figure(name, rates, UNIT, trainer=JAX, **facts)


def others(record: Record, size: Mapping[str, Any]) -> None:
    """The frameworks' backends on the GPU, for few epochs of few rows."""
    config = TrainingConfig.parse(size["training"] | {"epochs": 1})
    for name, replicates in (("pytorch:batched", 4096), ("pytorch:graphs", 4096), ("jax", 1024)):
        device = size["device"]
        trainer = device_of(record, name, device)
        replicates = min(replicates, max(size["replicates"]))
        what = f"{name}, {replicates:,} replicates"
        if trainer is None:
            continue
        if record.late(10):
            record.left_out(what, "the time of this part was up")
            continue
        with record.trying(what):
            found = rounds(partial(trainer.train, config, range(replicates), device), 2)
            rates = [replicates * config.n_examples / seconds for seconds in found]
            record.figure(what, rates, UNIT, trainer=name, replicates=replicates, epochs=1)
