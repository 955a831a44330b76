"""Timing models: cycles against a textbook LRU, and the same on every machine that offers the model."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest

from backends.conformance import cases, compare
from backends.conformance.cases import words_program
from backends.core import catalog, timing
from backends.core.isa import encode
from backends.interface import Batch, Cache, Execution, MachineConfig, Patch, Status, UserError
from backends.jax_tensor import hard

MACHINES = [n for n in catalog.names() if "cache" in getattr(catalog.describe(n), "timings", ())]
FLAT = [n for n in catalog.names() if n not in MACHINES]
BASE, POINTER = 0x1000, 0x1800
CONFIG = MachineConfig(memory_base=BASE, memory_bytes=4096, timing="cache")
WIDTHS = {"lb": 1, "lh": 2, "lw": 4, "lbu": 1, "lhu": 2, "sb": 1, "sh": 2, "sw": 4}
GEOMETRIES = (
    Cache(line_bytes=4, sets=1, ways=1),
    Cache(line_bytes=4, sets=4, ways=2, hit_cycles=0, miss_cycles=7),
    Cache(line_bytes=16, sets=2, ways=4, hit_cycles=3, miss_cycles=100),
    Cache(line_bytes=64, sets=1, ways=16),
    Cache(line_bytes=32, sets=16, ways=1, hit_cycles=65535, miss_cycles=65535),
    Cache(line_bytes=16, sets=4, ways=2, resident=((POINTER - 40, 99), (BASE, 7))),
    Cache(line_bytes=16, sets=4, ways=2, resident=((POINTER, 64),), background=(0, POINTER, 0xFFFFFFF0, POINTER + 128)),
)


class Textbook:
    """A set-associative LRU cache: an ordered dictionary a set, the most recently used last."""

    def __init__(self, cache: Cache) -> None:
        self.cache, self.sets = cache, [OrderedDict() for _ in range(cache.sets)]
        for start, size in cache.resident:
            for address in range(start, start + size):
                self.byte(address)
        for address in cache.background:
            self.byte(address)

    def byte(self, address: int) -> int:
        """Cycles that an access to one byte waits."""
        line = address // self.cache.line_bytes
        held = self.sets[line % self.cache.sets]
        hit = line in held
        held[line] = True
        held.move_to_end(line)
        if len(held) > self.cache.ways:
            held.popitem(last=False)
        return self.cache.hit_cycles if hit else self.cache.miss_cycles

    def access(self, address: int, width: int) -> int:
        first, last = address, address + width - 1
        straddles = first // self.cache.line_bytes != last // self.cache.line_bytes
        return self.byte(first) + (self.byte(last) if straddles else 0)


def run(machine: str, words: list[int], config: MachineConfig, steps: int = 10_000, **registers) -> Execution:
    """The words at BASE, one instance; register x2 points to POINTER."""
    values = np.zeros((1, 16), np.uint32)
    values[0, 2] = POINTER
    for name, value in registers.items():
        values[0, int(name[1:])] = value
    return catalog.create(machine).run(words_program(words, BASE), Batch(values), config, steps)


def accesses(count: int, seed: int) -> list[tuple[str, int]]:
    """Random accesses near POINTER, every width at every offset; half of them to a few places."""
    rng = np.random.default_rng(seed)
    near, far = rng.integers(-20, 20, count), rng.integers(-1000, 1000, count)
    names = rng.choice(list(WIDTHS), count).tolist()
    return list(zip(names, np.where(rng.random(count) < 0.5, near, far).tolist(), strict=True))


def word(name: str, offset: int) -> int:
    return encode(name, *((0, 2, 3) if name[0] == "s" else (4, 2)), imm=offset)


def test_the_machines_that_offer_a_cache():
    assert {"reference", "gpu_compute", "jax_tensor"} <= set(MACHINES)


@pytest.mark.parametrize("cache", GEOMETRIES)
@pytest.mark.parametrize("machine", MACHINES)
def test_cycles_are_those_of_a_textbook_cache(machine, cache):
    asked = accesses(300, seed=cache.sets)
    result = run(machine, [*(word(*a) for a in asked), encode("ebreak")], replace(CONFIG, cache=cache))
    book = Textbook(cache)
    waits = sum(book.access(POINTER + offset, WIDTHS[name]) for name, offset in asked)
    assert int(result.retired[0]) == len(asked) + 1
    assert int(result.cycles[0]) == len(asked) + 1 + waits


@pytest.mark.parametrize("machine", MACHINES)
def test_counters_read_cycles_and_instructions(machine):
    """rdcycle and rdtime count what went before, waits included; rdinstret does not."""
    words = [
        encode("lw", 4, 2), encode("rdcycle", 5), encode("lw", 4, 2), encode("rdtime", 6), encode("rdinstret", 7),
        encode("sw", 0, 2, 4, 62), encode("rdcycle", 8), encode("rdcycleh", 9), encode("rdinstreth", 10), encode("ebreak"),
    ]  # fmt: skip
    config = replace(CONFIG, cache=Cache(line_bytes=64, hit_cycles=2, miss_cycles=20))
    result = run(machine, words, config)
    assert result.registers[0, 5:11].tolist() == [21, 25, 4, 6 + 20 + 2 + 2 + 20, 0, 0]
    assert (int(result.retired[0]), int(result.cycles[0])) == (10, 10 + 44)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_cycle_count_beyond_a_word(machine):
    """Hits of 65,535 cycles, 70,000 of them where a machine is fast: more than 2^32 cycles, read by the program."""
    words = [encode("lb", 4, 2), encode("addi", 3, 3, imm=-1), encode("bne", 0, 3, 0, -8), encode("rdcycle", 5)]
    words += [encode("rdcycleh", 6), encode("ebreak")]
    rounds = 4000 if machine == "reference" else 70_000
    cache = Cache(line_bytes=4, sets=1, ways=1, hit_cycles=65535)
    result = run(machine, words, replace(CONFIG, cache=cache), 1 << 20, x3=rounds)
    before = 30 + 65535 * (rounds - 1) + 3 * rounds
    assert result.registers[0, 5:7].tolist() == [before % (1 << 32), before >> 32]
    assert int(result.cycles[0]) == before + 3


@pytest.mark.parametrize("machine", MACHINES)
def test_max_steps_bounds_retired_instructions_and_not_cycles(machine):
    words = [encode("lw", 4, 2), encode("jal", imm=-4)]
    result = run(machine, words, replace(CONFIG, cache=Cache(hit_cycles=5, miss_cycles=50)), 101)
    assert (int(result.retired[0]), int(result.cycles[0])) == (101, 101 + 50 + 50 * 5)
    assert result.status[0] == Status.OUT_OF_STEPS


@pytest.mark.parametrize("machine", MACHINES)
def test_flat_cycles_are_retired_instructions(machine):
    result = run(machine, [word(*a) for a in accesses(50, 1)] + [encode("ebreak")], replace(CONFIG, timing="flat"))
    assert int(result.cycles[0]) == int(result.retired[0]) == 51


@pytest.mark.parametrize("machine", MACHINES)
def test_an_access_that_traps_leaves_the_cache_alone(machine):
    config = replace(CONFIG, cache=Cache(hit_cycles=1, miss_cycles=9))
    result = run(machine, [encode("lw", 4, 2), encode("lw", 4, 0)], config)
    assert result.status[0] == Status.TRAPPED and int(result.cycles[0]) == 1 + 9


@pytest.mark.parametrize("machine", MACHINES)
def test_the_cache_outlives_calls_fences_and_code_that_was_not_there(machine, monkeypatch):
    """A line stays cached across an environment call, a `fence.i`, a jump out of the image, and a cut of the run."""
    monkeypatch.setattr(hard, "STEPS_PER_CALL", 100)
    write = [encode("addi", 5, 0, imm=64), encode("addi", 10, 0, imm=1), encode("ecall")]
    words = [encode("lw", 4, 2), *write, encode("lw", 4, 2, imm=4), encode("fence.i"), encode("lw", 4, 2, imm=8)]
    there = BASE + 0x100
    words += [encode("jal", imm=there - BASE - 4 * len(words))]
    code = np.array([encode("lw", 4, 2, imm=12), encode("lw", 4, 2, imm=16), encode("ebreak")], np.uint32)
    values = np.zeros((3, 16), np.uint32)
    values[:, 2] = POINTER
    batch = Batch(values, patches=(Patch(there, np.tile(code.view(np.uint8), (3, 1))),))
    config = replace(CONFIG, cache=Cache(line_bytes=16, hit_cycles=1, miss_cycles=9))
    result = catalog.create(machine).run(words_program(words, BASE), batch, config, 100)
    assert result.retired.tolist() == [11] * 3 and result.cycles.tolist() == [11 + 9 + 1 + 1 + 1 + 9] * 3


@pytest.mark.parametrize("machine", [m for m in MACHINES if m != "reference"])
def test_random_evictions_differ_between_instances_and_agree_between_machines(machine):
    cache = Cache(line_bytes=16, sets=8, ways=2, resident=((POINTER - 128, 256),), evictions=5, seed=3)
    words = [encode("lb", 4, 2, imm=16 * k) for k in range(-8, 8)] + [encode("ebreak")]
    registers = np.zeros((40, 16), np.uint32)
    registers[:, 2] = POINTER
    result, wanted = (
        catalog.create(m).run(words_program(words, BASE), Batch(registers), replace(CONFIG, cache=cache), 100)
        for m in (machine, "reference")
    )
    assert not compare.mismatches(result, wanted).any()
    misses = (result.cycles.astype(int) - 17 - 16) // 29
    assert misses.min() >= 1 and misses.max() <= 5 and len(set(misses.tolist())) > 1, "places may be drawn twice"


def test_the_declared_order_is_resident_then_evictions_then_background():
    lines = timing.initial_lines(Cache(line_bytes=16, sets=1, ways=4, resident=((0, 128),)), 1)
    assert lines[0, 0].tolist() == [7, 6, 5, 4]
    cache = Cache(line_bytes=16, sets=1, ways=4, resident=((0, 128),), evictions=100, background=(32, 48))
    assert timing.initial_lines(cache, 2)[:, 0].tolist() == [[3, 2, timing.EMPTY, timing.EMPTY]] * 2


@pytest.mark.parametrize("machine", [m for m in MACHINES if m != "reference"])
def test_program_files_count_the_same_cycles(machine):
    names = ("binary_search.c", "counters.S", "misaligned.S", "hello.c", "self_modifying.S", "strings.c", "tohost.S")
    for case in (c for c in cases.file_cases() if c.name.split()[1] in names):
        for cache in (GEOMETRIES[1], Cache(line_bytes=16, sets=4, ways=2, resident=((0, 4096),), evictions=3)):
            config = replace(case.config, timing="cache", cache=cache)
            result, wanted = (
                catalog.create(m).run(case.programs, case.batch, config, case.max_steps) for m in (machine, "reference")
            )
            assert not compare.mismatches(result, wanted).any(), case.name
            assert (result.cycles >= result.retired).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line_bytes": 48}, "line_bytes=48: give a power of two, 4 or more"),
        ({"line_bytes": 2}, "line_bytes=2: give a power of two, 4 or more"),
        ({"sets": 3}, "sets=3: give a power of two"),
        ({"sets": 0}, "sets=0: give a power of two"),
        ({"ways": -4}, "ways=-4: give a power of two"),
        ({"sets": 1 << 14, "ways": 8}, "16384 sets x 8 ways: give at most 65536 lines"),
        ({"miss_cycles": -1}, "miss_cycles=-1: give a number from 0 to 65535"),
        ({"hit_cycles": 1 << 16}, "hit_cycles=65536: give a number from 0 to 65535"),
    ],
)
def test_a_cache_that_cannot_be_built_is_one_clear_line(options, message):
    with pytest.raises(UserError, match=message) as error:
        Cache(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("machine", FLAT)
def test_a_machine_without_a_cache_says_so(machine):
    with pytest.raises(UserError, match=f"backend {machine} has no timing 'cache' here: one of flat$"):
        run(machine, [encode("ebreak")], CONFIG)


def test_an_unknown_timing_is_a_mistake():
    with pytest.raises(UserError, match="unknown timing 'warp': one of flat, cache"):
        MachineConfig(timing="warp")
