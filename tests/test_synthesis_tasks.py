"""The tasks: examples against plain Python, known solutions against the examples, sizes against sizes."""

import math

import numpy as np
import pytest

from backends.core import isa
from backends.interface import UserError
from experiments.program_search.assembly import assemble
from experiments.program_search.machine_check import correct
from experiments.program_search.space import IMM, OP, RD, RS1, RS2, without
from experiments.synthesis import tasks
from experiments.synthesis.tasks.values import words

STRAIGHT = [name for name in tasks.names() if tasks.get(name).meaning is not None]
LOOPS = tasks.names("loops")
NUMBERS = ("sum_to_n", "fibonacci", "popcount", "multiply", "gcd", "factorial")
WORD = 0xFFFFFFFF


def signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def bits(word: int) -> str:
    return f"{word:032b}"


def ones_below(word: int) -> int:
    """1s in place of the 0s that a word ends in."""
    return (1 << 32 - len(bits(word).rstrip("0"))) - 1


def rightmost(word: int) -> int:
    return ones_below(word) + 1 & WORD if word else 0


ORACLES = {
    "increment": lambda x: x + 1,
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "square_plus": lambda x: x * (x + 1),
    "max": lambda x, y: max(x, y, key=signed),
    "min": lambda x, y: min(x, y, key=signed),
    "abs": lambda x: abs(signed(x)),
    "sign": lambda x: (signed(x) > 0) - (signed(x) < 0),
    "clamp": lambda x: sorted((0, signed(x), 255))[1],
    "average": lambda x, y: (x + y) // 2,
    "p01": lambda x: x - rightmost(x),
    "p02": lambda x: int(bits(x).rstrip("1").ljust(32, "0"), 2) if x else 0,
    "p03": rightmost,
    "p04": lambda x: ones_below(x) | rightmost(x),
    "p05": lambda x: x | ones_below(x),
    "p06": lambda x: x | rightmost(~x & WORD),
    "p07": lambda x: rightmost(~x & WORD),
    "p08": ones_below,
    "p09": lambda x: abs(signed(x)),
    "p10": lambda x, y: x.bit_length() == y.bit_length(),
    "p11": lambda x, y: x.bit_length() > y.bit_length(),
    "p12": lambda x, y: x.bit_length() >= y.bit_length(),
}


@pytest.mark.parametrize("name", ORACLES)
def test_a_meaning_is_what_plain_python_says(name):
    task, rng = tasks.get(name), np.random.default_rng(1)
    for examples in (task.edges(), task.draw(rng, 300), task.held_out(rng, 300)):
        wanted = [int(ORACLES[name](*row)) & WORD for row in examples.inputs.tolist()]
        assert examples.outputs[:, 0].tolist() == wanted


def test_every_straight_task_has_an_oracle():
    assert set(ORACLES) | {"swap"} == set(STRAIGHT)
    examples = tasks.get("swap").draw(np.random.default_rng(0), 50)
    assert (examples.outputs == examples.inputs[:, ::-1]).all()


@pytest.mark.parametrize("name", tasks.names())
def test_the_known_solution_is_right_on_the_reference_machine(name):
    task, rng = tasks.get(name), np.random.default_rng(2)
    for examples in (task.edges(), task.training(rng, 40), task.held_out(rng, 100)):
        assert correct(examples, task.solution, "reference").all()


@pytest.mark.parametrize("name", tasks.names())
def test_no_instruction_of_a_known_solution_can_be_left_out(name):
    task = tasks.get(name)
    examples = task.held_out(np.random.default_rng(3), 1000)
    assert len(examples) == 1000
    for slot in range(len(task.solution)):
        assert not correct(examples, without(task.solution, slot)).all()


@pytest.mark.parametrize("name", tasks.names())
def test_the_known_solution_lies_in_the_space(name):
    task = tasks.get(name)
    assert task.space.length > task.shortest == len(task.solution)
    assert task.space.straight == (task.group != "loops")
    for slot, fields in enumerate(task.solution.tolist()):
        operation = isa.OPERATIONS[fields[OP]].name
        assert operation in task.space.operations
        assert {fields[RD], fields[RS1], fields[RS2]} <= set(task.space.registers)
        assert fields[IMM] in task.space.immediates(operation, slot)


@pytest.mark.parametrize("name", tasks.names())
def test_training_examples_begin_with_edges_and_are_fresh(name):
    task = tasks.get(name)
    first, second = (task.training(np.random.default_rng(seed), 32) for seed in (1, 2))
    assert len(first) == len(second) == 32
    assert (first.inputs != second.inputs).any()
    again = task.training(np.random.default_rng(1), 32)
    assert (again.inputs == first.inputs).all()
    edges = {row.tobytes() for row in task.edges().inputs}
    assert {row.tobytes() for row in first.inputs[: min(16, len(edges))]} <= edges


def sizes(name, examples):
    """The size of every example, from what the task says of its inputs."""
    columns = dict(zip(map(str, examples.sources), examples.inputs.T.astype(np.int64), strict=True))
    if name == "binary_search":
        return columns["a1"] // 2
    if name not in NUMBERS:
        return (columns["a1"] - columns["a0"]) // 4
    if name == "gcd":
        return np.maximum(columns["a0"], columns["a1"])
    return columns["a1" if name == "multiply" else "a0"]


