"""Memory of bytes that are real numbers, and where jumps lead in relaxation `value`; with the adjoints."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inlined
from backends.gpu_compute.soft.lanes import as_real, nearest, rows, where
from backends.gpu_compute.soft.layout import Access, Sizes
from backends.gpu_compute.soft.memory import BYTES, cover, cover_back
from backends.gpu_compute.soft.names import LOADS, SIGNED_BYTE, SIGNED_HALF
from backends.gpu_compute.soft.numbers import WORD, cell, integer, modulo, sigmoid, slope
from backends.gpu_compute.soft.value_words import AI


class Memory(NamedTuple):
    """access: see `Access`. beyond `[M + 1, K]`: mass of the address above the lower edge of each byte. digits `[4, K]`: bytes
    of the word that is stored. Or cotangents."""

    access: Access
    beyond: np.ndarray
    digits: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Memory":
        return cls(sizes.access(), sizes.zeros(sizes.memory + 1), sizes.zeros(BYTES))


@inlined
def access(program, f, w, mem, memory, e):
    """Loads from memory; what is stored is left to `store`."""
    offset, weights, size = modulo(w.sums[AI] + program.minus_base[0], WORD), mem.access.weights, len(memory)
    for m in range(size + 1):
        mem.beyond[m] = sigmoid(offset - (m - 0.5), program.temperature)
    for m in range(size):
        weights[m] = mem.beyond[m] - mem.beyond[m + 1]
    cover(f, mem.access, e)
    word = e.word[0]
    for k in range(BYTES):
        byte = 0.0 * word
        for m in range(size):
            byte += mem.access.loaded[k, m] * memory[m, 0]
        word += byte * float(1 << 8 * k)
    byte = half = 0.0 * word
    for m in range(size):
        of_byte, of_half = signs(memory, m)
        byte += weights[m] * of_byte
        half += weights[m] * of_half
    e.word[0] = word + f.op[LOADS[SIGNED_BYTE]] * byte + f.op[LOADS[SIGNED_HALF]] * half


@inlined
def signs(memory, m):
    """What the sign adds to a byte and to a half-word at offset m; nothing where that is not inside."""
    low = memory[m, 0]
    byte = where(low >= 128.0, WORD - 256.0, 0.0 * low)
    if m + 1 == len(memory):
        return byte, 0.0 * low
    return byte, where(low + 256.0 * memory[m + 1, 0] >= 32768.0, WORD - 65536.0, 0.0 * low)


@inlined
def store(f, mem, memory, after):
    """Memory `[M, 1]` after what is stored."""
    stored = mem.access.stored
    word = integer(f.b[0])
    for k in range(BYTES):
        mem.digits[k] = as_real(word >> 8 * k & 255)
    for m in range(len(memory)):
        byte = (1.0 - stored[0, m] - stored[1, m] - stored[2, m] - stored[3, m]) * memory[m, 0]
        for k in range(BYTES):
            byte += stored[k, m] * mem.digits[k]
        after[m, 0] = byte


@inlined
def store_back(f, mem, memory, d, d_mem):
    """d.state.memory becomes the cotangent of memory before the store; adds that of b, and writes those of what is covered. A
    byte of a word answers for a fourth of it."""
    stored, word = mem.access.stored, integer(f.b[0])
    for k in range(BYTES):
        digit, d_digit = as_real(word >> 8 * k & 255), 0.0 * f.b[0]
        for m in range(len(memory)):
            d_after = d.state.memory[m, 0]
            d_digit += stored[k, m] * d_after
            d_mem.access.stored[k, m] = d_after * (digit - memory[m, 0])
        d.f.b[0] += d_digit * (1.0 / (BYTES << 8 * k))
    for m in range(len(memory)):
        d.state.memory[m, 0] *= 1.0 - stored[0, m] - stored[1, m] - stored[2, m] - stored[3, m]


@inlined
def load_back(f, mem, memory, d, d_mem):
    """Adds the cotangents of memory, and writes those of what is covered."""
    for k in range(BYTES):
        d_byte = d.e.word[0] * float(1 << 8 * k)
        for m in range(len(memory)):
            d.state.memory[m, 0] += mem.access.loaded[k, m] * d_byte
            d_mem.access.loaded[k, m] = d_byte * memory[m, 0]


@inlined
def access_back(program, f, w, mem, memory, d, d_w, d_mem):
    """The adjoint of `access` and `store`."""
    store_back(f, mem, memory, d, d_mem)
    load_back(f, mem, memory, d, d_mem)
    cover_back(f, mem.access, d, d_mem.access)
    g, weights, d_weights = d.e.word[0], mem.access.weights, d_mem.access.weights
    by_byte, by_half = g * f.op[LOADS[SIGNED_BYTE]], g * f.op[LOADS[SIGNED_HALF]]
    d_byte = d_half = 0.0 * g
    for m in range(len(memory)):
        of_byte, of_half = signs(memory, m)
        d_weights[m] += by_byte * of_byte + by_half * of_half
        d_byte += weights[m] * of_byte
        d_half += weights[m] * of_half
    d.f.op[LOADS[SIGNED_BYTE]] += g * d_byte
    d.f.op[LOADS[SIGNED_HALF]] += g * d_half
    d_offset, before = 0.0 * g, 0.0 * g
    for m in range(len(memory) + 1):
        d_weight = d_weights[m] if m < len(memory) else 0.0 * g
        d_offset += slope(mem.beyond[m], program.temperature) * (d_weight - before)
        before = d_weight
    d_w.sums[AI] += d_offset


@inlined
def on_slots(word, addresses, temperature, masses):
    """The mass of a word on the addresses `[1, S]` of slots, and on multiples of 4: masses `[L + 1]`."""
    slots = len(masses) - 1
    for j in range(slots):
        masses[j] = cell(word - addresses[0, j], temperature)[0]
    masses[slots] = cell(word - 4.0 * nearest(word * 0.25), temperature)[0]


@inlined
def on_slots_back(word, addresses, temperature, d_masses):
    """The cotangent of the word."""
    slots = len(d_masses) - 1
    d_word = d_masses[slots] * cell(word - 4.0 * nearest(word * 0.25), temperature)[1]
    for j in range(slots):
        d_word += d_masses[j] * cell(word - addresses[0, j], temperature)[1]
    return d_word


@inlined
def even(word):
    """The word with bit 0 cleared, with derivative 1."""
    return word - as_real(integer(word) & 1)


@entry
def lead(imm, here, addresses, temperature, jumps, _room):
    """As `targets.lead`, of words that are numbers."""
    imm, here, jumps = rows(imm), rows(here), rows(jumps)
    for p in range(imm.shape[0]):
        for s in range(imm.shape[2]):
            on_slots(modulo(here[0, s] + imm[p, 0, s], WORD), addresses, temperature[p], jumps[p, :, s])


@entry
def lead_back(imm, here, addresses, temperature, d_jumps, d_imm, _room, _d_room):
    """As `targets.lead_back`."""
    imm, here, d_jumps, d_imm = rows(imm), rows(here), rows(d_jumps), rows(d_imm)
    for p in range(imm.shape[0]):
        for s in range(imm.shape[2]):
            word = modulo(here[0, s] + imm[p, 0, s], WORD)
            d_imm[p, 0, s] += on_slots_back(word, addresses, temperature[p], d_jumps[p, :, s])
