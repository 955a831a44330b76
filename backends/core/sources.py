"""The files that a module's behaviour depends on: its static import closure within this repository.

Compiled code that is kept on disk and recorded results are both keyed by it. What a module reads or imports by name at run time
it declares in a constant:

    DEPENDS_ON = ("backends/*/__init__.py", "programs/")

with files, patterns, or whole folders of the repository; of Python files the imports count too. The `__init__.py` of a package
that is only passed through on the way to a module counts as a file; what it imports does not.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECLARED = "DEPENDS_ON"
_IGNORED = ("__pycache__",)


def closure(modules: Iterable[str], root: Path = ROOT) -> tuple[Path, ...]:
    """All files on which the modules (dotted names, or declarations with a slash) depend, sorted."""
    followed: set[Path] = set()
    above: set[Path] = set()
    waiting = [file for name in modules for file in _named(name, root)]
    while waiting:
        file = waiting.pop()
        if file.suffix == ".py" and file not in followed:
            above.update(_packages_above(file, root))
            waiting += [f for name in _imports(file, file.stat().st_mtime_ns, root) for f in _named(name, root)]
        followed.add(file)
    return tuple(sorted(followed | above))


def digest(modules: Iterable[str], root: Path = ROOT) -> str:
    """sha256 over the names and contents of the closure."""
    total = hashlib.sha256()
    for file in closure(modules, root):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(root).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _named(name: str, root: Path) -> list[Path]:
    """The files of a module or declaration; none for a module of somebody else."""
    if "/" not in name:
        file = _file(name, root)
        return [file] if file else []
    found = [root / name] if (root / name).is_dir() else root.glob(name)
    files = [f for path in found for f in ([path] if path.is_file() else path.rglob("*"))]
    return [f for f in files if f.is_file() and not set(_IGNORED) & set(f.parts)]


def _file(module: str, root: Path) -> Path | None:
    """The file of a module or package of this repository."""
    path = root / module.replace(".", "/")
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


def _packages_above(file: Path, root: Path) -> Iterator[Path]:
    for folder in file.relative_to(root).parents:
        if (root / folder / "__init__.py").is_file() and folder != Path():
            yield root / folder / "__init__.py"


@cache
def _imports(file: Path, _age_ns: int, root: Path) -> tuple[str, ...]:
    """Modules that a file imports, wherever in it, and what it declares."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found |= dict.fromkeys(_imported_from(node, file, root))
        elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == DECLARED for t in node.targets):
            found |= dict.fromkeys(ast.literal_eval(node.value))
    return tuple(found)


def _imported_from(node: ast.ImportFrom, file: Path, root: Path) -> Iterator[str]:
    """`from package import name`: the module `name` where there is one, else the package itself."""
    above = file.relative_to(root).parts[: -node.level] if node.level else ()
    package = ".".join((*above, *filter(None, [node.module])))
    for alias in node.names:
        module = f"{package}.{alias.name}"
        yield module if _file(module, root) else package
