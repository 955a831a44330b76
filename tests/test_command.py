"""The command line is a contract: exit codes, JSON, one line for a mistake."""

import json
import subprocess
import sys

import pytest

from backends.__main__ import main
from backends.conformance.cases import PROGRAMS
from backends.core import catalog

FACTORIAL = str(PROGRAMS / "factorial.c")
MACHINES = catalog.names()


def run(capfd, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["run", *arguments])
    except SystemExit as stop:  # argparse leaves this way
        code = int(stop.code)
    return code, *capfd.readouterr()


def assembly(tmp_path, text: str) -> str:
    path = tmp_path / "program.S"
    path.write_text(".globl main\nmain:\n" + text)
    return str(path)


def test_cache(capfd):
    plain, cached = (
        json.loads(run(capfd, FACTORIAL, "--json", *extra)[1]) for extra in ((), ("--cache", "line_bytes=16,ways=2"))
    )
    assert plain["instructions"] == plain["cycles"] == cached["instructions"] < cached["cycles"]


@pytest.mark.parametrize("words", ["ways=3", "way=2", "sets=x", "line_bytes=2", "sets"])
def test_bad_cache(capfd, words):
    code, _, error = run(capfd, FACTORIAL, "--cache", words)
    assert code == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("machine", MACHINES)
def test_factorial_on_every_machine(capfd, machine):
    code, out, _ = run(capfd, FACTORIAL, "--backend", machine, "--json")
    result = json.loads(out)
    assert code == 120 == result["exit_code"]
    assert set(result) == {
        "backend",
        "device",
        "status",
        "exit_code",
        "trap",
        "instructions",
        "cycles",
        "pc",
        "registers",
        "output",
        "errors",
        "wall_time_s",
    }
    assert (result["backend"], result["status"], result["trap"]) == (machine, "exited", None)
    reference = json.loads(run(capfd, FACTORIAL, "--json")[1])
    assert all(result[key] == reference[key] for key in ("cycles", "pc", "registers", "output"))


@pytest.mark.parametrize("machine", MACHINES)
def test_output_goes_to_stdout_and_stderr(capfd, machine):
    assert run(capfd, str(PROGRAMS / "hello.c"), "--backend", machine) == (0, "hello, world\n", "done\n")


@pytest.mark.parametrize("machine", MACHINES)
def test_a_trap_is_one_line_and_exit_code_1(capfd, tmp_path, machine):
    code, out, err = run(capfd, assembly(tmp_path, "lw a0, 0(zero)\n"), "--backend", machine)
    assert (code, out) == (1, "")
    assert err.startswith("trap: access outside memory at pc 0x1") and err.count("\n") == 1
    code, out, _ = run(capfd, assembly(tmp_path, ".word 0\n"), "--backend", machine, "--json")
    result = json.loads(out)
    assert code == 1 and result["status"] == "trapped" and result["exit_code"] is None
    assert result["trap"] == {"cause": "illegal instruction", "pc": result["pc"], "address": result["pc"]}


@pytest.mark.parametrize("machine", MACHINES)
def test_an_infinite_loop_runs_out_of_steps(capfd, tmp_path, machine):
    code, _, err = run(capfd, assembly(tmp_path, "j main\n"), "--backend", machine, "--max-steps", "50")
    assert code == 1 and err.startswith("out of steps: 50 instructions") and err.count("\n") == 1


def test_an_output_flood_ends(capfd, tmp_path):
    flood = "li t0, 64\nla a1, main\nli a2, 1024\nagain: li a0, 1\necall\nj again\n"
    code, out, err = run(capfd, assembly(tmp_path, flood), "--json", "--output-bytes", "5000")
    assert code == 1 and json.loads(out)["trap"]["cause"] == "output limit"
    assert err.startswith("trap: output limit")


