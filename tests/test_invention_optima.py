"""Invention where the optimum is known: exact programs against naive enumeration, best sets in two ways, free operations."""

from itertools import product
from math import comb

import numpy as np
import pytest

from experiments.isa_discovery.invention import boolean, cases, optima, transducers, words
from experiments.isa_discovery.invention.description import nodes
from experiments.isa_discovery.invention.formulas import INPUTS, smallest

N = words.N
ORDERED = np.stack(np.divmod(np.arange(N * N), N))


def sizes_by_sets(tables: np.ndarray, limit: int) -> dict[int, int]:
    """Formula sizes of functions of three inputs: the functions of each size, from those of all smaller ones."""
    by_size, size = [set(INPUTS)], dict.fromkeys(INPUTS, 0)
    masks = [[m for m in range(4) if table[m]] for table in tables]
    for total in range(1, limit + 1):
        made = set()
        for left in range(total):
            for x, y in product(by_size[left], by_size[total - 1 - left]):
                minterms = [~x & ~y, ~x & y, x & ~y, x & y]
                made |= {sum(minterms[m] & 255 for m in mask) for mask in masks}
        by_size.append(made - size.keys())
        size |= dict.fromkeys(by_size[-1], total)
    return size


@pytest.mark.parametrize("gates", [("nand",), ("and", "xor"), ("a_andn_b", "xnor", "or")])
def test_sizes_of_formulas_are_those_of_a_naive_enumeration(gates):
    tables, limit = boolean.tables()[[boolean.GATES.index(gate) for gate in gates]], 9
    found = smallest(tables).size
    expected = sizes_by_sets(tables, limit)
    assert {f: int(size) for f, size in enumerate(found) if 0 <= size <= limit} == expected


def test_the_best_gates():
    """Alone, nand and nor are the only ones that compute everything (Post 1921); more gates are never worse."""
    best = [cases.best(f"boolean_{count}") for count in range(1, 5)]
    assert {boolean.case(1).text(chosen) for chosen in best[0].best} == {"nand", "nor"}
    assert [len(b.costs) for b in best] == [sum(comb(12, size) for size in range(1, count + 1)) for count in range(1, 5)]
    assert best[0].cost > best[1].cost > best[2].cost >= best[3].cost
    largest = max(smallest(boolean.tables()[[gate]]).size.max() for gate in (boolean.GATES.index("nand"),))
    assert largest < boolean.UNDONE


def naive_lengths(tables: np.ndarray, inputs: np.ndarray, tasks: np.ndarray, undone: int) -> list[int]:
    """Lengths of shortest programs of at most three instructions, nothing left out."""
    lengths = np.full(len(tasks), undone)
    programs = inputs[None]
    for length in (1, 2, 3):
        x, y = np.divmod(np.arange(programs.shape[1] ** 2), programs.shape[1])
        made = np.stack([table[programs[:, x].astype(np.int16) * N + programs[:, y]] for table in tables], 2).reshape(
            len(programs), -1, N * N
        )
        for number, task in enumerate(tasks):
            if (made == task).all(2).any():
                lengths[number] = min(lengths[number], length)
        kept = np.repeat(programs, made.shape[1], axis=0)
        programs = np.concatenate((kept, made.reshape(-1, 1, N * N)), axis=1)
    return lengths.tolist()


def test_shortest_programs_are_those_of_a_naive_enumeration():
    case, rng = words.case(), np.random.default_rng(0)
    for chosen in (rng.choice(len(case.tables), 2, replace=False).tolist() for _ in range(2)):
        expected = naive_lengths(case.tables[chosen], case.inputs, case.every_task, case.undone)
        assert case.measure(chosen).lengths.tolist() == expected, case.text(chosen)


def test_words_are_declared_as_the_case_says():
    case = words.case()
    assert len(case.distinct) == 32 and len(case.tasks) >= 30 and len(case.held_out) * 2 == len(case.tasks)
    assert sum(len(chosen) == 4 for chosen in optima.sets(case)) == comb(32, 4) == 35_960
    assert set(words.TASKS) == {*case.task_names, *case.held_out_names}


def test_looking_at_all_sets_equals_integer_programming_and_measuring_one():
    case, every = cases.get("words_3"), cases.best("words_3")
    chosen, cost = optima.by_integer_programming(case)
    assert cost == every.cost and chosen in every.best
    rng, sets = np.random.default_rng(1), optima.sets(case)
    for number in rng.integers(len(sets), size=50):
        assert case.cost(case.measure(sets[number]).lengths) == every.costs[number]


def test_an_operation_and_its_mirror_are_one():
    case = boolean.case(2)
    names = ("a_andn_b", "b_andn_a", "xor", "a_orn_b", "b_orn_a")
    one, mirror, xor, wide, other = (boolean.GATES.index(name) for name in names)
    assert case.canonical((xor, one)) == case.canonical((mirror, xor)) != case.canonical((mirror, wide))
    assert case.canonical((wide, one)) == case.canonical((mirror, other)) and len(case.canonical((one, mirror))) == 1


def test_transducers_are_told_apart_by_minimisation_and_by_what_they_do():
    everything = transducers.every()
    some = everything.take(np.random.default_rng(0).choice(transducers.COUNT, 4000, replace=False))
    assert (transducers.tables(some) == transducers.tables(transducers.minimal(some))).all()
    with_memory = 16 * 15 * 15 * 16  # outputs that differ by state, and a way out of the first state
    reduced = transducers.minimal(everything)
    assert len(np.unique(transducers.codes(reduced))) == 16 + with_memory
    symmetric = 8 + 8 * 7 * 7 * 8
    free = transducers.distinct()
    assert len(free) == (16 + with_memory + symmetric) // 2  # Burnside's lemma
    assert len({transducers.either_way(table) for table in free}) == len(free)


def test_add_is_a_transducer_and_mul_is_proven_not_to_be():
    known = dict(zip(words.OPERATIONS, words.tables(), strict=True))
    free = {transducers.either_way(table) for table in transducers.distinct()}
    for name in transducers.KNOWN:
        assert transducers.either_way(known[name]) in free and transducers.states(known[name]) <= 2
    tasks = words.values({name: words.TASKS[name] for name in transducers.TASKS + transducers.HELD_OUT}, ORDERED)
    assert all(transducers.either_way(task) in free for task in tasks)
    assert transducers.states(known["mul"]) > 2 and transducers.either_way(known["mul"]) not in free
    after = [((a + 2) * (b + 2) >> 1) & 7 for a, b in ((0, 0), (0, 1), (1, 1))]  # the same continuation, after three prefixes
    assert after == [2, 3, 4]


def test_descriptions_are_decision_diagrams():
    gates = dict(zip(boolean.GATES, boolean.tables(), strict=True))
    assert [nodes(gates[name]) for name in ("zero", "a", "and", "xor", "one")] == [0, 1, 2, 3, 0]
    known = dict(zip(words.OPERATIONS, words.tables(), strict=True))
    assert nodes(known["and"]) == 4 * 2 and nodes(known["xor"]) == 4 * 3  # four bits that share nothing
    assert nodes(known["add"]) < nodes(known["mulhu"])
