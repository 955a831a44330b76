"""Linux programs: what they may expect of the system, on every machine; and that nothing that they do harms the host."""

import io
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from backends.__main__ import main
from backends.conformance.cases import PROGRAMS
from backends.core import catalog, toolchain
from backends.core.environments import linux
from backends.core.environments.linux import command, executables
from backends.core.environments.linux.errors import Failure
from backends.core.environments.linux.tree import Directory, Link, Tree
from backends.core.environments.streams import Files
from backends.interface import UserError

INPUTS = Path(__file__).parent / "inputs" / "linux"
DEMO = PROGRAMS / "unix" / "demo.c"
MACHINES = catalog.names()
STEPS = 50_000_000


class Ended(NamedTuple):
    """retired: instructions by instance."""

    code: int
    output: bytes
    errors: bytes
    retired: list[int]


def run(data: bytes, *arguments: str, machine="gpu_compute", given=b"", strace=None, steps=STEPS) -> Ended:
    out, errors = io.BytesIO(), io.BytesIO()
    streams = Files(io.BytesIO(given), out, errors)
    program, batch, environment = command.prepared("program", data, arguments, (), streams, strace)
    result = catalog.create(machine).run(program, batch, linux.machine(1 << 21), steps, environment)
    return Ended(int(result.exit_code[0]), out.getvalue(), errors.getvalue(), result.retired.tolist())


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Executables of C texts, or of files."""
    made: dict[str | Path, bytes] = {}
    folder = tmp_path_factory.mktemp("linux")

    def compiled(source: str | Path) -> bytes:
        if source not in made:
            file = source if isinstance(source, Path) else folder / f"{len(made)}.c"
            if isinstance(source, str):
                file.write_text("#define _GNU_SOURCE\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n" + source)
            made[source] = toolchain.compile_with_library(file)
        return made[source]

    return compiled


@pytest.fixture(scope="module")
def specified(compiled):
    return run(compiled(DEMO), machine="reference")


@pytest.mark.parametrize("machine", MACHINES)
def test_five_processes_in_a_pipeline_are_the_same_on_every_machine(compiled, specified, machine):
    """Also instruction by instruction: the scheduler's turns do not depend on the machine."""
    assert (specified.code, specified.output, specified.errors) == (0, b"1330\n", b"")
    assert sum(n > 0 for n in specified.retired) == 5, "the first process, and instances that are used again"
    assert run(compiled(DEMO), machine=machine) == specified


@pytest.mark.parametrize("machine", ["gpu_compute", "llvm_native"])
def test_what_a_program_may_expect(capfd, machine):
    assert (main(["run", str(INPUTS / "calls.c"), "--backend", machine]), capfd.readouterr().out) == (0, "0 failed\n")


def test_threads_do_not_change_a_run(compiled, specified, monkeypatch):
    monkeypatch.setenv("BACKEND_THREADS", "3")
    assert run(compiled(DEMO)) == specified


def test_input_arguments_and_two_streams(compiled):
    text = """int main(int n, char **w) {
        char b[9]; fprintf(stderr, "%s%d", w[1], n); return fwrite(b, 1, read(0, b, 9), stdout); }"""
    found = run(compiled(text), "a b", "ä", given=b"12345")
    assert found[:3] == (5, b"12345", b"a b3")


def test_calls_are_written_down_as_they_are_made(compiled):
    log = io.StringIO()
    text = 'int main(void) { write(1, "x", 1); close(9); syscall(999, 1); syscall(999, 2); return 3; }'
    plain = run(compiled(text))
    assert plain.errors.count(b"syscall_999(") == 1, "an unknown call is told of once"
    run(compiled(text), strace=log)
    lines = log.getvalue().splitlines()
    assert lines[-1] == "[pid 1] exit_group(0x3) = ?" and "[pid 1] close(0x9) = -1 EBADF" in lines
    assert sum(line.startswith("[pid 1] syscall_999(") and line.endswith("= -1 ENOSYS") for line in lines) == 2


