"""gpu_compute beyond the conformance table: CUDA without a GPU, instruction memories of one's own, threads."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backends.conformance import cases, compare
from backends.conformance.cases import words_program
from backends.core import catalog, cores
from backends.core.isa import encode
from backends.gpu_compute import arguments, launch
from backends.interface import Batch, MachineConfig, Patch, Program, UserError

GPU, REFERENCE = catalog.create("gpu_compute"), catalog.create("reference")
CONFIG = MachineConfig(memory_base=0x100, memory_bytes=256)


def assert_equal(program, batch: Batch, config: MachineConfig, max_steps: int) -> None:
    result, wanted = (m.run(program, batch, config, max_steps) for m in (GPU, REFERENCE))
    assert not compare.mismatches(result, wanted).any()


def test_the_kernels_compile_for_cuda(monkeypatch):
    from numba import cuda
    from numba.core import types as t
    from numba.cuda.cudadrv import nvvm

    try:
        nvvm.NVVM()
    except (nvvm.NvvmSupportError, OSError):
        pytest.skip("libNVVM is not here: it comes with the CUDA toolkit or the extra cuda13")
    hopper = SimpleNamespace(compute_capability=(9, 0))  # what functions that the step calls are compiled for
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: hopper)
    u8, u32, i64 = t.uint8[::1], t.uint32[::1], t.int64[::1]
    words = t.uint32[:, ::1]
    instructions = t.NamedTuple((t.uint64[:, ::1], i64, t.uint32), arguments.Instructions)
    each = (words, t.uint8[:, ::1], words, u32, i64, u32, i64, i64, i64, u8, u8, u32)
    instances = t.NamedTuple(each, arguments.Instances)
    caches = t.NamedTuple((t.uint32[:, :, ::1], t.uint32, t.int64, t.int64), arguments.Caches)
    extensions = t.NamedTuple((t.uint32[:, :, ::1], i64, t.boolean[::1], words), arguments.Extensions)
    for cached, extended in ((False, False), (True, False), (False, True)):
        kernel = launch.kernel(cached, extended).py_func
        ptx, _ = cuda.compile_ptx(kernel, (instructions, instances, caches, extensions), cc=hopper.compute_capability)
        assert ".entry" in ptx


def test_patched_code_runs_in_the_instance_that_it_was_patched_into():
    program = words_program([encode("addi", 10, 0, imm=0), encode("ebreak")], 0x100)
    patches = np.array([encode("addi", 10, 0, imm=b) for b in range(32)], np.uint32).view(np.uint8).reshape(32, 4)
    batch = Batch(np.zeros((32, 16), np.uint32), patches=(Patch(0x100, patches),))
    assert_equal(program, batch, CONFIG, 10)
    assert GPU.run(program, batch, CONFIG, 10).registers[:, 10].tolist() == list(range(32))


def test_patched_data_can_be_jumped_to():
    program = words_program([encode("jal", 1, imm=0x80)], 0x100)
    code = np.array([encode("addi", 10, 10, imm=3), encode("ebreak")] * 2, np.uint32).view(np.uint8)[None]
    assert_equal(program, Batch(np.zeros((1, 16), np.uint32), patches=(Patch(0x180, code[:, :8]),)), CONFIG, 10)


def test_instances_rewrite_their_own_code_only():
    """Instance b stores `addi a0, a0, b` over the instruction at 0x110 and refetches; its neighbours do the same."""
    words = [
        encode("sw", 0, 2, 11, 0x10),
        encode("fence.i"),
        encode("fence"),
        encode("fence"),
        encode("ebreak"),
        encode("ebreak"),
    ]
    registers = np.zeros((8, 16), np.uint32)
    registers[:, 2] = 0x100
    registers[:, 11] = [encode("addi", 10, 10, imm=b) for b in range(8)]
    batch = Batch(registers)
    assert_equal(words_program(words, 0x100), batch, CONFIG, 20)
    assert GPU.run(words_program(words, 0x100), batch, CONFIG, 20).registers[:, 10].tolist() == list(range(8))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_results(monkeypatch, threads):
    monkeypatch.setenv("BACKEND_THREADS", str(threads))
    case = next(c for c in cases.operation_cases(1000) if c.name.endswith("lhu"))
    assert_equal(case.programs, case.batch, case.config, case.max_steps)


def test_memory_at_the_top_of_the_address_space():
    config = replace(CONFIG, memory_base=(1 << 32) - 256)
    words = [encode("lw", 10, 2, imm=-4), encode("sw", 0, 2, 10, -8), encode("jalr", 1, 0, imm=0)]
    program = Program(words_program(words).image, config.memory_base, config.memory_base)
    registers = np.zeros((2, 16), np.uint32)
    registers[1, 2] = 8
    assert_equal(program, Batch(registers), config, 10)


@pytest.mark.parametrize("threads", ["many", "0", "-1", "1.5", ""])
def test_what_is_no_number_of_threads_is_told(monkeypatch, threads):
    monkeypatch.setenv("BACKEND_THREADS", threads)
    with pytest.raises(UserError, match="BACKEND_THREADS="):
        cores.threads()
