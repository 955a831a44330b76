"""Where what was compiled is kept between processes."""

import hashlib
import os
import platform
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """A folder of that name that can be written: in the user's cache folder, or for the temporary files of this user where that
    is not to be had. It holds nothing that cannot be made again. Raises OSError where both fail."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    spare = os.path.join(tempfile.gettempdir(), f"differentiable-computers-{os.getuid()}")
    wanted, other = (Path(place) / name for place in (os.path.join(home, "differentiable-computers"), spare))
    return wanted if _writable(wanted) else other if _writable(other) else Path(tempfile.mkdtemp())


def trim(folder: Path, most: int) -> None:
    """Remove the oldest files of a folder where there are more than so many. Raises OSError where that cannot be done."""
    found = list(folder.iterdir())
    if len(found) > most:
        with suppress(FileNotFoundError):  # another process removes them
            for old in sorted(found, key=lambda path: path.stat().st_mtime_ns)[:-most]:
                old.unlink()


@cache
def processor() -> str:
    """A short name of this processor and what it can do: code compiled for another one may not run on it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else [platform.processor()]
    told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def _writable(path: Path) -> bool:
    try:
        path.mkdir(0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path.stat().st_uid == os.getuid()  # nobody else's, who could put other code there
    except OSError:
        return False