ENDS = {
    "a status": ("return 300;", 300 & 255),
    "a signal": ("abort();", 134),
    "an access outside memory": ("*(volatile int *)0 = 1;", 139),
    "a pipe that nobody reads": ('int p[2]; pipe(p); close(p[0]); write(p[1], "x", 1);', 141),
    "nothing that could come": ("int p[2]; pipe(p); read(p[0], p, 1);", 137),
    "children that run on": ("if (!fork()) for (;;); return 4;", 4),
    "children that fork": ("while (fork() >= 0); sleep(1); return 5;", 5),
    "recursion without end": ("char b[4096]; volatile char *c = b; *c = main(); return *c;", 139),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_a_run_ends(compiled, name):
    text, code = ENDS[name]
    assert run(compiled(f"int main(void) {{ {text} }}")).code == code


def test_a_run_out_of_steps_says_so(compiled, tmp_path, capfd):
    file = tmp_path / "loop.elf"
    file.write_bytes(compiled("int main(void) { for (;;); }"))
    assert main(["run", str(file), "--backend", "gpu_compute", "--max-steps", "100000"]) == 1
    assert "out of steps: 100000 instructions ran" in capfd.readouterr().err


FUZZ = """
#include <sys/syscall.h>
int main(int count, char **words) {
    static char room[4096];
    unsigned long state = atoi(words[1]);
    static const short spared[] = {93, 94, 129, 130, 131, 139}; /* they would end it at once */
    for (int i = 0; i < 400; i++) {
        long a[7];
        for (int k = 0; k < 7; k++) {
            state = state * 1664525 + 1013904223;
            unsigned draw = state >> 8;
            long values[] = {draw % 8, (long)room + draw % 4096, -(long)(draw % 200), draw << 8, draw % 70000, 0x8000000};
            a[k] = values[(state >> 4) % 6];
        }
        long number = (unsigned)a[0] % 8 ? (unsigned)a[0] % 450 : 17 + i % 280;
        for (unsigned k = 0; k < sizeof spared / sizeof *spared; k++)
            number = number == spared[k] ? 63 : number;
        syscall(number, a[1], a[2], a[3], a[4], a[5], a[6]);
    }
    return 77;
}
"""


def test_random_calls_with_random_arguments_harm_nobody(compiled):
    """They end in every way that a process can, and never in an error of the host."""
    codes = [run(compiled(FUZZ), str(seed), given=b"input" * 100, steps=3_000_000).code for seed in range(25)]
    assert codes.count(77) >= 5, codes


def broken(data: bytes, place: int, form: str, value: int) -> bytes:
    return data[:place] + struct.pack("<" + form, value) + data[place + struct.calcsize("<" + form) :]


BAD = {
    "another processor": (lambda d: broken(d, 18, "H", 62), "is for another processor"),
    "64 bits": (lambda d: broken(d, 4, "B", 2), "is a 64-bit file|is no ELF file, or damaged"),
    "compressed instructions": (lambda d: broken(d, 36, "I", 1), "uses compressed instructions"),
    "floating-point registers": (lambda d: broken(d, 36, "I", 4), "uses floating-point registers"),
    "linked dynamically": (lambda d: broken(d, 16, "H", 3), "is linked dynamically: link it with -static"),
    "truncated": (lambda d: d[:20000], "is truncated|is no ELF file, or damaged"),
    "text": (lambda _: b"hello", "is no ELF file, or damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_run_is_one_clear_line(compiled, name):
    change, message = BAD[name]
    with pytest.raises(UserError, match=message) as error:
        run(change(compiled("int main(void) { return 0; }")))
    assert "\n" not in str(error.value)


def test_corrupted_executables_never_raise_anything_else(compiled):
    data, rng, refused = compiled("int main(void) { return 0; }"), np.random.default_rng(0), 0
    for _ in range(300):
        changed = np.frombuffer(data, np.uint8).copy()
        changed[rng.integers(0, 52 + 8 * 32, rng.integers(1, 6))] = rng.integers(0, 256)
        refused += bool(executables.why_not(changed.tobytes()))
        with suppress(Failure):
            executables.load(changed.tobytes(), 1 << 21)
    assert 0 < refused < 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env", "A"], "--env A: give a name and a value"),
        (["--reg", "a0=1"], "leave --operations and --reg out"),
        (["--isa", "rv32em"], "it needs rv32ima"),
        (["--memory-bytes", "65536"], "does not fit .ENOMEM.: give more memory"),
    ],
)
def test_mistakes_on_the_command_line(compiled, tmp_path, capfd, words, message):
    file = tmp_path / "program"
    file.write_bytes(compiled("int main(void) { return 0; }"))
    assert main(["run", str(file), *words]) == 2
    assert re.search(message, capfd.readouterr().err)


@pytest.mark.parametrize("isa", ["rv32em", "rv32im"])
def test_a_bare_program_is_not_taken_for_one_of_linux(compiled, isa):
    assert not linux.is_linux(toolchain.compile_source(PROGRAMS / "hello.c", isa)) and linux.is_linux(compiled(DEMO))


def test_a_bare_program_takes_no_arguments(capfd):
    assert main(["run", str(PROGRAMS / "hello.c"), "--", "a"]) == 2
    assert "takes no arguments" in capfd.readouterr().err


def test_paths_never_lead_out_of_the_tree():
    tree = Tree()
    inner = Directory()
    tree.root.add(b"a", inner)
    inner.add(b"up", Link(target=b"../../../.."))
    inner.add(b"away", Link(target=b"/etc/passwd"))
    assert tree.find(b"../../..", inner).node is tree.root is tree.find(b"/a/up/a/up", inner).node
    assert tree.find(b"/a/up/etc/passwd", inner).node is tree.find(b"a/away", tree.root).node is not None
    with pytest.raises(Failure, match="ENOTDIR"):
        tree.find(b"/etc/passwd/", inner)
    assert tree.path_of(inner) == b"/a"
