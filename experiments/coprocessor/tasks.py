"""Problems: what is asked, in which words, and which problems are kept for the test.

A problem belongs to the test or to training by a hash of its operation and its operands in order of size, so that the same pair
exchanged is on the same side. What is drawn depends on the generator alone.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from experiments.coprocessor import templates

OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "compare": lambda a, b: (a > b) - (a < b),
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}
"""On natural numbers; a divisor is not 0. Comparison gives -1, 0 or 1."""
SIGNS = dict(zip(OPERATIONS, "+-?*/%&|^", strict=True))
LONGEST_TRAINED, LONGEST = 6, 9
"""Digits of an operand in training, and at most without chaining."""
_TEST_SHARE, _EQUAL_SHARE = 8, 0.2
_TRIES = 20


@dataclass(frozen=True)
class Problem:
    """ends: places in the prompt of the last digits of a and b. form: `signs` or `words`."""

    operation: str
    a: int
    b: int
    form: str
    prompt: str
    ends: tuple[int, int]

    @property
    def answer(self) -> str:
        return answer(self.operation, self.a, self.b)


def answer(operation: str, a: int, b: int) -> str:
    """As it is written."""
    value = OPERATIONS[operation](a, b)
    return "=><"[value] if operation == "compare" else str(value)


def held_out(operation: str, a: int, b: int) -> bool:
    """Whether a problem is one of the test, one in eight."""
    low, high = sorted((a, b))
    return zlib.crc32(f"{operation} {low} {high}".encode()) % _TEST_SHARE == 0


def in_signs(operation: str, a: int, b: int) -> Problem:
    """Such as `12+7=`."""
    left = f"{a}{SIGNS[operation]}"
    return Problem(operation, a, b, "signs", f"{left}{b}=", (len(str(a)) - 1, len(left) + len(str(b)) - 1))


def in_words(operation: str, a: int, b: int, template: str, rng: random.Random) -> Problem:
    """With a template's holes filled, those that have nothing to do with the answer at random."""
    filled = template.format(a="\0", b="\1", c=number(rng, rng.randint(1, 4)), n=rng.choice(templates.NOUNS))
    order = sorted((filled.index(hole), number) for hole, number in (("\0", a), ("\1", b)))
    prompt = filled.replace("\0", str(a)).replace("\1", str(b))
    ends, longer = {}, 0
    for place, operand in order:
        longer += len(str(operand)) - 1
        ends[place] = place + longer
    return Problem(operation, a, b, "words", prompt, (ends[filled.index("\0")], ends[filled.index("\1")]))


def number(rng: random.Random, digits: int) -> int:
    """Of so many digits exactly; 0 has one."""
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def operands(rng: random.Random, operation: str, lengths: tuple[int, int], test: bool | None) -> tuple[int, int]:
    """A pair of so many digits, on one side of the split (None: on either). Some of those to be compared are equal."""
    while True:
        a, b = (number(rng, length) for length in lengths)
        if operation == "compare" and lengths[0] == lengths[1] and rng.random() < _EQUAL_SHARE:
            b = a
        if operation in ("divide", "remainder") and b == 0:
            continue
        if test is None or held_out(operation, a, b) == test:
            return a, b


def training(rng: random.Random, count: int, words: float, operations: Sequence[str] = tuple(OPERATIONS)) -> list[Problem]:
    """Problems of training, this share of them in words where the operation has any; all of one form or another."""
    found = []
    for _ in range(count):
        operation = rng.choice(operations)
        a, b = operands(rng, operation, (rng.randint(1, LONGEST_TRAINED), rng.randint(1, LONGEST_TRAINED)), test=False)
        known = templates.TRAINING.get(operation)
        if known and rng.random() < words:
            found.append(in_words(operation, a, b, rng.choice(known), rng))
        else:
            found.append(in_signs(operation, a, b))
    return found


def problems_of_test(operation: str, length: int, count: int, seed: int, known: Sequence[str] = ()) -> list[Problem]:
    """Different problems of the test with operands of so many digits (a divisor has as many or fewer), in signs, or in words
    by these templates in turn. Of one digit there are fewer than a hundred."""
    rng, pairs = random.Random(f"test {operation} {length} {seed} {len(known)}"), dict[tuple[int, int], None]()
    for _ in range(_TRIES * count):
        if len(pairs) < count:
            second = rng.randint(1, length) if operation in ("divide", "remainder") else length
            pairs[operands(rng, operation, (length, second), test=True)] = None
    if not known:
        return [in_signs(operation, a, b) for a, b in pairs]
    return [in_words(operation, a, b, known[k % len(known)], rng) for k, (a, b) in enumerate(pairs)]
