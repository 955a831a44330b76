"""The hard neural machine: units against integer arithmetic, the decoder against the table, runs against `reference`."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import reference, torch_neural
from backends.core import isa
from backends.interface import Batch, MachineConfig, Patch, Program, Status, UserError
from backends.torch_neural import networks, wiring
from backends.torch_neural.decoder import Decoder
from backends.torch_neural.units import evaluation
from manual import ALU, BRANCH

MACHINE = torch_neural.create()
ORACLE = reference.create()
WORDS = st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 1, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
FIELDS = ("registers", "memory", "pc", "cycles", "status", "cause", "address", "exit_code")


def run_both(
    words: list[int] | np.ndarray, registers: np.ndarray, steps: int, patches=(), memory_bytes=1024, isa_name="rv32em"
):
    program = Program(np.array(words, "<u4").view(np.uint8), 0, 0)
    config = MachineConfig(isa=isa_name, memory_bytes=memory_bytes)
    batch = Batch(registers, patches=patches)
    return ORACLE.run(program, batch, config, steps), MACHINE.run(program, batch, config, steps)


def assert_same(wanted, found) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    assert found.output == wanted.output


@pytest.mark.parametrize("name", wiring.OPERATIONS)
@settings(max_examples=10, deadline=None)
@given(pairs=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=40))
def test_unit_computes_the_operation(name, pairs):
    a, b = np.array(pairs, np.uint32).T
    oracle = ALU.get(name) or BRANCH[name]
    with evaluation():
        found = MACHINE.units().operate(name, a, b)
    assert found.tolist() == [int(oracle(x, y)) & 0xFFFFFFFF for x, y in zip(a.tolist(), b.tolist(), strict=True)]


@pytest.mark.parametrize("registers", [16, 32])
@settings(max_examples=20, deadline=None)
@given(words=st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=50), seed=st.integers(0, 1000))
def test_decoder_equals_the_table(registers, words, seed):
    free = np.random.default_rng(seed).integers(0, 1 << 32, len(isa.OPERATIONS), dtype=np.uint32)
    legal = [op.match | (int(bits) & ~op.mask & 0xFFFFFFFF) for op, bits in zip(isa.OPERATIONS, free, strict=True)]
    every = np.array(words + legal, np.uint32)
    with torch.inference_mode():
        found = Decoder(MACHINE.units().cells, networks.load_classifier(), registers).decode(every)
    wanted = isa.decode(every, registers)
    for field in ("op", "rd", "rs1", "rs2", "imm"):
        np.testing.assert_array_equal(getattr(found, field), getattr(wanted, field))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 30), isa_name=st.sampled_from(["rv32em", "rv32im"]))
def test_random_words_run_as_on_reference(seed, isa_name):
    rng, count = np.random.default_rng(seed), 16 if isa_name == "rv32em" else 32
    words = []
    for row in rng.choice(np.array(isa.OPERATIONS, object), 40):
        rd, rs1, rs2 = (int(r) for r in rng.integers(count, size=3))
        offset = int(rng.choice([8, 12, 6, -4]))
        if row.kind in ("load", "store"):
            rs1, offset = 0, int(rng.integers(1030))
        free = int(rng.integers(1 << 32)) & ~row.mask & 0x0FF00000 if row.format in ("I", "U") and row.kind != "load" else 0
        used = isa.FORMATS[row.format]
        fields = rd * used[0] << 7 | rs1 * used[1] << 15 | rs2 * used[2] << 20
        jump = isa.encode(row.name, rd * used[0], rs1 * used[1], rs2 * used[2], offset) if row.format in ("B", "J", "S") else 0
        words.append(jump or row.match | fields | free)
    registers = rng.integers(0, 1 << 32, (5, count), dtype=np.uint32)
    patch = Patch(int(rng.integers(160)), rng.integers(0, 256, (5, 7), dtype=np.uint8))
    assert_same(*run_both(words, registers, 60, (patch,) if seed % 2 else (), isa_name=isa_name))


def test_each_instance_rewrites_its_own_code():
    e = isa.encode
    change = [e("lw", 6, 0, imm=40), e("add", 6, 6, 10), e("sw", rs1=0, rs2=6, imm=24), e("fence.i"), e("addi", 8, 8, imm=1)]
    words = [
        *change,
        e("addi", 0, 0),
        e("addi", 9, 9, imm=5),
        e("bltu", rs1=8, rs2=11, imm=-28),
        e("ebreak"),
        0,
        e("addi", 9, 9),
    ]
    registers = np.zeros((4, 16), np.uint32)
    registers[:, 10], registers[:, 11] = np.arange(4) << 20, np.arange(4) + 1
    wanted, found = run_both(words, registers, 200)
    assert (wanted.status == Status.HALTED).all() and len(set(wanted.registers[:, 9].tolist())) > 1
    assert_same(wanted, found)


def test_max_steps_ends_every_instance_alike():
    loop = [isa.encode("addi", 1, 1, imm=1), isa.encode("jal", 0, imm=-4)]
    for steps in (1, 2, 7):
        assert_same(*run_both(loop, np.zeros((3, 16), np.uint32), steps))


def test_threads_are_given_back():
    before = torch.get_num_threads()
    run_both([isa.encode("ebreak")], np.zeros((1, 16), np.uint32), 1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("damage", ["missing", "truncated", "other"])
@pytest.mark.parametrize("load", [networks.load_weights, networks.load_classifier])
def test_bad_weights_are_one_clear_line(tmp_path, damage, load):
    name = "tables.safetensors" if load is networks.load_weights else "classifier.safetensors"
    other = "classifier.safetensors" if load is networks.load_weights else "tables.safetensors"
    if damage == "truncated":
        (tmp_path / name).write_bytes((networks.WEIGHTS / name).read_bytes()[:500])
    elif damage == "other":
        (tmp_path / name).write_bytes((networks.WEIGHTS / other).read_bytes())
    with pytest.raises(UserError, match=f"{name}.*make weights") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_device_that_is_not_there():
    with pytest.raises(UserError, match="tpu"):
        MACHINE.run(Program(np.zeros(4, np.uint8), 0, 0), Batch(np.zeros((1, 16), np.uint32)), MachineConfig(device="tpu"), 1)
