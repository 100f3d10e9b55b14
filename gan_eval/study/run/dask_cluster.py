"""The workers of a Dask scheduler as the workers of a study, in the place of ``execute.Processes``.

Dask is imported when a ``Cluster`` is entered, nowhere else.
"""

from __future__ import annotations

import pickle
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import DIED, Failure, Task
from gan_eval.study.plan.units import Place, Unit
from gan_eval.study.run import dask_worker
from gan_eval.study.run.dask_connection import connected, said
from gan_eval.training.backends import Availability

if TYPE_CHECKING:
    from distributed import Client, Future

Tasks = Callable[[Sequence[Unit]], Iterator[Task]]
"""Gives, of some units, the tasks of those that must be trained, each when it is asked for: a
function with the unit and the study."""

GPU = "GPU"
"""The Dask resource that a worker with a GPU offers."""
PATIENCE = 60.0
"""Seconds that a task waits while no worker is there that could run it."""
_LOOK = 2.0
"""Seconds after which the workers are counted again."""
_GO_ON = "what was finished is in the ledger, and the same command goes on from there"


def on_gpu(device: str) -> bool:
    """Tell whether a device is one for which a worker must offer a GPU."""
    return device.partition(":")[0] == "cuda"


class Cluster:
    """A connection to a scheduler and the tasks that were handed to it; a context manager.

    Each method raises ``UsageError`` in one sentence where the scheduler or its workers are not
    there, are lost, or have other versions of Dask or other code.
    """

    def __init__(self, address: str, threads: int = 1) -> None:
        self.address, self.threads = address, threads
        self.workers = 0
        """The most workers that were seen at a time."""
        self._held = ExitStack()
        self._client: Client
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._running: dict[Future, tuple[Task, bool]] = {}
        """Futures with their tasks, and whether they need a GPU."""
        self._slots = {True: 0.0, False: 0.0}
        """The number of tasks that can run at a time, with a GPU and without."""
        self._looked = -_LOOK
        self._seen = dict.fromkeys((True, False), time.monotonic())
        """The time when there was last a slot, or nothing that needed one."""

    def __enter__(self) -> Self:
        self._client = self._held.enter_context(connected(self.address))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def cancel(self) -> None:
        """Cancel the queued tasks. A task already running finishes on its worker, and its result is
        discarded."""
        with suppress(Exception):  # nothing can be taken back from who is lost
            self._client.cancel(list(self._running), force=True)
        self._running.clear()

    def call(self, function: Callable[..., Any], *arguments: Any, gpu: bool = False) -> Any:
        """Run one task and wait for it, on a worker that offers a GPU if that is asked for."""
        self._submit((function, *arguments), gpu)
        _, found = self._next()
        if isinstance(found, Failure):
            raise UsageError(f"a worker of {self.address} failed: {found.message}")
        return found

    def survey(
        self, survey: Callable[..., Any], names: Sequence[str] | None, devices: Sequence[str]
    ) -> tuple[list[Availability], Any]:
        """Ask a worker for its backends and its machine; the GPUs are those of a worker that
        offers them.

        ``names`` and ``devices`` are those that the study names, of backends and of devices.
        """
        found, machine = self.call(survey, names)
        self._look()
        named = next(filter(on_gpu, devices), None)
        if named is not None and not self._slots[True]:
            raise self._no_gpu(f"device {named!r}")
        others: list[Availability] = []
        if self._slots[True]:
            others = self.call(survey, names, gpu=True)[0]
        by_name = {entry.name: entry for entry in others}
        return [_joined(entry, by_name.get(entry.name)) for entry in found], machine

    def train(
        self,
        tasks: Tasks,
        alone: Sequence[Unit],
        rest: Sequence[Unit],
        *,
        versions: Mapping[Place, str],
        ahead: bool,
    ) -> Iterator[tuple[Unit, Any]]:
        """Train units; yield each with its ``PackedUnit``, or a ``Failure``, when it has ended.

        Units that need a GPU and those that do not are handed out apart, so that neither waits for
        the other. With ``ahead``, twice as many are handed out as can run, so that no worker waits
        for its next one; without, none that could not begin. A worker whose code for a unit
        has not the version in ``versions`` is refused.
        """

        def checked(units: Sequence[Unit]) -> Iterator[Task]:
            for finish, unit, study in tasks(units):
                yield dask_worker.finish_unit, unit, study, versions[unit.place], finish

        for task in checked(alone):
            self._submit(task, on_gpu(task[1].device))
            yield self._next()
        waiting = {
            gpu: checked([unit for unit in rest if on_gpu(unit.device) is gpu])
            for gpu in (True, False)
        }
        while waiting or self._running:
            if time.monotonic() > self._looked + _LOOK:
                self._look()
            for gpu, some in list(waiting.items()):
                room = self._slots[gpu] * (2 if ahead else 1)
                while self._handed_out(gpu) < max(1, room):
                    task = next(some, None)
                    if task is None:
                        del waiting[gpu]
                        break
                    self._submit(task, gpu)
            if self._running:
                yield self._next()

    def run_all(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Yield tasks with their outcomes (or a ``Failure``) as they end, as ``Pool.run_all``.

        Twice as many are handed out as can run, so that no worker waits for its next one.
        """
        waiting, more = iter(tasks), True
        while more or self._running:
            if time.monotonic() > self._looked + _LOOK:
                self._look()
            while more and len(self._running) < max(1, 2 * self._slots[False]):
                task = next(waiting, None)
                if task is None:
                    more = False
                else:
                    self._submit(task, gpu=False)
            if self._running:
                yield self._ended_task()

    def _handed_out(self, gpu: bool) -> int:
        return sum(needed is gpu for _, needed in self._running.values())

    def _submit(self, task: Task, gpu: bool) -> None:
        function, *arguments = task
        try:
            future = self._client.submit(
                pickle.loads,
                dask_worker.packed(function, tuple(arguments), self.threads),
                pure=False,
                # The survey is a `partial`, which has its function's name only inside.
                key=f"{getattr(function, 'func', function).__name__}-{uuid4()}",
                resources={GPU: 1} if gpu else None,
            )
        except Exception as error:  # Dask and its transports share no type of error
            raise self._lost(error) from None
        self._running[future] = task, gpu
        future.add_done_callback(self._ended.put)

    def _next(self) -> tuple[Any, Any]:
        """Wait for the next task that ends; return its first argument and its outcome."""
        (_, *arguments), outcome = self._ended_task()
        return next(iter(arguments), None), outcome

    def _ended_task(self) -> tuple[Task, Any]:
        """Wait for the next task that ends; return it and its outcome."""
        while True:
            try:
                future = self._ended.get(timeout=_LOOK)
            except queue.Empty:
                self._look()
                continue
            if future in self._running and (outcome := self._outcome(future)) is not None:
                return self._running.pop(future)[0], outcome[0]

    def _outcome(self, future: Future) -> tuple[Any] | None:
        """Fetch the outcome of a task; None where it has to be waited for again."""
        from distributed import KilledWorker

        if future.cancelled():
            raise self._lost()
        try:
            found = future.result(timeout=_LOOK)
        except KilledWorker:
            return (Failure(DIED),)
        except TimeoutError:  # who had it has died meanwhile, and it is being done again
            self._look()
            self._ended.put(future)
            return None
        except ImportError as error:
            raise UsageError(
                f"a worker of {self.address} has no such gan-eval ({said(error)}): install the "
                "same one on all machines"
            ) from None
        except Exception as error:  # Dask and its transports share no type of error
            raise self._lost(error) from None
        if isinstance(found, dask_worker.Refusal):
            raise UsageError(f"a worker of {self.address} {found.message}")
        return (found,)

    def _look(self) -> None:
        """Count the workers; ``UsageError`` where those that are needed stay away."""
        self._looked = time.monotonic()
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        except Exception as error:  # Dask and its transports share no type of error
            raise self._lost(error) from None
        if self._client.status == "closed":
            raise self._lost()
        self.workers = max(self.workers, len(workers))
        self._slots[False] = len(workers)
        self._slots[True] = sum(worker["resources"].get(GPU, 0) for worker in workers)
        for gpu, slots in self._slots.items():
            if slots or not self._handed_out(gpu):
                self._seen[gpu] = self._looked
            elif self._looked > self._seen[gpu] + PATIENCE:
                if gpu and workers:
                    raise self._no_gpu("a unit of work")
                raise UsageError(
                    f"the scheduler at {self.address} has had no worker for {PATIENCE:.0f} s: "
                    f"start some with `dask worker {self.address}`; {_GO_ON}"
                )

    def _no_gpu(self, what: str) -> UsageError:
        return UsageError(
            f"{what} needs a worker that offers a GPU, and the scheduler at {self.address} has "
            f"none: start one with `dask worker {self.address} --resources {GPU}=1`"
        )

    def _lost(self, error: Exception | None = None) -> UsageError:
        why = "" if error is None else f" ({said(error)})"
        return UsageError(f"the Dask scheduler at {self.address} was lost{why}: {_GO_ON}")


def _joined(entry: Availability, other: Availability | None) -> Availability:
    """A backend on some worker and on one that offers a GPU, if there is one, as one."""
    gpus = () if other is None else tuple(filter(on_gpu, other.devices))
    if other is not None and entry.state != "installed":
        entry = other
    devices = tuple(device for device in entry.devices if not on_gpu(device)) + gpus
    if entry.devices and not devices:
        return replace(
            entry,
            state="broken",
            devices=(),
            remedy=f"no worker offers a GPU: start one with `dask worker … --resources {GPU}=1`",
        )
    return replace(entry, devices=devices)
