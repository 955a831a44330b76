"""`llvm_native` on one core against the interpreters that it goes beyond, on programs of `programs/`, each run many times.

No experiment records these yet: python -m pytest benchmarks/test_translation.py --benchmark-only --benchmark-enable -s
"""

from collections import OrderedDict
from functools import cache

import numpy as np
import pytest

from backends.core import catalog, toolchain
from backends.core.sources import ROOT
from backends.interface import Batch
from backends.llvm_native import object_cache, translations
from benchmarks import baseline, measure

PROGRAMS = (
    "quicksort.c", "matrix_product.c", "text/search.c", "hashing/sha256.c", "ciphers/aes_bitsliced.c", "ciphers/aes_ttable.c",
    "control/json.c", "control/queens.c", "sorting/heapsort.c", "text/levenshtein.c",
)  # fmt: skip
INSTRUCTIONS, FOREVER = 60_000_000, 1 << 40
"""About so many are retired in a run that is timed."""


@cache
def _load(name: str) -> measure.Load:
    """`loop` and `mixed` of `benchmarks/programs/`, or a file of `programs/`."""
    if name in ("loop", "mixed"):
        return measure.load(name)
    path = ROOT / "programs" / name
    flags = ("-O2", f'-DPROGRAM="{path}"', f"-I{path.parent}")
    program, isa = toolchain.load(measure.HERE / "native" / "repeat.c", "rv32em", flags)
    config = toolchain.machine_for(program, isa)
    return measure.Load(program, config, Batch(toolchain.initial_registers(config)))


def _run(backend: str, load: measure.Load, rounds: int):
    return catalog.create(backend).run(load.program, load.batch(1, rounds), load.config, FOREVER)


@cache
def _rounds(name: str) -> int:
    once, twice = (int(_run("gpu_compute", _load(name), rounds).retired[0]) for rounds in (1, 2))
    return INSTRUCTIONS // (twice - once)


@pytest.fixture(params=("loop", "mixed", *PROGRAMS))
def workload(request):
    load, rounds = _load(request.param), _rounds(request.param)
    ours, theirs = (_run(backend, load, rounds) for backend in ("llvm_native", "gpu_compute"))
    assert ours.retired == theirs.retired and (ours.registers == theirs.registers).all()
    assert (ours.memory == theirs.memory).all()
    return request.param, load, rounds


def test_against_the_interpreter(workload, ratio):
    name, load, rounds = workload
    work, other = (lambda backend=backend: _run(backend, load, rounds) for backend in ("llvm_native", "gpu_compute"))
    print(f"\nllvm_native, {name}: {ratio(f'llvm_native, one core, {name}', 'gpu_compute', work, other):.1f} x gpu_compute")


def test_against_c(workload, ratio):
    name, load, rounds = workload
    _, retired = baseline.c_interpreter(load.program, load.config.isa, {10: rounds}, FOREVER)
    assert retired == _run("llvm_native", load, rounds).retired[0] - 1, "the C interpreter stops before the last ecall"
    told = ratio(
        f"llvm_native, one core, {name}", "C switch interpreter, -O3",
        lambda: _run("llvm_native", load, rounds),
        lambda: baseline.c_interpreter(load.program, load.config.isa, {10: rounds}, FOREVER),
    )  # fmt: skip
    print(f"\nllvm_native, {name}: {told:.1f} x C switch interpreter")


def test_against_unicorn(workload, ratio):
    name, load, rounds = workload
    image = load.program.image[: len(load.program.image) // 4 * 4].view(np.uint32)
    stop = load.program.base + 4 * int(np.flatnonzero(image == 0x73)[0])
    told = ratio(
        f"llvm_native, one core, {name}", "Unicorn",
        lambda: _run("llvm_native", load, rounds),
        lambda: baseline.on_unicorn(load.program, load.config.isa, {10: rounds}, stop),
    )  # fmt: skip
    print(f"\nllvm_native, {name}: {told:.1f} x Unicorn")


@pytest.mark.parametrize("start", ["cold", "cached"])
def test_start(start, ratio, monkeypatch, tmp_path):
    """A run before which nothing is translated, or on disk alone."""
    load, rounds = _load("mixed"), 10 * _rounds("mixed")
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    monkeypatch.setattr(translations, "_translations", OrderedDict())

    def begun():
        translations._translations.clear()
        for file in tmp_path.iterdir() if start == "cold" else ():
            file.unlink()
        return _run("llvm_native", load, rounds)

    begun()
    warm = measure.elapsed(lambda: _run("llvm_native", load, rounds))
    told = ratio(f"llvm_native, {start} start, mixed", "gpu_compute", begun, lambda: _run("gpu_compute", load, rounds))
    print(f"\nllvm_native, {start} start, {10 * INSTRUCTIONS:,} instructions: {told:.1f} x gpu_compute (warm: {warm:.3f} s)")
