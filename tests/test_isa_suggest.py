"""The command `suggest`: what it finds, that it was run, and every misuse in one line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backends.__main__ import main as backends_command
from backends.core import catalog, elf, toolchain
from backends.core.isa.expressions import recorded
from backends.core.isa.words import Arrays, Integers
from backends.interface import Batch, Cause
from experiments.isa_discovery import notation, ratified
from experiments.isa_discovery.__main__ import main

ROOT = Path(__file__).parents[1]
SPECK = str(ROOT / "programs" / "ciphers" / "speck.c")


def answer(capsys, *arguments):
    code = main(["suggest", *arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out.startswith("{") else out, err


@pytest.mark.parametrize("backend", ["gpu_compute", "jax_tensor"])
def test_what_is_predicted_is_measured(capsys, backend):
    code, told, _ = answer(capsys, SPECK, "--count", "3", "--backend", backend)
    assert code == 0 and told["verdict"] == "optimal"
    (measured,) = told["files"]
    assert measured["after"] == measured["predicted"] < measured["before"]
    assert sum(row["saved"] for row in told["operations"]) >= measured["before"] - measured["after"]


def test_all_machines_count_the_same(capsys, tmp_path):
    source = tmp_path / "turn.c"
    source.write_text(
        "volatile unsigned x = 1; int main(void) { for (int i = 0; i < 9; i++) x = (x << 7 | x >> 25) + i; return x == 5; }"
    )
    found = {name: answer(capsys, str(source), "--backend", name)[1] for name in catalog.names()}
    assert all(told["files"] == found["reference"]["files"] for told in found.values())
    assert found["reference"]["files"][0]["after"] == found["reference"]["files"][0]["predicted"]


def test_more_operations_save_no_less_and_the_corpus_counts_as_one(capsys):
    files = [SPECK, str(ROOT / "programs" / "hashing" / "murmur3.c")]
    saved = []
    for count in ("1", "2", "4"):
        told = answer(capsys, *files, "--count", count)[1]
        saved.append(sum(m["before"] - m["after"] for m in told["files"]))
        assert len(told["operations"]) <= int(count) and len(told["files"]) == 2
    assert saved == sorted(saved) and saved[0] > 0


def test_rotations_get_their_name(capsys):
    told = answer(capsys, str(ROOT / "programs" / "hashing" / "xxhash32.c"), "--count", "8")[1]
    assert {"roli", "rori"} & {row["name"] for row in told["operations"]}


def test_the_executable_is_written_in_place_and_needs_its_operations(capsys, tmp_path):
    answer(capsys, SPECK, "--write", str(tmp_path))
    program, isa = elf.parse((tmp_path / "speck.elf").read_bytes(), "speck.elf")
    before, _ = elf.parse(toolchain.compile_source(Path(SPECK), "rv32em"), "speck")
    assert len(program.image) == len(before.image) and program.symbols == before.symbols
    config = toolchain.machine_for(program, isa)
    run = catalog.create("reference").run(program, Batch(toolchain.initial_registers(config)), config, 1000)
    assert run.cause[0] == Cause.ILLEGAL_INSTRUCTION


def test_an_elf_file_without_sections_and_symbols_gives_the_same(capsys, tmp_path):
    whole, stripped = tmp_path / "whole.elf", tmp_path / "stripped.elf"
    whole.write_bytes(toolchain.compile_source(Path(SPECK), "rv32em"))
    data = bytearray(whole.read_bytes())
    data[32:36], data[46:52] = bytes(4), bytes(6)  # where the section headers lie, how large, how many
    stripped.write_bytes(data)
    first, second = (answer(capsys, str(file), "--count", "2")[1]["files"][0] for file in (whole, stripped))
    assert first["after"] == second["after"] < first["before"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("int main(void) { for (;;) ; }", ("--max-steps", "1000"), "does not end within 1000 instructions"),
        ("int main(void) { return *(volatile int *)0xfffffff0; }", (), "traps: access outside memory at 0x"),
        ("int main(void) { return 0; }", ("--count", "0"), "--count 0: give 1 or more"),
        ("int f(void) { return 0; }", (), "has no function 'main'"),
        ("int main(void) { return 0; }", ("--backend", "abacus"), "unknown backend 'abacus'"),
        ("int main(void) { return 0; }", ("--input", "not there"), "not there: No such file"),
    ],
)
def test_misuse_is_one_clear_line(capsys, tmp_path, text, options, message):
    source = tmp_path / "mine.c"
    source.write_text(text)
    code, _, err = answer(capsys, str(source), *options)
    assert code == 2 and message in err and err.count("\n") == 1


def test_code_that_changes_is_refused_with_its_address(capsys):
    code, _, err = answer(capsys, str(ROOT / "programs" / "self_modifying.S"))
    assert code == 2 and "at 0x" in err and "code that changes" in err


def test_where_nothing_saves_anything_the_exit_code_is_1(capsys, tmp_path):
    source = tmp_path / "nothing.S"
    source.write_text(".globl main\nmain:\n li a0, 0\n ret\n")
    assert answer(capsys, str(source))[0] == 1


def test_help_has_an_example_that_runs(capsys):
    done = subprocess.run(
        [sys.executable, "-m", "experiments.isa_discovery", "suggest", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "example:" in done.stdout


def _ratified(name, a, b):
    """From the manual, on Python integers, and written by bits where ours is written by words."""
    bits = [(a >> k) & 1 for k in range(32)]
    turn = {"sha256sum0": (2, 13, 22), "sha256sum1": (6, 11, 25), "sha256sig0": (7, 18, 0), "sha256sig1": (17, 19, 0)}
    if name in turn:
        shift = {"sha256sig0": 3, "sha256sig1": 10}.get(name)
        turned = [[bits[(k + by) % 32] for k in range(32)] for by in turn[name][: 2 if shift else 3]]
        turned += [[bits[k + shift] if k + shift < 32 else 0 for k in range(32)]] if shift else []
        return sum((x ^ y ^ z) << k for k, (x, y, z) in enumerate(zip(*turned, strict=True)))
    if name in ("rol", "ror"):
        by = b % 32 if name == "ror" else -b % 32
        return sum(bits[(k + by) % 32] << k for k in range(32))
    if name in ("rev8", "brev8"):
        order = [k ^ 24 for k in range(32)] if name == "rev8" else [k ^ 7 for k in range(32)]
        return sum(bits[order[k]] << k for k in range(32))
    return None


@pytest.mark.parametrize("name", ratified.OPERATIONS)
def test_ratified_operations_mean_the_same_on_every_kind_of_word(name):
    a, b = np.random.default_rng(0).integers(0, 1 << 32, (2, 200), np.uint32)
    meaning = ratified.OPERATIONS[name]
    with np.errstate(over="ignore"):
        found = meaning(Arrays(), a, b)
    assert [meaning(Integers(), int(x), int(y)) & 0xFFFFFFFF for x, y in zip(a, b, strict=True)] == found.tolist()
    wanted = [_ratified(name, int(x), int(y)) for x, y in zip(a, b, strict=True)]
    assert wanted[0] is None or wanted == found.tolist()
    assert ratified.name_of(recorded(meaning)) == name


def test_expressions_are_written_as_in_c():
    text = notation.text(recorded(lambda w, a, b: (a << 7 | w.shift_right(a, w.constant(25, a))) - b))
    assert text == "((a << 7) | (a >> 25)) - b"


def test_what_is_written_runs_by_the_command(tmp_path, capfd):
    """On every machine, in as many instructions as were predicted; without its operations it traps."""
    assert main(["suggest", str(ROOT / "programs" / "binary_search.c"), "--write", str(tmp_path), "--json"]) == 0
    predicted = json.loads(capfd.readouterr().out)["files"][0]["predicted"]
    run = ["run", str(tmp_path / "binary_search.elf"), "--json", "--operations", str(tmp_path / "operations.json")]
    for name in catalog.names():
        assert backends_command([*run, "--backend", name]) == 17  # the place of what is searched for
        assert json.loads(capfd.readouterr().out)["instructions"] == predicted
    assert backends_command(run[:3]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[{}]",
        '[{"name": "a", "format": "R", "computes": [["add", 0, 2]]}]',
        '[{"name": "add", "format": "R", "computes": [["add", 0, 1]]}]',
        '[{"name": "a", "format": "Q", "computes": [["or", 0, 1]]}]',
    ],
)
def test_a_wrong_file_of_operations_is_one_line(tmp_path, capsys, text):
    file = tmp_path / "operations.json"
    file.write_text(text)
    assert backends_command(["run", SPECK, "--operations", str(file)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
