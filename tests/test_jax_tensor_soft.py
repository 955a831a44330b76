"""The soft machine of `jax_tensor`, and the laws of both word algebras. Conformance (test_conformance.py) holds its limit at
temperature 0 against `reference`, and its gradients against finite differences."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backends.conformance import cases
from backends.conformance import soft as conformance
from backends.core import isa
from backends.core.soft import COLUMN, SoftRun
from backends.interface import Batch, Logits, MachineConfig, SoftProgram, UserError
from backends.jax_tensor import create, soft, soft_operations, soft_run
from backends.jax_tensor.soft_operations import RELAXATIONS, Fetched, Machine, Place, SoftState
from backends.jax_tensor.value import Value, digits, multiply
from backends.jax_tensor.vertex import unpack
from backends.reference import create as create_reference
from manual import ALU

FEW = ("add", "xor", "addi", "beq", "jal", "ebreak")
_run = jax.jit(soft.run, static_argnames=("machine", "steps"))


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


def test_bits_are_exact_in_float32():
    (case,) = (c for c in cases.operation_cases(1) if c.name == "rv32em mulh")
    case = replace(case, config=replace(case.config, dtype="float32"))
    hard = create_reference().run(case.programs, case.batch, case.config, case.max_steps)
    assert not conformance.limit_failures(case, hard, create(), "bits").any()


def _operate(relaxation: str, name: str, a: jax.Array, b: jax.Array) -> jax.Array:
    """The word that the operation alone computes from words a and b, at temperature 0."""
    machine, algebra = Machine(relaxation, (name,)), RELAXATIONS[relaxation](jnp.zeros(()))
    shape = np.shape(a)[1:] if relaxation == "bits" else np.shape(a)
    f = Fetched({name: jnp.ones(shape)}, rd=jnp.zeros((16, *shape)), a=a, b=b, imm=a, here=a, link=a)
    return soft_operations.Operations(machine, algebra, f).compute().word


@pytest.mark.parametrize("relaxation", ["bits", "value"])
@pytest.mark.parametrize("name", isa.ARITHMETIC)
def test_arithmetic_is_exact_at_integers(name, relaxation):
    """Every operation of both algebras on words that have hardened, over the full 32-bit range."""
    a, b = cases.operands(np.random.default_rng(1), (2, 300))
    from_integers = RELAXATIONS[relaxation].from_integers
    words = [jnp.moveaxis(jnp.asarray(from_integers(x, 32).astype(float)), 0, -1) for x in (a, b)]
    result = _operate(relaxation, name, *words)
    if relaxation == "bits":
        result = 2.0 ** np.arange(32) @ result
    wanted = [ALU[name](x, y) & 0xFFFFFFFF for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    np.testing.assert_array_equal(np.asarray(result), np.array(wanted, np.float64))


def _means(function, expectations: np.ndarray) -> np.ndarray:
    """Mean of a function of bits `[n]` over independent bits with these expectations, by enumeration."""
    corners = (np.arange(1 << len(expectations))[:, None] >> np.arange(len(expectations)) & 1).astype(float)
    mass = np.prod(np.where(corners == 1, expectations, 1 - expectations), axis=1)
    return sum(m * function(c) for m, c in zip(mass, corners, strict=True))


@pytest.mark.parametrize("name", ["add", "sub", "sltu", "slt", "sll", "srl", "sra", "and", "or", "xor"])
def test_bits_give_the_mean_over_independent_operands(name):
    """With a known second operand nothing depends on anything: expectations equal enumeration over the first."""
    rng = np.random.default_rng(2)
    places = np.array([0, 1, 2, 15, 30, 31])
    word = int(rng.integers(0, 1 << 32))
    b = np.asarray(unpack(jnp.uint32(word), np.dtype(float)))
    a, loose = rng.integers(0, 2, 32).astype(float), rng.random(len(places))

    def exact(corner: np.ndarray) -> np.ndarray:
        bits = a.copy()
        bits[places] = corner
        x = int(bits @ 2.0 ** np.arange(32))
        return np.array([ALU[name](x, word) >> k & 1 for k in range(32)], float)

    soft_a = a.copy()
    soft_a[places] = loose
    result = _operate("bits", name, jnp.asarray(soft_a), jnp.asarray(b))
    np.testing.assert_allclose(result, _means(exact, loose), atol=1e-12)


def _problem(slots: int, instances: int, programs: int = 1) -> tuple[Logits, SoftState]:
    rng = np.random.default_rng(3)
    widths = (len(COLUMN), 16, 16, 16, 32)
    logits = Logits(*(jnp.asarray(rng.normal(size=(programs, slots, width))) for width in widths))
    pc = np.zeros((slots + 2, instances))
    pc[0] = 1
    registers = jnp.asarray(rng.integers(0, 2, (16, 32, instances)).astype(float)).at[0].set(0)
    return logits, SoftState(registers, jnp.zeros((4, 8, instances)), jnp.asarray(pc))


def test_operations_left_out_are_those_without_weight():
    logits, state = _problem(3, 2)
    logits = jax.tree.map(lambda x: x[0], logits)
    allowed = np.isin(isa.SOFT_OPERATIONS, FEW)
    masked = logits._replace(op=jnp.where(allowed, logits.op, -1e6))
    run = partial(_run, place=Place(), temperature=jnp.ones(()), state=state, steps=4)
    for few, every in zip(run(Machine(operations=FEW), logits), run(Machine(), masked), strict=True):
        np.testing.assert_allclose(few, every, atol=1e-12)


def test_programs_and_instances_are_batched_alike():
    """vmap over programs and the instances' axis give what one program on one instance gives."""
    logits, state = _problem(3, 2, programs=2)
    run = partial(_run, Machine(operations=FEW), place=Place(), temperature=jnp.ones(()), steps=4)
    together = jax.vmap(lambda x: run(x, state=state))(logits)
    for p in range(2):
        for b in range(2):
            alone = run(jax.tree.map(lambda x, p=p: x[p], logits), state=jax.tree.map(lambda x, b=b: x[..., b], state))
            for one, all_ in zip(alone, together, strict=True):
                np.testing.assert_allclose(one, all_[p, ..., b], atol=1e-12)


