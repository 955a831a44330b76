"""Finding machines: a backend is a module or package in `backends/`, imported when it is first asked for."""

import importlib
import pkgutil

import backends
from backends.interface import Backend, Capabilities, MachineConfig, UserError

DEPENDS_ON = ("backends/*/__init__.py",)
_NOT_MACHINES = ("interface", "core", "conformance", "cli", "__main__")


def names() -> list[str]:
    """Names of all machines in the folder, `reference` first."""
    found = [m.name for m in pkgutil.iter_modules(backends.__path__) if m.name not in _NOT_MACHINES]
    return sorted(found, key=lambda name: (name != "reference", name))


def create(name: str) -> Backend:
    """The machine of that name. Raises UserError where there is none or its framework cannot be imported."""
    if name not in names():
        raise UserError(f"unknown backend '{name}': one of {', '.join(names())}")
    try:
        return importlib.import_module(f"backends.{name}").create()
    except ImportError as error:
        raise UserError(f"backend {name} cannot be used here: {error}") from None


def describe(name: str) -> Capabilities | str:
    """What a machine can do here, or the reason why it cannot be used."""
    try:
        return create(name).capabilities()
    except UserError as error:
        return str(error)


def check_device(name: str, backend: Backend, device: str) -> None:
    """Raise UserError where the machine has no such device here."""
    check(name, backend.capabilities(), MachineConfig(device=device))


def check(name: str, offered: Capabilities, config: MachineConfig) -> None:
    """Raise UserError where the machine of that name cannot be what the configuration asks for here."""
    for what, wanted, known in (("device", config.device, offered.devices), ("timing", config.timing, offered.timings)):
        if wanted not in known:
            raise UserError(f"backend {name} has no {what} '{wanted}' here: one of {', '.join(known)}")
