"""The tensor computer's cache: LRU at temperature 0, differentiable above it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backends.core import timing
from backends.jax_tensor import cache
from backends.jax_tensor.algebra import select

WAYS, LINES, LENGTH = 4, 7, 60


def lru_hits(sequence: list[int]) -> list[float]:
    held: list[int] = []
    return [float(timing.touch(held, line, WAYS)) for line in sequence]


def expected_hits(lines: jax.Array, held: jax.Array, ages: jax.Array, temperature: jax.Array) -> jax.Array:
    """Mass of a hit `[T]` for each access of a set.

    lines: `[T, N]`, over which of N lines each access is spread. held: `[ways, N]`, with what mass each place holds each
    line at the start. ages: `[ways]`. All of one float type.
    """

    def access(state, line):
        held, ages = state
        hit, places, ages = cache.use(held @ line, ages, temperature)
        return (held + places[:, None] * (line - held), ages), hit

    return jax.lax.scan(access, (held, ages), lines)[1]


def soft_hits(sequence: np.ndarray, temperature: float, spread: jax.Array | None = None) -> jax.Array:
    lines = jax.nn.one_hot(sequence, LINES, dtype=jnp.float32) if spread is None else spread
    held, ages = jnp.zeros((WAYS, LINES), jnp.float32), jnp.arange(WAYS, dtype=jnp.float32)
    return expected_hits(lines, held, ages, jnp.float32(temperature))


@pytest.mark.parametrize("seed", range(5))
def test_at_temperature_zero_hits_are_those_of_lru(seed):
    sequence = np.random.default_rng(seed).integers(0, LINES, LENGTH)
    assert soft_hits(sequence, 0.0).tolist() == lru_hits(sequence.tolist())


def test_hits_tend_to_those_of_lru_as_it_gets_colder():
    sequence = np.random.default_rng(0).integers(0, LINES, LENGTH)
    wanted = np.array(lru_hits(sequence.tolist()))
    errors = [float(np.abs(soft_hits(sequence, t) - wanted).max()) for t in (1.0, 0.3, 0.1, 0.03)]
    assert errors == sorted(errors, reverse=True) and errors[0] > 0.1 and errors[-1] < 1e-6


def test_ages_stay_a_permutation_and_masses_stay_masses():
    rng = np.random.default_rng(1)
    ages = jnp.arange(WAYS, dtype=jnp.float32)
    for _ in range(50):
        present = jax.nn.one_hot(rng.integers(0, 2 * WAYS), WAYS)  # half of the time nowhere
        oldest = select(ages, jnp.float32(0))
        hit, places, ages = cache.use(present, ages, jnp.float32(0))
        assert sorted(ages.tolist()) == list(range(WAYS)) and ages[jnp.argmax(places)] == 0
        assert float(hit) == float(present.sum()) and (places == (present if hit else oldest)).all()
        _, warm, _ = cache.use(0.3 * present, ages, jnp.float32(0.5))
        assert float(warm.sum()) == pytest.approx(1) and (warm >= 0).all()


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_gradients_flow_through_the_temperature_and_the_addresses(temperature):
    """Reverse mode against central differences in float64, along the temperature and random directions of the addresses."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(2)
        logits = jnp.asarray(rng.normal(size=(12, LINES)) * 2)
        held, ages = jnp.zeros((WAYS, LINES)), jnp.arange(WAYS, dtype=jnp.float64)

        def hits(logits, temperature):
            return expected_hits(jax.nn.softmax(logits), held, ages, temperature).sum()

        by_address, by_temperature = jax.grad(hits, argnums=(0, 1))(logits, jnp.float64(temperature))
        direction, step = jnp.asarray(rng.normal(size=logits.shape)), 1e-5
        along = partial(_central, step)
        assert float(by_temperature) == pytest.approx(along(lambda h: hits(logits, temperature + h)), rel=1e-5)
        assert float((by_address * direction).sum()) == pytest.approx(
            along(lambda h: hits(logits + h * direction, jnp.float64(temperature))), rel=1e-5
        )
        assert abs(float(by_temperature)) > 1e-3 and float(jnp.abs(by_address).max()) > 1e-3


def _central(step: float, function) -> float:
    return float(function(step) - function(-step)) / (2 * step)
