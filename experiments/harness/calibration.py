"""How fast this machine is, and whether others use it: fixed work on all cores, before and after whatever is timed."""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from backends.core import cores

WORK = bytes(1 << 26)
REPEATS = 5
QUIET_SHARE, STEADY = 0.9, 1.25
"""On a quiet machine the work gets more than this share of the cores, and takes at most this many times its shortest time."""
FRESH_S = 1.0
"""What was measured at most so long ago says how the machine is now."""
ALIKE = 1.15
"""Machines are alike where the work takes at most this many times as long on one of them as on the other."""
_last: dict[str, Any] = {}


def measure(when: str) -> dict[str, Any]:
    """when: what is timed next, or was. loop_s: seconds that the work takes on all cores at once, median of the repeats.
    share: of the cores' time that it got. busy_s, own_s, at_s: processor time that the whole machine and this process have
    used so far, and the clock; their differences tell what others used meanwhile (None: the system does not say)."""
    runs = [_run(cores.threads()) for _ in range(REPEATS)]
    seconds, shares = zip(*runs, strict=True)
    used = os.times()
    _last.update({
        "when": when, "loop_s": round(median(seconds), 5), "share": round(median(shares), 4), "busy_s": _busy_s(),
        "own_s": round(used.user + used.system + used.children_user + used.children_system, 2),
        "at_s": round(time.monotonic(), 2),
    })  # fmt: skip
    return dict(_last)


def latest(when: str) -> dict[str, Any]:
    """What this process has measured last, where that is fresh, as after the timed part before this one; else measured anew."""
    if _last and time.monotonic() - _last["at_s"] < FRESH_S:
        return {**_last, "when": when}
    return measure(when)


def _run(threads: int) -> tuple[float, float]:
    def work(_: int) -> tuple[float, float]:
        begun, used = time.perf_counter(), time.thread_time()
        hashlib.blake2b(WORK).digest()  # without the interpreter's lock
        return time.perf_counter() - begun, time.thread_time() - used

    with ThreadPoolExecutor(threads) as pool:
        seconds, used = zip(*pool.map(work, range(threads)), strict=True)
    return max(seconds), min(1.0, sum(used) / sum(seconds))


def _busy_s() -> float | None:
    """Processor seconds that all cores have spent, on whatever, since the machine started."""
    file = Path("/proc/stat")
    if not file.is_file():
        return None
    user, nice, system, _idle, _wait, *rest = map(int, file.read_text(encoding="utf-8").split("\n")[0].split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def busy(calibrations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether times that were measured among these are spoilt."""
    if not calibrations:
        return False
    times = [c["loop_s"] for c in calibrations]
    return min(c["share"] for c in calibrations) < QUIET_SHARE or max(times) > STEADY * min(times)


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two provenances are of machines of the same kind and speed."""
    if any(one["machine"][fact] != other["machine"][fact] for fact in ("cpu", "cores", "gpu")):
        return False
    speeds = [median(c["loop_s"] for c in facts["calibration"]) for facts in (one, other) if facts.get("calibration")]
    return len(speeds) < 2 or max(speeds) <= ALIKE * min(speeds)
