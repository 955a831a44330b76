"""Where a result came from: code, configuration, packages, machine, cost."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from backends.core.sources import ROOT

PACKAGES = (
    "numpy", "pandas", "jax", "jaxlib", "torch", "numba", "llvmlite", "z3-solver", "bitwuzla", "ziglang", "unicorn",
    "hydra-core", "mlflow",
)  # fmt: skip


def code() -> dict[str, Any]:
    """Commit and whether tracked files differ from it; None where there is no git, or no repository of this project's own."""
    above = _output("git", "rev-parse", "--show-toplevel")
    if above is None or Path(above).resolve() != ROOT:
        return {"commit": None, "dirty": None}
    commit, changes = _output("git", "rev-parse", "HEAD"), _output("git", "status", "--porcelain", "-uno")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def packages() -> dict[str, str]:
    """Installed versions of the packages that numbers depend on."""
    installed = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {"python": platform.python_version()} | {p: installed[p] for p in PACKAGES if p in installed}


def machine() -> dict[str, Any]:
    """Processor, accelerator, cores and memory of this computer, threads asked for."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader"),
        "threads": {k: os.environ[k] for k in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS") if k in os.environ},
    }


def peak_memory_bytes() -> int:
    """The most memory that this process, or one child of it, has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def _output(*command: str) -> str | None:
    """What a command prints, or None where it is missing or fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return done.stdout.strip() if done.returncode == 0 else None