def test_ebreak_halts_without_an_exit_code(capfd, tmp_path):
    code, out, _ = run(capfd, assembly(tmp_path, "ebreak\n"), "--json")
    assert code == 0 and json.loads(out)["status"] == "halted" and json.loads(out)["exit_code"] is None


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("value", "exit_code"), [(1, 0), (3, 1), (5, 2)])
def test_tohost_gives_the_exit_code(capfd, tmp_path, machine, value, exit_code):
    text = f'li a0, {value}\nla a1, tohost\nsw a0, 0(a1)\nj main\n.section .tohost, "aw"\ntohost: .word 0\n'
    code, out, _ = run(capfd, assembly(tmp_path, text), "--json", "--backend", machine)
    assert code == exit_code == json.loads(out)["exit_code"] and json.loads(out)["status"] == "halted"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_device_command_in_tohost_traps_at_the_store(capfd, tmp_path, machine):
    text = 'li a0, 6\nla a1, tohost\nsw a0, 0(a1)\nj main\n.section .tohost, "aw"\ntohost: .word 0\n'
    code, out, err = run(capfd, assembly(tmp_path, text), "--backend", machine, "--json")
    result = json.loads(out)
    assert code == 1 and err.startswith("trap: unknown device command at pc")
    assert result["trap"] == {"cause": "unknown device command", "pc": result["pc"], "address": 6}


def test_initial_registers_reach_main(capfd, tmp_path):
    text = assembly(tmp_path, "add a0, a0, a1\nret\n")
    assert run(capfd, text, "--reg", "a0=5", "x11=0x20")[0] == 37
    assert run(capfd, text, "--reg", "a0=-1", "--reg", "a1=2")[0] == 1


def test_a_trace_tells_pc_assembly_and_effect(capfd, tmp_path):
    code, _, err = run(capfd, assembly(tmp_path, "li a0, 3\naddi a0, a0, 4\nret\n"), "--trace", "100")
    lines = err.splitlines()
    assert code == 7 and len(lines) == 7
    assert "addi a0, a0, 4" in lines[3] and lines[3].endswith("a0 = 0x7")


MISTAKES = {
    "no file": (["nowhere.elf"], "nowhere.elf"),
    "a folder": (["."], "."),
    "unknown backend": ([FACTORIAL, "--backend", "abacus"], "unknown backend 'abacus'"),
    "infrastructure is no backend": ([FACTORIAL, "--backend", "interface"], "unknown backend"),
    "missing device": ([FACTORIAL, "--device", "tpu"], "no device 'tpu'"),
    "negative memory": ([FACTORIAL, "--memory-bytes", "-4"], "-4"),
    "odd memory": ([FACTORIAL, "--memory-bytes", "100001"], "100001"),
    "absurd memory": ([FACTORIAL, "--memory-bytes", "99999999999996"], "99999999999996"),
    "no steps": ([FACTORIAL, "--max-steps", "0"], "max_steps is 0"),
    "endless steps": ([FACTORIAL, "--max-steps", str(1 << 64)], "max_steps is 18446744073709551616"),
    "negative output": ([FACTORIAL, "--output-bytes", "-1"], "--output-bytes -1"),
    "no input": ([FACTORIAL, "--input", "nowhere.txt"], "nowhere.txt: No such file"),
    "negative trace": ([FACTORIAL, "--trace", "-1"], "trace"),
    "unknown register": ([FACTORIAL, "--reg", "a9=1"], "--reg a9=1"),
    "register that the ISA lacks": ([FACTORIAL, "--reg", "s5=1"], "--reg s5=1"),
    "register without value": ([FACTORIAL, "--reg", "a0"], "--reg a0"),
    "value beyond 32 bits": ([FACTORIAL, "--reg", "a0=0x100000000"], "32 bits"),
    "unknown isa": ([FACTORIAL, "--isa", "rv64gc"], "rv64gc"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_and_exits_with_2(capfd, name):
    arguments, message = MISTAKES[name]
    code, out, err = run(capfd, *arguments)
    assert code == 2 and out == "" and message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_list_names_every_machine(capfd):
    assert main(["list"]) == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in capfd.readouterr().out.splitlines()]
    shown = {row[1]: row[2:-1] for row in rows if len(row) > 2}
    for name in MACHINES:
        known = catalog.describe(name)
        assert shown[name][0] == ", ".join(known.devices) and shown[name][-1] == ("yes" if known.extensions else "no")


def test_a_machine_that_cannot_be_imported_says_why(capfd, tmp_path, monkeypatch):
    import backends

    (tmp_path / "exotic").mkdir()
    (tmp_path / "exotic" / "__init__.py").write_text("import a_framework_that_is_not_here\n")
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    assert main(["list"]) == 0
    assert "a_framework_that_is_not_here" in capfd.readouterr().out
    assert main(["run", FACTORIAL, "--backend", "exotic"]) == 2


def test_backends_import_no_experiment_framework():
    heavy = ("hydra", "mlflow", "torch", "jax", "numba")
    code = f"import sys, backends.__main__; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
