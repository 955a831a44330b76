"""Memory of bytes of eight expected bits: addresses, loads and stores, and the adjoints."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.carries import BITS, add, add_back, sum_of
from backends.gpu_compute.soft.independent import choices, choices_back, product, product_back
from backends.gpu_compute.soft.layout import Access, Sizes
from backends.gpu_compute.soft.memory import BYTES, cover, cover_back
from backends.gpu_compute.soft.names import LOADS, SIGNED_BYTE, SIGNED_HALF
from backends.gpu_compute.soft.words import AI, OFFSET

BYTE = 8


class Memory(NamedTuple):
    """access: see `Access`. low `[2 T, K]`: masses of the low bits of the address, T the power of two from M on. high
    `[65, K]`: of the other bits, expectations of 0, and their products. Or cotangents."""

    access: Access
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Memory":
        low = 2 << (sizes.memory - 1).bit_length()
        return cls(sizes.access(), sizes.zeros(low), sizes.zeros(2 * BITS + 1))


@inlined
def low_bits(tree):
    """How many bits of the address lie within memory."""
    count = 0
    while 2 << count < len(tree):
        count += 1
    return count


@inlined
def locate(program, w, mem):
    """The mass of the address on each byte of memory."""
    word = sum_of(w.sums[AI]).word
    if program.based:
        add(word, program.minus_base, False, sum_of(w.sums[OFFSET]))
        word = sum_of(w.sums[OFFSET]).word
    count = low_bits(mem.low)
    choices(word, count, mem.low)
    for k in range(count, len(word)):
        mem.high[k - count] = 1.0 - word[k]
    product(mem.high, BITS - count, mem.high[BITS:])
    inside = mem.high[2 * BITS - count]
    for m in range(len(mem.access.weights)):
        mem.access.weights[m] = mem.low[(1 << count) + m] * inside


@inlined
def locate_back(program, w, mem, d_w, d_mem):
    """Adds the cotangent of the address, given those of the masses on bytes."""
    count, size = low_bits(mem.low), len(mem.access.weights)
    sums = w.sums[OFFSET] if program.based else w.sums[AI]
    d_sums = d_w.sums[OFFSET] if program.based else d_w.sums[AI]
    word, d_word, inside = sums[:BITS], d_sums[:BITS], mem.high[2 * BITS - count]
    first, d_inside = 1 << count, 0.0 * inside
    for m in range(first):
        d_weight = d_mem.access.weights[m] if m < size else 0.0 * inside
        d_inside += d_weight * mem.low[first + m]
        d_mem.low[first + m] = d_weight * inside
    choices_back(word, count, mem.low, d_mem.low, d_word)
    product_back(mem.high, BITS - count, mem.high[BITS:], d_inside, d_mem.high)
    for k in range(count, len(word)):
        d_word[k] -= d_mem.high[k - count]
    if program.based:
        constant = d_mem.high[:BITS]  # what a constant's cotangent is added to
        add_back(w.sums[AI][:BITS], program.minus_base, False, sum_of(sums), sum_of(d_sums), d_w.sums[AI][:BITS], constant)


@inlined
def load(program, f, mem, memory, e):
    """Adds what is loaded to the word."""
    access, size = mem.access, len(memory)
    for k in range(BYTES):
        for i in range(memory.shape[1]):
            bit = e.word[BYTE * k + i]
            for m in range(size):
                bit += access.loaded[k, m] * memory[m, i]
            e.word[BYTE * k + i] = bit
    byte, half = signs(f, access, memory)
    for k in range(BYTE, len(e.word)):
        e.word[k] += byte
        if k >= 2 * BYTE:
            e.word[k] += half


@inlined
def signs(f, access, memory):
    """The sign bits that a byte and a half-word repeat, times the masses of their loads."""
    size = len(memory)
    byte = half = 0.0 * access.weights[0]
    for m in range(size):
        byte += access.weights[m] * memory[m, BYTE - 1]
    for m in range(size - 1):
        half += access.weights[m] * memory[m + 1, BYTE - 1]
    return byte * f.op[LOADS[SIGNED_BYTE]], half * f.op[LOADS[SIGNED_HALF]]


@inlined
def store(f, mem, memory, after):
    """Memory `[M, 8]` after what is stored."""
    stored = mem.access.stored
    for m in range(len(memory)):
        kept = 1.0 - stored[0, m] - stored[1, m] - stored[2, m] - stored[3, m]
        for i in range(memory.shape[1]):
            bit = kept * memory[m, i]
            for k in range(BYTES):
                bit += stored[k, m] * f.b[BYTE * k + i]
            after[m, i] = bit


@inlined
def load_back(program, f, mem, memory, d, d_mem):
    """Adds the cotangents of memory, and writes those of what is covered."""
    access, d_access = mem.access, d_mem.access
    for m in range(len(memory)):
        for k in range(BYTES):
            d_cover = 0.0 * access.weights[m]
            for i in range(memory.shape[1]):
                d_cover += d.e.word[BYTE * k + i] * memory[m, i]
            d_access.loaded[k, m] = d_cover
        for i in range(memory.shape[1]):
            d_bit = d.state.memory[m, i]
            for k in range(BYTES):
                d_bit += access.loaded[k, m] * d.e.word[BYTE * k + i]
            d.state.memory[m, i] = d_bit


@inlined
def signs_back(f, mem, memory, d, d_mem):
    """The same of the repeated sign bits; adds the cotangents of weights and masses."""
    access, d_byte, d_half = mem.access, 0.0 * f.op[0], 0.0 * f.op[0]
    for k in range(BYTE, 2 * memory.shape[1]):
        d_byte += d.e.word[k]
    for k in range(2 * BYTE, len(d.e.word)):
        d_half += d.e.word[k]
    d_byte += d_half
    of_byte, of_half = LOADS[SIGNED_BYTE], LOADS[SIGNED_HALF]
    byte_total, half_total = 0.0 * d_byte, 0.0 * d_byte
    for m in range(len(memory)):
        byte_total += access.weights[m] * memory[m, BYTE - 1]
        d_mem.access.weights[m] += d_byte * f.op[of_byte] * memory[m, BYTE - 1]
        d.state.memory[m, BYTE - 1] += d_byte * f.op[of_byte] * access.weights[m]
    for m in range(len(memory) - 1):
        half_total += access.weights[m] * memory[m + 1, BYTE - 1]
        d_mem.access.weights[m] += d_half * f.op[of_half] * memory[m + 1, BYTE - 1]
        d.state.memory[m + 1, BYTE - 1] += d_half * f.op[of_half] * access.weights[m]
    d.f.op[of_byte] += d_byte * byte_total
    d.f.op[of_half] += d_half * half_total


@inlined
def store_back(f, mem, memory, d, d_mem):
    """d.state.memory becomes the cotangent of memory before the store; adds that of b, and writes those of what is covered."""
    stored = mem.access.stored
    for m in range(len(memory)):
        kept = 1.0 - stored[0, m] - stored[1, m] - stored[2, m] - stored[3, m]
        for k in range(BYTES):
            d_cover = 0.0 * kept
            for i in range(memory.shape[1]):
                d_after = d.state.memory[m, i]
                d_cover += d_after * (f.b[BYTE * k + i] - memory[m, i])
                d.f.b[BYTE * k + i] += stored[k, m] * d_after
            d_mem.access.stored[k, m] = d_cover
        for i in range(memory.shape[1]):
            d.state.memory[m, i] *= kept


@inlined
def access(program, f, w, mem, memory, e):
    """Loads from memory; what is stored is left to `store`."""
    locate(program, w, mem)
    cover(f, mem.access, e)
    load(program, f, mem, memory, e)


@inlined
def access_back(program, f, w, mem, memory, d, d_w, d_mem):
    """The adjoint of `access` and `store`."""
    store_back(f, mem, memory, d, d_mem)
    load_back(program, f, mem, memory, d, d_mem)
    cover_back(f, mem.access, d, d_mem.access)
    signs_back(f, mem, memory, d, d_mem)
    locate_back(program, w, mem, d_w, d_mem)
