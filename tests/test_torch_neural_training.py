"""Training gives the committed weights, from scratch, and the interpolation of a table is multilinear."""

import numpy as np
import pytest
import torch

from backends.torch_neural import networks, train
from backends.torch_neural.cells import TorchCells, evaluate
from backends.torch_neural.networks import COMPONENTS


@pytest.mark.parametrize("name", [name for name in COMPONENTS if COMPONENTS[name].rows <= 4096])
def test_trained_from_scratch_it_is_what_is_committed(name):
    committed = networks.load_weights()[name]
    np.testing.assert_array_equal(train.train_table(name).numpy() / networks.STEPS_PER_UNIT, committed)


@pytest.mark.parametrize("name", [name for name, c in COMPONENTS.items() if c.inputs <= 3 and c.states == 2])
def test_polynomial_is_the_multilinear_interpolation(name):
    component, rng = COMPONENTS[name], np.random.default_rng(0)
    table = rng.random((component.rows, component.outputs))
    x = rng.random((component.inputs, 5))
    rows = np.arange(component.rows)[:, None] >> np.arange(component.inputs) & 1
    weights = np.prod(np.where(rows[:, :, None], x, 1 - x), axis=1)
    found = [evaluate(terms, torch.tensor(x).unbind(), {}) for terms in networks.polynomial(table, component)]
    np.testing.assert_allclose(torch.stack(found), table.T @ weights, atol=1e-14)


def test_carry_cell_interpolates_between_distributions():
    low, high = np.random.default_rng(1).dirichlet(np.ones(3), (2, 5)).swapaxes(1, 2)
    table = networks.entries(networks.load_weights())["carry"]
    wanted = np.einsum("hlo,hn,ln->on", table.reshape(3, 3, 3), high, low)
    cells = TorchCells(networks.entries(networks.load_weights()), dtype=torch.float64, exact=False)
    found = cells.pair("carry", *(torch.tensor(x) for x in (low[1], low[2], high[1], high[2])))
    np.testing.assert_allclose(torch.stack(found), wanted[1:], atol=1e-14)
