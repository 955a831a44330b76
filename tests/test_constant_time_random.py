"""The verifier on random C functions: what it proves, traces over many secrets never refute.

`verify` itself raises Contradiction where a proven function has two traces, so that a run that comes to an end is the test.
"""

import random

import pytest

from backends.core import catalog
from experiments.timing_crypto.verifier.subject import Question
from experiments.timing_crypto.verifier.verify import verify

MACHINE = catalog.create("gpu_compute")
NAMES = ("s", "t", "p", "q", "a", "b", "c")
FRAME = """#include <stdint.h>
#include <string.h>
static uint32_t cells[16];
static const uint32_t table[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
uint32_t f(uint32_t s, int8_t t, uint32_t p, int16_t q, const uint8_t *key, const uint8_t *text) {
    uint8_t *bytes = (uint8_t *)cells;
    uint32_t a = s, b = p, c = 0;
%s    return a ^ b ^ c ^ cells[3];
}
"""


class Writer:
    """Writes statements in which secrets (s, t, key) and public values (p, q, text) meet in registers and memory."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self, below):
        return str(self.random.randrange(below))

    def value(self, depth=0):
        r = self.random
        if depth > 2 or r.random() < 0.3:
            leaf = (r.choice(NAMES), f"key[{self.number(8)}]", f"text[{self.number(8)}]", f"cells[{self.number(16)}]")
            return f"(uint32_t){r.choice((*leaf, self.number(300)))}"
        left, right = self.value(depth + 1), self.value(depth + 1)
        return r.choice(
            (
                f"({left} {r.choice('+-*^&|')} {right})", f"({left} {r.choice(('<<', '>>'))} {self.number(32)})",
                f"({left} >> ({right} & 31))", f"(uint32_t)((int32_t){left} >> {self.number(32)})",
                f"(uint32_t)({r.choice(('uint8_t', 'int8_t', 'uint16_t', 'int16_t'))}){left}", f"({left} < {right})",
                f"table[{r.choice('pq')} & 15]",
            )
        )  # fmt: skip

    def statement(self, depth=0):
        r, inner = self.random, ""
        if depth < 2 and r.random() < 0.25:
            inner = "".join(self.statement(depth + 1) for _ in range(r.randrange(1, 3)))
        condition = r.choice((f"p > {self.number(9)}", f"bytes[{self.number(64)}] & 1", f"cells[{self.number(16)}]", "a & 1"))
        bound, i = r.choice(("4", "(p & 7)", "(q & 3)", "(b & 3)")), f"i{depth}"
        if inner:
            return r.choice(
                (f"if ({condition}) {{ {inner} }}\n", f"for (uint32_t {i} = 0; {i} < {bound}; {i}++) {{ {inner} }}\n")
            )
        source = r.choice(("key", "text"))
        return r.choice(
            (
                f"{r.choice('abc')} = {self.value()};\n", f"cells[{self.number(16)}] = {self.value()};\n",
                f"bytes[{self.number(64)}] = {self.value()};\n", f"cells[{r.choice('pq')} & 15] = {self.value()};\n",
                f"memcpy(bytes + {self.number(50)}, {source} + {self.number(3)}, {self.number(6)});\n",
                f"memset(bytes + {self.number(40)}, {r.choice(('0', 'p', 's'))}, {self.number(24)});\n",
            )
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_nothing_proven_is_refuted(seed, tmp_path):
    writer = Writer(seed)
    path = tmp_path / "random.c"
    path.write_text(FRAME % "".join(writer.statement() for _ in range(writer.random.randrange(3, 14))))
    secrets, public = {"s": None, "t": None, "key": 8}, {"p": None, "q": None, "text": 8}
    level, isa = writer.random.choice(("-O0", "-O1", "-O2", "-O3", "-Os")), writer.random.choice(("rv32em", "rv32im"))
    verdict = verify(Question(path, "f", secrets, public, level=level, isa=isa), MACHINE, 300, 200_000, seed)
    assert verdict.public_inputs >= 32
    if verdict.proven:
        assert (verdict.cross_check.distinct_pcs, verdict.cross_check.distinct_accesses) == (1, 1)
