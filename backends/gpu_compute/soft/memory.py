"""Loads and stores at an address that is a distribution over the bytes of memory, and the adjoints, for both relaxations.

An access of w bytes is inside memory at offsets 0 … M - w; what lies outside is trapped.
"""

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.layout import ONWARD, TRAPPED, WRITTEN
from backends.gpu_compute.soft.names import LOAD_BYTES, LOADS, STORE_BYTES, STORES

BYTES = 4


@inlined
def cover(f, access, e):
    """Of byte k of a word that is loaded or stored, the mass with which it is each byte of memory; adds to the effects'
    masses."""
    size = len(access.weights)
    for k in range(BYTES):
        for m in range(size):
            access.loaded[k, m] = 0.0
            access.stored[k, m] = 0.0
    for n in range(len(LOADS)):
        done = spread(access.weights, f.op[LOADS[n]], LOAD_BYTES[n], access.loaded)
        e.masses[WRITTEN] += done
        e.masses[ONWARD] += done
        e.masses[TRAPPED] += f.op[LOADS[n]] - done
    for n in range(len(STORES)):
        done = spread(access.weights, f.op[STORES[n]], STORE_BYTES[n], access.stored)
        e.masses[ONWARD] += done
        e.masses[TRAPPED] += f.op[STORES[n]] - done


@inlined
def spread(weights, mass, width, covers):
    """Adds the mass of an access of `width` bytes to what it covers; returns how much of it is inside."""
    done = 0.0 * mass
    for m in range(len(weights) - width + 1):
        within = mass * weights[m]
        done += within
        for k in range(width):
            covers[k, m + k] += within
    return done


@inlined
def cover_back(f, access, d, d_access):
    """Adds the cotangents of masses, and writes those of weights, given those of what is covered."""
    for m in range(len(access.weights)):
        d_access.weights[m] = 0.0
    for n in range(len(LOADS)):
        d_done = d.e.masses[WRITTEN] + d.e.masses[ONWARD] - d.e.masses[TRAPPED]
        d_mass = spread_back(access.weights, f.op[LOADS[n]], LOAD_BYTES[n], d_done, d_access.loaded, d_access.weights)
        d.f.op[LOADS[n]] += d_mass + d.e.masses[TRAPPED]
    for n in range(len(STORES)):
        d_done = d.e.masses[ONWARD] - d.e.masses[TRAPPED]
        d_mass = spread_back(access.weights, f.op[STORES[n]], STORE_BYTES[n], d_done, d_access.stored, d_access.weights)
        d.f.op[STORES[n]] += d_mass + d.e.masses[TRAPPED]


@inlined
def spread_back(weights, mass, width, d_done, d_covers, d_weights):
    d_mass = 0.0 * mass
    for m in range(len(weights) - width + 1):
        d_within = d_done
        for k in range(width):
            d_within += d_covers[k, m + k]
        d_mass += d_within * weights[m]
        d_weights[m] += d_within * mass
    return d_mass