@pytest.mark.parametrize("operations", [("add", "and", "sll", "sltu", "slti", "srai"), ("lui", "lw", "lb", "sh", "addi")])
@pytest.mark.parametrize("relaxation", ["bits", "value"])
def test_a_known_start_changes_nothing(relaxation, operations):
    """Straight-line programs, past their last slot, on five registers: state and gradient are those of any start."""
    rng, machine, start, steps = np.random.default_rng(4), Machine(relaxation, operations), 1, 4
    logits = Logits(*(rng.normal(size=(4, width)) for width in (len(COLUMN), 5, 5, 5, 32)))
    logits.imm[:, 4:] = -60  # small numbers, of which a rounded real number is not near the next
    registers, memory = rng.integers(0, 16, (3, 5)).astype(np.uint32), rng.integers(0, 256, (3, 12)).astype(np.uint8)
    state = soft_run.initial_states(relaxation, registers, memory, 4, start, "float64")
    weights = jax.tree.map(lambda x: rng.normal(size=x.shape), state)

    @partial(jax.jit, static_argnames="start")
    def both(logits: Logits, start: int | None) -> tuple[SoftState, Logits]:
        end, pull = jax.vjp(lambda x: soft.run(machine, x, Place(), jnp.ones(()), state, steps, start), logits)
        return end, pull(weights)[0]

    for one, other in zip(*(jax.tree.leaves(both(logits, s)) for s in (start, None)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_segments_change_no_gradient(monkeypatch):
    logits, state = _problem(3, 2)
    logits = jax.tree.map(lambda x: x[0], logits)

    def loss(logits: Logits) -> jax.Array:
        end = soft.run(Machine(operations=FEW), logits, Place(), jnp.ones(()), state, 11)
        return jnp.sum(end.registers**2) + end.pc[-1].sum()

    whole = jax.jit(jax.grad(loss))(logits)
    monkeypatch.setattr(soft, "SEGMENT_STEPS", 2)
    for one, other in zip(whole, jax.jit(jax.grad(lambda x: loss(x)))(logits), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_no_mass_is_lost_and_a_machine_that_has_stopped_has_finite_gradients():
    logits, state = _problem(3, 2)
    logits = jax.tree.map(lambda x: x[0], logits)
    stopped = state._replace(pc=jnp.zeros_like(state.pc).at[-2].set(1))
    run = partial(_run, Machine(operations=FEW), place=Place(), temperature=jnp.ones(()), steps=4)
    np.testing.assert_allclose(run(logits, state=state).pc.sum(axis=0), 1, atol=1e-12)
    gradient = jax.jit(jax.grad(lambda x: sum(jnp.sum(y**2) for y in run(x, state=stopped))))(logits)
    assert all(np.isfinite(x).all() for x in gradient)


def test_cells_of_value_add_up_and_order_is_a_trichotomy():
    algebra = Value(jnp.asarray(0.7))
    np.testing.assert_allclose(algebra.offsets(jnp.asarray([30.2, 31.5]), 64).sum(axis=0), 1, atol=1e-12)
    a, b = jnp.asarray([3.1, 7.0]), jnp.asarray([4.0, 6.3])
    (less, more), equal = algebra.subtract([(a, b), (b, a)]), algebra.equal(a, b)
    for order in ("lt", "ltu"):
        np.testing.assert_allclose(getattr(less, order) + getattr(more, order) + equal, 1, atol=1e-12)


def test_straight_through_digits_put_together_have_derivative_one():
    together = lambda x: jnp.sum(256.0 ** np.arange(4) * digits(x, 4, 256))  # noqa: E731 -- one expression to derive
    value, slope = jax.value_and_grad(together)(jnp.asarray(float(0xDEADBEEF)))
    assert value == 0xDEADBEEF
    assert slope == pytest.approx(1)


def test_multiplication_of_value_has_its_natural_gradient():
    a, b = jnp.asarray(70000.0), jnp.asarray(90001.0)
    assert multiply(a, b) == 70000 * 90001 % (1 << 32)
    assert jax.grad(multiply, argnums=(0, 1))(a, b) == (90001.0, 70000.0)


@pytest.mark.parametrize(("change", "message"), [({"relaxation": "value", "dtype": "float32"}, "float64"), ({}, "NaN")])
def test_mistakes_of_the_user_are_one_line(change, message):
    logits = np.full((2, 47), np.nan) if not change else np.zeros((2, 47))
    program = SoftProgram(Logits(logits, *(np.zeros((2, 16)) for _ in range(3)), np.zeros((2, 32))))
    config = MachineConfig(memory_bytes=16, **change)
    with pytest.raises(UserError, match=message) as error:
        create().run_soft(SoftRun(program, Batch(np.zeros((1, 16), np.uint32)), config, 1.0, 1))
    assert "\n" not in str(error.value)
