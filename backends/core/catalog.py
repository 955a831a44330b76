"""Finding machines: they are the packages beside `core` and `conformance`, imported when they are first asked for."""

import importlib
import pkgutil

import backends
from backends.core.isa.instruction_set import of
from backends.interface import Backend, Capabilities, MachineConfig, UserError

DEPENDS_ON = ("backends/*/__init__.py",)


def names() -> list[str]:
    """Names of all machines in the folder, `reference` first."""
    found = [m.name for m in pkgutil.iter_modules(backends.__path__) if m.ispkg and m.name not in ("core", "conformance")]
    return sorted(found, key=lambda name: (name != "reference", name))


def create(name: str, device: str = "cpu") -> Backend:
    """The machine of that name. Raises UserError where there is none, its framework cannot be imported, or it has no such
    device here."""
    if name not in names():
        raise UserError(f"unknown backend '{name}': one of {', '.join(names())} (a machine is a package in backends/)")
    try:
        module = importlib.import_module(f"backends.{name}")
        if not hasattr(module, "create"):
            raise ImportError(f"backends/{name}/__init__.py has no function create()")
        backend = module.create()
    except (ImportError, SyntaxError, TypeError) as error:  # the last: of a class that lacks a method
        raise UserError(f"backend {name} cannot be used here: {error}") from None
    check(backend, MachineConfig(device=device))
    return backend


def describe(name: str, device: str = "cpu") -> Capabilities | str:
    """What a machine can do here, or the reason why it cannot be used on that device."""
    try:
        return create(name, device).capabilities()
    except UserError as error:
        return str(error)


def check(backend: Backend, config: MachineConfig, soft: bool = False) -> None:
    """Raise UserError where the machine cannot be what the configuration asks for here. soft: of a soft run."""
    offered, name = backend.capabilities(), type(backend).__module__.removeprefix("backends.").partition(".")[0]
    devices = offered.soft_devices if soft and offered.soft_devices else offered.devices
    asked = [("device", config.device, devices), ("timing", config.timing, offered.timings)]
    where = " for soft runs" if soft and offered.soft_devices else ""
    for what, wanted, known in [*asked, ("relaxation", config.relaxation, offered.relaxations)] if soft else asked:
        if wanted not in known:
            raise UserError(f"backend {name} has no {what} '{wanted}' here{where}: one of {', '.join(known)}")
    if of(config).atomic and not offered.atomics:
        raise UserError(f"{name} has no atomic operations: choose rv32im")
    if config.extensions and not offered.extensions:
        raise UserError(f"{name} runs no operations beyond the base: leave extensions out")
