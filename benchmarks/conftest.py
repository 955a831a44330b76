"""What a benchmark hands over: rows for the tables that `python -m benchmarks` writes."""

import os

import pytest

from benchmarks import measure

ROUNDS = {"smoke": 3, "quick": 3, "full": 15}


@pytest.fixture
def scale() -> str:
    return os.environ.get("BENCHMARK_SCALE", "smoke")


@pytest.fixture
def rounds(scale) -> int:
    return ROUNDS[scale]


@pytest.fixture
def ratio(benchmark, rounds):
    """Time `work` against `baseline`, in turn; records how many times as fast `work` is."""

    def compare(name: str, against: str, work, baseline) -> float:
        before = []
        benchmark.pedantic(work, setup=lambda: before.append(measure.elapsed(baseline)), rounds=rounds, warmup_rounds=1)
        ratios = [b / a for a, b in zip(benchmark.stats.stats.data, before[-rounds:], strict=True)]
        value, low, high = measure.interval(ratios)
        row = {"name": name, "value": value, "low": low, "high": high, "baseline": against}
        benchmark.extra_info["ratios"] = [row]
        return value

    return compare


@pytest.fixture
def rate(benchmark, rounds):
    """Time `work`; records `amount` per second in `table` under the given columns."""

    def record(table: str, column: str, amount: float, work, **columns) -> float:
        benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
        value, low, high = measure.interval([amount / s for s in benchmark.stats.stats.data])
        benchmark.extra_info[table] = [{**columns, column: value, "low": low, "high": high}]
        return value

    return record
