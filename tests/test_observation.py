"""Observed runs: every machine that can observe sees what the reference sees, and the reference what a few lines say."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backends.conformance import cases, compare, generate
from backends.conformance.cases import Case, words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.observation import CALL_DEPTH, CALLERS, MULTIPLIER, START, Observation, Secret, Watch, shadow
from backends.core.state import load
from backends.interface import Batch, Cache, MachineConfig, Patch, UserError
from tracked import without_rewriting

REFERENCE, GPU = catalog.create("reference"), catalog.create("gpu_compute")
MACHINES = {"reference": REFERENCE, "gpu_compute": GPU}
BASE = 0x400
CONFIG = MachineConfig(memory_base=BASE, memory_bytes=2048)
SMALL = Cache(line_bytes=16, sets=4, ways=2)
MOST_STEPS = 3000


def assert_seen_alike(case: Case, watch: Watch) -> Observation:
    steps = min(case.max_steps, MOST_STEPS)
    (result, seen), (wanted, right) = (
        m.observe(case.programs, case.batch, case.config, steps, watch) for m in (GPU, REFERENCE)
    )
    assert not compare.mismatches(result, wanted).any(), case.name
    for name in (f.name for f in fields(Observation)):
        a, b = getattr(seen, name), getattr(right, name)
        assert a.dtype == b.dtype and np.array_equal(a, b), (case.name, name)
    return right


def run_words(words: list[int], watch: Watch, registers: dict[int, int] | None = None, **batch) -> Observation:
    """The program at BASE followed by `ebreak`, one instance, observed by both machines."""
    values = np.zeros((1, 16), np.uint32)
    for number, value in (registers or {}).items():
        values[0, number] = value
    program = words_program([*words, encode("ebreak")], BASE)
    return assert_seen_alike(Case("words", "value", (program,), Batch(values, **batch), CONFIG, 5000), watch)


def leaking(seen: Observation) -> dict[int, int]:
    """Word of the program to the secrets that leaked there."""
    return {int(slot): int(seen.leaks[0, slot]) for slot in np.flatnonzero(seen.leaks[0])}


def secrets(config: MachineConfig) -> tuple[Secret, ...]:
    """Two overlapping ones in memory, three in registers, one whole and two in part."""
    middle = config.memory_base + config.memory_bytes // 2
    memory = Secret("key", 24, address=middle - 7), Secret("message", 9, address=middle + 12)
    return (*memory, Secret("a", 4, register=10), Secret("b", 1, register=11), Secret("c", 3, register=5))


@pytest.mark.parametrize("isa_name", ["rv32em", "rv32im"])
def test_random_programs(isa_name):
    @settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(generate.cases(isa_name))
    def check(case):
        assert_seen_alike(case, Watch(trace=True))
        assert_seen_alike(case, Watch(counts=True))
        tracked = without_rewriting(case)
        tracked = replace(tracked, config=replace(case.config, timing="cache", cache=SMALL))
        assert_seen_alike(tracked, Watch(secrets=secrets(case.config)))
        assert_seen_alike(tracked, Watch(trace=True, secrets=secrets(case.config)[:3]))

    check()


def test_operations_traps_and_ends():
    for case in (*cases.trap_cases(), *cases.operation_cases(12, seed=3)):
        tracked = case.name.endswith("fence.i") is False
        assert_seen_alike(case, Watch(trace=True, secrets=secrets(case.config) if tracked else ()))
        assert_seen_alike(case, Watch(counts=True))


def test_program_files():
    for case in cases.file_cases():
        watched = secrets(case.config) if "self_modifying" not in case.name else ()
        assert_seen_alike(case, Watch(trace=True, secrets=watched))
        assert_seen_alike(case, Watch(counts=True))


@pytest.mark.parametrize("length", [1, 63, 64, 65, 128, 129, 200, 400])
def test_the_hashes_are_the_polynomial_of_the_addresses(length):
    """Straight runs of any length, between jumps; the addresses are known by construction."""
    words = [encode("addi", 3, 3, imm=1)] * length
    words += [encode("lb", 4, 8, imm=1), encode("jal", imm=8), 0, encode("sw", 0, 8, 3, 2)]
    seen = run_words(words, Watch(trace=True), {8: BASE + 64})
    fetched = [*range(BASE, BASE + 4 * (length + 2), 4), BASE + 4 * (length + 3), BASE + 4 * (length + 4)]
    for hashes, addresses in ((seen.pcs, fetched), (seen.accesses, [BASE + 65, BASE + 66])):
        wanted = START
        for address in addresses:
            wanted = (wanted * MULTIPLIER + address) % (1 << 64)
        assert int(hashes[0]) == wanted


def test_how_often_instructions_run_and_are_jumped_to():
    """Three rounds of a loop, whose branch is the only way back to its head; a branch that is never taken."""
    words = [encode("addi", 5, imm=3), encode("addi", 5, 5, imm=-1), encode("beq", 0, 5, 8, 8), encode("bne", 0, 5, 0, -8)]
    seen = run_words(words, Watch(counts=True), {8: 7})
    assert seen.counts[0, :6].tolist() == [1, 3, 3, 3, 1, 0]
    assert seen.entered[0, :6].tolist() == [0, 2, 0, 0, 0, 0]


def test_what_was_fetched():
    words = [encode("beq", 0, 0, 0, 12), encode("addi", 1, 1), encode("addi", 1, 1), encode("ecall")]
    seen = run_words([*words, encode("jal", imm=4)], Watch(secrets=(Secret("s", 4, register=9),)), {5: 64, 10: 1})
    assert np.flatnonzero(seen.executed[0]).tolist() == [0, 3, 4, 5]


@pytest.mark.parametrize(
    ("words", "leaks"),
    [
        ([encode("beq", 0, 10, 11, 4)], {0: 1}),
        ([encode("beq", 0, 10, 10, 4)], {}),
        ([encode("bltu", 0, 11, 12, 4)], {0: 2}),
        ([encode("blt", 0, 10, 12, 4)], {0: 3}),
        ([encode("lw", 1, 10)], {0: 1}),
        ([encode("sb", 0, 12, 11)], {0: 2}),
        ([encode("sb", 0, 8, 10), encode("lbu", 1, 8), encode("beq", 0, 1, 0, 4)], {2: 1}),
        ([encode("sw", 0, 8, 10), encode("sb", 0, 8, 0), encode("lbu", 1, 8), encode("beq", 0, 1, 0, 4)], {}),
        ([encode("jalr", 1, 10)], {0: 1}),
        ([encode("div", 1, 11, 10)], {0: 1}),
        ([encode("mul", 1, 11, 10)], {}),
        ([encode("andi", 1, 10, imm=0), encode("bne", 0, 1, 0, 4)], {}),
        ([encode("add", 0, 10, 12), encode("beq", 0, 0, 11, 4)], {}),
    ],
)  # fmt: skip
def test_violations(words, leaks):
    """Registers a0 and a2 hold secrets 0 and 1; a1 and s0 are public; addresses stay within memory."""
    watch = Watch(secrets=(Secret("s", 4, register=10), Secret("t", 4, register=12)))
    assert leaking(run_words(words, watch, {8: BASE + 0x80, 10: BASE + 4, 11: 3, 12: BASE + 0x40})) == leaks


def test_an_environment_call_leaks_its_arguments_and_reads_what_is_public():
    address = BASE + 0x100
    call = [encode("addi", 5, 0, imm=63), encode("addi", 12, 0, imm=4), encode("ecall")]
    after = [encode("lw", 3, 11), encode("lw", 4, 11, imm=4), encode("beq", 0, 3, 0, 4), encode("beq", 0, 4, 0, 4)]
    key = Secret("key", 8, address=address)
    seen = run_words([*call, *after], Watch(secrets=(key,)), {11: address}, inputs=(b"abcd",))
    assert leaking(seen) == {6: 1}, "the first word was overwritten by what came in"
    seen = run_words([*call, *after], Watch(secrets=(key,)), {10: 7, 11: address}, inputs=(b"abcd",))
    assert leaking(seen) == {5: 1, 6: 1}, "a read that fails overwrites nothing"
    length = Secret("length", 4, register=11)
    assert leaking(run_words(call, Watch(secrets=(length,)), {11: address}, inputs=(b"abcd",))) == {2: 1}
    leave = [encode("addi", 5, 0, imm=93), encode("ecall")]
    assert leaking(run_words(leave, Watch(secrets=(Secret("code", 4, register=10),)))) == {}


def test_a_failed_read_at_the_foot_of_memory_makes_nothing_public():
    call = [encode("addi", 5, 0, imm=63), encode("addi", 12, 0, imm=4), encode("ecall")]
    load = [encode("lw", 3, 8), encode("beq", 0, 3, 0, 4)]
    key = Secret("key", 4, address=BASE + 0x200)
    seen = run_words([*call, *load], Watch(secrets=(key,)), {8: BASE + 0x200, 10: 7, 11: BASE + 4}, inputs=(b"abcd",))
    assert leaking(seen) == {4: 1}


def test_secret_instructions_are_violations():
    code = np.array([encode("addi", 3, 0, imm=1)], np.uint32).view(np.uint8)[None]
    patched = (Patch(BASE + 4, code),)
    seen = run_words([encode("addi", 1, 1)] * 3, Watch(secrets=(Secret("k", 1, address=BASE + 5),)), patches=patched)
    assert leaking(seen) == {1: 1}


def test_a_secret_that_is_no_instruction_is_a_violation():
    patched = (Patch(BASE + 4, np.zeros((1, 4), np.uint8)),)
    watch = Watch(secrets=(Secret("k", 4, address=BASE + 4),))
    assert leaking(run_words([encode("addi", 1, 1)] * 3, watch, patches=patched)) == {1: 1}


def test_callers_are_the_calls_that_led_to_the_first_violation():
    """Function k of CALL_DEPTH + 4 calls the next; the innermost leaks, returns, and leaks again from elsewhere."""
    for depth in (0, 1, 3, CALL_DEPTH + 4):
        words = []
        for _ in range(depth):
            words += [encode("jal", 1, imm=8), encode("ebreak")]
        words += [encode("bne", 0, 10, 0, 4), encode("jalr", 0, 1)]
        seen = run_words(words, Watch(secrets=(Secret("s", 4, register=10),)))
        innermost = [BASE + 8 * k + 4 for k in reversed(range(depth))][:CALLERS]
        assert seen.callers[0, 2 * depth].tolist() == innermost + [0] * (CALLERS - len(innermost))


def test_instances_that_wait_differ_are_observed_one_by_one():
    """Some instances call the environment in every round, some trap, some leave the image; relaunches keep all."""
    words = [
        encode("beq", 0, 9, 0, 20), encode("addi", 9, 9, imm=-1), encode("lw", 3, 8), encode("ecall"),
        encode("jal", imm=-16), encode("jalr", 0, 14),
    ]  # fmt: skip
    size = 12
    registers = np.zeros((size, 16), np.uint32)
    registers[:, 5], registers[:, 8], registers[:, 9] = 64, BASE + 0x80, np.arange(size) % 5
    registers[:, 10], registers[:, 14] = 1, np.where(np.arange(size) % 3, BASE + 0x100, 4)
    code = np.tile(np.array([encode("lb", 3, 8, imm=b) for b in range(3)], np.uint32).view(np.uint8), (size, 1))
    code[1::2, :4] = np.array([encode("ebreak")], np.uint32).view(np.uint8)
    batch = Batch(registers, patches=(Patch(BASE + 0x100, code),))
    config = replace(CONFIG, timing="cache", cache=SMALL)
    case = Case("calls", "value", (words_program(words, BASE),), batch, config, 100)
    for watch in (Watch(), Watch(trace=True), Watch(trace=True, secrets=(Secret("s", 4, address=BASE + 0x80),))):
        assert_seen_alike(case, watch)


def test_traces_of_a_program_that_rewrites_itself():
    words = [encode("sw", 0, 8, 11, 0x10), encode("fence.i"), encode("fence"), encode("fence"), *[encode("ebreak")] * 5]
    registers = np.zeros((4, 16), np.uint32)
    registers[:, 8], registers[:, 11] = BASE, [encode("jal", imm=4 * b) for b in range(4)]
    case = Case("rewrites", "value", (words_program(words, BASE),), Batch(registers), CONFIG, 20)
    assert len(set(assert_seen_alike(case, Watch(trace=True)).pcs.tolist())) == 4


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("words", "secret", "message"),
    [
        ([encode("addi", 1, 1), encode("fence.i")], Secret("k", 4, register=10), r"rewrites its instructions .*0x404"),
        ([encode("ebreak")], Secret("k", 4, address=BASE + 2046), "secret k lies outside memory"),
        ([encode("ebreak")], Secret("k", 4, address=BASE - 1), "secret k lies outside memory"),
    ],
)
def test_what_cannot_be_observed_is_one_clear_line(machine, words, secret, message):
    batch = Batch(np.zeros((1, 16), np.uint32))
    with pytest.raises(UserError, match=message) as error:
        MACHINES[machine].observe(words_program(words, BASE), batch, CONFIG, 10, Watch(secrets=(secret,)))
    assert "\n" not in str(error.value)


def test_nine_secrets_are_too_many():
    with pytest.raises(UserError, match="at most 8"):
        Watch(secrets=tuple(Secret(str(k), 1, register=10) for k in range(9)))


def test_only_a_cpu_is_observed():
    program, batch = words_program([encode("ebreak")], BASE), Batch(np.zeros((1, 16), np.uint32))
    state = load(program, batch, replace(CONFIG, device="cuda"))
    with pytest.raises(UserError, match="cannot observe a run on device 'cuda': use cpu"):
        GPU.open_observed(state, shadow(state, Watch(trace=True)))


def test_an_unwatched_run_sees_nothing_and_ends_as_any():
    case = next(c for c in cases.file_cases() if c.name.endswith("fibonacci.c"))
    for machine in MACHINES.values():
        execution, seen = machine.observe(case.programs, case.batch, case.config, MOST_STEPS, Watch())
        assert not compare.mismatches(execution, GPU.run(case.programs, case.batch, case.config, MOST_STEPS)).any()
        assert seen.leaks.shape == (1, 0) and seen.pcs.tolist() == [0] == seen.accesses.tolist()
