"""The tasks of the suite, by name and by group: elementary, hackers_delight, loops, control."""

from functools import cache

from backends.interface import UserError
from experiments.synthesis.task import Task
from experiments.synthesis.tasks import elementary, hackers_delight, loops


@cache
def _all() -> dict[str, Task]:
    return {task.name: task for room in (elementary, hackers_delight, loops) for task in room.tasks()}


def names(group: str | None = None) -> list[str]:
    """Names of all tasks, or of those of a group, in the order of the suite."""
    return [name for name, task in _all().items() if group in (None, task.group)]


def get(name: str) -> Task:
    """A task by name. Raises UserError for an unknown one."""
    if name not in _all():
        raise UserError(f"unknown task '{name}': one of {', '.join(_all())}")
    return _all()[name]
