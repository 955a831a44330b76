"""The manifest of a folder of results: what each set in it is, and which belongs to which."""

from dataclasses import dataclass
from pathlib import Path

from backends.interface import UserError

NAME = "manifest.yaml"
LARGER, MINUTE, HARDWARE = ROLES = ("larger", "minute", "hardware")


@dataclass(frozen=True)
class ResultSet:
    """of, role: the set that this one belongs to, and as what (see `results/manifest.yaml`); empty: it stands alone."""

    title: str
    scale: str
    hardware: str
    budget: str = ""
    of: str = ""
    role: str = ""


def load(folder: Path) -> dict[str, ResultSet]:
    """The sets in a folder by name; none where it has no manifest. Raises UserError where the manifest is wrong."""
    file = folder / NAME
    if not file.is_file():
        return {}
    import yaml

    try:
        sets = {name: ResultSet(**entry) for name, entry in yaml.safe_load(file.read_text(encoding="utf-8")).items()}
    except (TypeError, AttributeError, yaml.YAMLError) as error:
        raise UserError(f"{file}: {' '.join(str(error).split())}") from None
    for name, found in sets.items():
        if not (folder / name).is_dir():
            raise UserError(f"{file} names a set {name} whose folder is not there: restore it or take out the entry")
        if found.role and (found.role not in ROLES or found.of not in sets):
            raise UserError(f"{file}: set {name} is '{found.role}' of '{found.of}': give {', '.join(ROLES)} of a set here")
    return sets


def beside(root: Path, role: str) -> list[Path]:
    """The folders of the sets that belong to the set in the folder `root`, as `role`."""
    root = root.resolve()
    sets = load(root.parent)
    return [root.with_name(name) for name, found in sets.items() if found.of == root.name and found.role == role]
