"""Taint is sound: what a rule calls untainted does not change when the secret does."""

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backends.conformance import generate
from backends.conformance.cases import operands
from backends.core import catalog, taint
from backends.core.observation import Secret, Watch
from backends.interface import Batch
from manual import ALU
from tracked import without_rewriting

RULE = dict(zip((row.name for row in taint.isa.OPERATIONS), taint.RULES, strict=True))
TRIALS, VARIANTS = 400, 6
WORDS = operands(np.random.default_rng(1), (4096,)).tolist()
LABELS = (0, 0, 1, 2, 3)  # of a byte: mostly none, one of two secrets, or both


def _bytes(word: int) -> list[int]:
    return list(word.to_bytes(4, "little"))


def _labelled(word: int, secret: int) -> int:
    """0xFF for every byte that carries the label."""
    return sum(0xFF << 8 * k for k, byte in enumerate(_bytes(word)) if byte >> secret & 1)


def _varied(rng: Random, word: int, mask: int) -> int:
    """The word with other bytes where the mask is set."""
    return word & ~mask | rng.choice(WORDS) & mask


def _taints(rng: Random, size: int) -> list[int]:
    return [int.from_bytes(rng.choices(LABELS, k=4), "little") for _ in range(size)]


def _unsound(rng: Random, operation, rule: int, ta: int, tb: int, a: int, b: int, same: bool) -> bool:
    """Whether some byte changes with a secret whose label the rule does not give it."""
    result, given_taint = operation(a, b) & taint.WORD, taint.propagate(rule, ta, tb, a, b, same)
    for secret in range(2):
        for _ in range(VARIANTS):
            other = _varied(rng, a, _labelled(ta, secret))
            second = other if same else _varied(rng, b, _labelled(tb, secret))
            changed = (operation(other, second) & taint.WORD) ^ result
            if changed & ~_labelled(given_taint, secret):
                return True
    return False


def _found_unsound(name: str, rule: int, immediate: bool = False) -> int:
    rng = Random(name)
    a, b = rng.choices(WORDS, k=TRIALS), rng.choices(WORDS, k=TRIALS)
    ta, tb = _taints(rng, TRIALS), [0] * TRIALS if immediate else _taints(rng, TRIALS)
    rows = zip(ta, tb, a, b, strict=True)
    found = sum(_unsound(rng, ALU[name], rule, *row, same=False) for row in rows)
    if not immediate:
        found += sum(_unsound(rng, ALU[name], rule, t, t, x, x, same=True) for t, x in zip(ta, a, strict=True))
    return found


@pytest.mark.parametrize("immediate", [False, True])
@pytest.mark.parametrize("name", ALU)
def test_a_rule_covers_every_byte_that_a_secret_changes(name, immediate):
    assert _found_unsound(name, RULE[name], immediate) == 0


@pytest.mark.parametrize(("name", "rule"), [("add", taint.XOR), ("sra", taint.SRL), ("mul", taint.XOR), ("and", taint.OR)])
def test_a_rule_that_says_too_little_is_found(name, rule):
    assert _found_unsound(name, rule) > 0


@pytest.mark.parametrize("name", ["and", "or"])
def test_a_public_byte_that_decides_hides_the_secret(name):
    public = 0x00FF00FF if name == "and" else 0xFF00FF00
    assert taint.propagate(RULE[name], 0x01010101, 0, 0x12345678, public, False) == 0x00010001


def test_what_does_not_depend_on_a_secret_is_clean():
    for name in ALU:
        assert taint.propagate(RULE[name], 0, 0, 0x12345678, 0x9ABCDEF0, False) == 0
    for name in ("xor", "sub"):
        assert taint.propagate(RULE[name], 0x01010101, 0x01010101, 7, 7, True) == 0


@pytest.mark.parametrize(("width", "signed"), [(1, False), (1, True), (2, False), (2, True), (4, False)])
def test_a_load_covers_every_byte_that_a_secret_changes(width, signed):
    rng = Random(width)
    mask = (1 << 8 * width) - 1

    def value(word: int) -> int:
        return int.from_bytes((word & mask).to_bytes(width, "little"), "little", signed=signed) & taint.WORD

    for held, there in zip(rng.choices(WORDS, k=TRIALS), _taints(rng, TRIALS), strict=True):
        given_taint = taint.loaded(there & mask, width, signed, 0)
        for secret in range(2):
            changed = value(_varied(rng, held, _labelled(there, secret))) ^ value(held)
            assert not changed & ~_labelled(given_taint, secret)
    assert taint.loaded(0, width, signed, 0x0200) == 0x02020202


def test_a_run_without_violations_has_the_same_trace_for_every_value_of_the_secret():
    """Random programs, of which those that leak nothing are run with other values in the secret register."""
    machine, kept = catalog.create("gpu_compute"), []

    @settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(generate.cases())
    def check(case):
        case = without_rewriting(case)
        registers = case.batch.registers
        watch = Watch(trace=True, secrets=(Secret("s", 4, register=5), Secret("t", 2, register=6)))
        _, seen = machine.observe(case.programs, case.batch, case.config, case.max_steps, watch)
        silent = ~seen.leaks.any(axis=1)
        kept.append(silent.sum())
        rng = np.random.default_rng(0)
        for _ in range(4):
            other = registers.copy()
            other[:, 5] = operands(rng, (len(other),))
            other[:, 6] = other[:, 6] & ~np.uint32(0xFFFF) | operands(rng, (len(other),)) & np.uint32(0xFFFF)
            _, again = machine.observe(
                case.programs, Batch(other, case.batch.programs), case.config, case.max_steps, Watch(trace=True)
            )
            assert (again.pcs == seen.pcs)[silent].all() and (again.accesses == seen.accesses)[silent].all()

    check()
    assert sum(kept) > 30