@pytest.mark.parametrize("name", LOOPS)
def test_most_held_out_sizes_are_larger_than_any_in_training(name):
    task, rng = tasks.get(name), np.random.default_rng(4)
    seen = sizes(name, task.training(rng, 200)).max()
    held_out = sizes(name, task.held_out(rng, 1000))
    assert (held_out > seen).mean() > (0.9 if name == "gcd" else 0.999)
    assert len(np.unique(held_out)) >= (3 if name == "binary_search" else 12)


@pytest.mark.parametrize("name", ["sum_array", "max_array", "reverse", "linear_search", "bubble_sort", "binary_search"])
def test_training_examples_of_arrays_have_eight_words_at_most(name):
    base, size = tasks.get(name).draw(np.random.default_rng(0), 20).window()
    assert base >= 0x100
    assert size <= 4 * 8


def arrays(name):
    """Start, end, key, words before and words after (where memory is an output) of held-out examples."""
    examples = tasks.get(name).held_out(np.random.default_rng(5), 100)
    count = sum(at.kind == "register" for at in examples.sources)
    base = examples.window()[0]
    for inputs, outputs in zip(examples.inputs.tolist(), examples.outputs.tolist(), strict=True):
        given, memory = inputs[:count], inputs[count:]
        yield (given[0] - base) // 4, (given[1] - base) // 4, given[2:], memory, outputs


def test_arrays_are_summed_and_their_greatest_found():
    for name, reduce in (("sum_array", sum), ("max_array", max)):
        for start, end, _, memory, (found,) in arrays(name):
            assert found == reduce(memory[start:end]) & WORD


def test_reversing_and_sorting_leave_the_rest_of_memory_alone():
    for start, end, _, memory, after in arrays("reverse"):
        assert after == memory[:start] + memory[start:end][::-1] + memory[end:]
    for start, end, _, memory, after in arrays("bubble_sort"):
        assert after == memory[:start] + sorted(memory[start:end], key=signed) + memory[end:]
        assert signed(memory[start - 1]) == -(1 << 31)


def test_searches_find_the_first_and_the_last():
    for start, end, (key,), memory, (found,) in arrays("linear_search"):
        place = (found - 0x100) // 4
        assert key not in memory[start:place]
        assert place == end or memory[place] == key
    examples = tasks.get("binary_search").held_out(np.random.default_rng(5), 100)
    for (base, half, key, _, *memory), (found,) in zip(examples.inputs.tolist(), examples.outputs.tolist(), strict=True):
        values, place = [signed(word) for word in memory[: half // 2]], (found - base) // 4
        assert values == sorted(values)
        assert values[place] <= signed(key)
        assert all(value > signed(key) for value in values[place + 1 :])


def test_loops_on_numbers():
    oracles = {
        "sum_to_n": lambda n: sum(range(n + 1)),
        "popcount": lambda x: bits(x).count("1"),
        "multiply": lambda a, b: a * b,
        "gcd": lambda a, b: max(d for d in range(1, min(a, b) + 1) if a % d == b % d == 0),
        "factorial": lambda n, one: math.prod(range(1, n + 1)) * one,
    }
    for name, oracle in oracles.items():
        examples = tasks.get(name).draw(np.random.default_rng(6), 100)
        assert examples.outputs[:, 0].tolist() == [oracle(*row) & WORD for row in examples.inputs.tolist()]
    pairs = tasks.get("fibonacci").draw(np.random.default_rng(6), 200)
    numbers = dict(zip(pairs.inputs[:, 0].tolist(), pairs.outputs[:, 0].tolist(), strict=True))
    assert numbers[1] == numbers[2] == 1
    assert all(numbers[n] == numbers[n - 1] + numbers[n - 2] for n in range(3, 9))


def test_counting_up_to_a_word_is_not_in_time():
    """Multiplying by adding again and again is right, and no answer to a task about bits."""
    counted = assemble([("add", "a2", "a2", "a0"), ("addi", "a1", "a1", -1), ("bne", "a1", "zero", -8)])
    examples = tasks.get("multiply").draw(np.random.default_rng(7), 200)
    right = correct(examples, counted)
    assert right[examples.inputs[:, 1] == 1].all()
    assert not right[examples.inputs[:, 1] > 100].any()


def test_words_are_a_mixture():
    drawn = words(np.random.default_rng(8), 20000).view(np.int32)
    assert 0.1 < (np.abs(drawn.astype(np.int64)) <= 16).mean() < 0.35
    assert 0.4 < (np.abs(drawn.astype(np.int64)) > 1 << 24).mean() < 0.8
    assert {-(1 << 31), (1 << 31) - 1, 0, 1, -1} <= set(drawn.tolist())


def test_names_and_groups():
    assert len(tasks.names()) == len(set(tasks.names())) == 35
    assert tasks.names("control") == ["increment"]
    assert tasks.names("hackers_delight") == [f"p{i:02}" for i in range(1, 13)]
    with pytest.raises(UserError, match="unknown task 'sort'"):
        tasks.get("sort")
