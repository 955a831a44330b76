"""For all tests: a slow or busy machine fails none of those that Hypothesis makes examples for, and what takes long begins
first, so that no core waits long for another at the end."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LONGEST_FIRST = (
    "test_gpu_compute_soft", "test_conformance", "test_jax_tensor_soft", "test_program_search_shortest",
    "test_constant_time", "test_artifact",
    "test_determinism", "test_program_search_relaxed", "test_architecture", "test_experiments",
    "test_program_search_branching_descent", "test_crypto_programs", "test_figures", "test_gpu_command", "test_timing",
    "test_streams", "test_jax_tensor", "test_readme",
)  # fmt: skip
"""Files that take longest, by the processor time of all their tests; the others each take a tenth of the first or less."""


def pytest_collection_modifyitems(items: list) -> None:
    """Put the longest files first, for workers that each take the next file (`--dist loadfile --no-loadscope-reorder`)."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
