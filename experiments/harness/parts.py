"""The parts of an experiment, computed side by side.

A part is a piece of work with a name and a table for a result. What is not timed runs in worker processes, as many as there are
cores, each with one thread; what is timed runs afterwards, alone and in this process. A finished part is a checkpoint at once,
so an interrupted run loses only what was in progress. Results do not depend on the number of workers.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from backends.core import cores
from backends.interface import UserError
from experiments.harness import checkpoints, progress

ONE_THREAD = {
    "BACKEND_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1", "NPROC": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}  # fmt: skip
"""The environment of a worker; NPROC is what XLA sizes its pool of threads by."""


@dataclass(frozen=True)
class Part:
    """A piece of an experiment.

    name: unique within the run, a plain file name. compute: makes the table; to be sent to another process, so a
    `functools.partial` of a function of a module. timed: its numbers are times, so nothing else may run beside it.
    """

    name: str
    compute: Callable[[], pd.DataFrame]
    timed: bool = False


def run_parts(cfg, parts: Sequence[Part]) -> dict[str, pd.DataFrame]:
    """The tables of all parts by name, in the order of `parts`.

    cfg: what `run` was given; `cfg.workers`: how many processes, 1: this one, None: as many as cores.
    Raises UserError where a part does, and where a worker dies.
    """
    waiting = [part for part in parts if not checkpoints.done(cfg, part.name)]
    untimed = [part for part in waiting if not part.timed]
    workers = min(cfg.workers or cores.threads(), len(untimed))
    done, timed = len(parts) - len(waiting), [part for part in waiting if part.timed]
    finished = chain(_side_by_side(cfg, untimed, workers) if workers > 1 else _alone(cfg, untimed), _alone(cfg, timed))
    with progress.bar() as bar:
        task = bar.add_task("parts", total=len(parts), completed=done)
        progress.announce(done, len(parts))
        for _ in finished:
            done += 1
            bar.update(task, completed=done)
            progress.announce(done, len(parts))
    return {part.name: checkpoints.once(cfg, part.name, part.compute) for part in parts}


def _alone(cfg, parts: Sequence[Part]) -> Iterator[None]:
    for part in parts:
        _finish(cfg, part)
        yield


def _finish(cfg, part: Part) -> None:
    checkpoints.once(cfg, part.name, part.compute, part.timed)


def _side_by_side(cfg, parts: Sequence[Part], workers: int) -> Iterator[None]:
    with _pool(workers) as pool:
        begun = {pool.submit(_finish, cfg, part): part for part in parts}
        try:
            for future in as_completed(begun):
                future.result()
                yield
        except BrokenProcessPool:
            undone = [part.name for part in parts if not checkpoints.done(cfg, part.name)]
            raise UserError(
                f"a worker process died, out of memory perhaps, in one of the parts {', '.join(undone[:workers])}; "
                f"what is finished is kept: run the same again with fewer workers, such as workers={workers // 2}"
            ) from None


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    """Worker processes with one thread each; whatever ends the block early ends them too."""
    if multiprocessing.get_start_method() not in multiprocessing.get_all_start_methods():
        multiprocessing.set_start_method("spawn", force=True)  # in a job of joblib it is one that a new process does not know
    others, before = set(multiprocessing.active_children()), dict(os.environ)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _tied_to_parent)
    os.environ.update(ONE_THREAD)  # before the workers start: libraries read it when they are imported
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown()
        for name in ONE_THREAD.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def _tied_to_parent() -> None:
    """A worker ends when the process ends that it works for, and leaves interruptions from the keyboard to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
