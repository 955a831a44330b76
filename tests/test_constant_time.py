"""The constant-time verifier: a hundred functions whose verdicts C fixes or traces decide, honesty, and every misuse."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.core import catalog, isa, taint
from backends.core.observation import ObservingBackend
from backends.core.taint import WORD
from experiments.timing_crypto.__main__ import main
from experiments.timing_crypto.programs import AES
from experiments.timing_crypto.verifier import tables
from experiments.timing_crypto.verifier.annotated import annotated, judge
from experiments.timing_crypto.verifier.subject import Question
from experiments.timing_crypto.verifier.verify import Contradiction, verify
from manual import ALU

MACHINE = catalog.create("gpu_compute")
ANNOTATED = annotated()
SECRETS = 300


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("function", ANNOTATED, ids=lambda function: function.name)
def test_known_answer(function, level):
    row = judge(function, level, verify(function.question(level), MACHINE, SECRETS))
    assert row["outcome"] == ("false_alarm" if level in function.alarms else "right"), row
    if row["verdict"] == "proven":
        assert row["distinct_traces"] == 1


def test_annotations_cover_what_they_should():
    assert len(ANNOTATED) >= 36
    assert {f.expected for f in ANNOTATED} == {"leaks", "constant", "compiler"}
    assert all(f.must for f in ANNOTATED if f.expected == "leaks" and f.name != "executed")


@pytest.mark.parametrize(
    ("name", "proven"), [("aes_ttable", False), ("aes_sbox", False), ("aes_scan", True), ("aes_bitsliced", True)]
)
def test_aes(name, proven):
    function = AES[name].functions["aes128_encrypt"]
    verdict = verify(tables.question(AES[name].path, function, "-O2"), MACHINE, 100)
    assert verdict.proven == proven
    assert (verdict.cross_check.distinct_accesses == 1) == proven
    assert verdict.coverage.instructions == verdict.coverage.reached
    if not proven:
        assert {v.kind for v in verdict.violations} == {"load address"}
        assert {v.secrets for v in verdict.violations} == {("schedule",)}


def test_table_names_the_right_line():
    row = tables.constant_time(["compare_early", "compare_constant"], ["-O1"], MACHINE, 50).set_index("function")
    source = AES["aes_sbox"].path.with_name("compare.c").read_text().splitlines()
    file, line = row.loc["compare_early", "first_line"].split(":")
    assert file == "compare.c"
    assert "if" in source[int(line) - 1]
    assert list(row["verdict"]) == ["violations", "proven"]


def test_table_of_annotated_functions(monkeypatch):
    monkeypatch.setattr(tables, "annotated", lambda: ANNOTATED[:3])
    table = tables.functions(["-O1"], MACHINE, secrets=50)
    assert list(table["function"]) == [f.name for f in ANNOTATED[:3]]
    assert set(table["outcome"]) == {"right"}


_words = st.one_of(
    st.integers(0, WORD), st.sampled_from([0, 1, 0xFF, 0xFF00, 0x80000000, 0x7FFFFFFF, WORD]), st.integers(0, 31)
)
_masks = st.lists(st.booleans(), min_size=4, max_size=4).map(lambda bytes_: sum(b << 8 * k for k, b in enumerate(bytes_)))


@settings(max_examples=3000, deadline=None)
@given(st.sampled_from(isa.ARITHMETIC), _words, _words, _words, _words, _masks, _masks, st.booleans())
def test_no_taint_is_lost(name, a, b, other_a, other_b, ta, tb, same):
    """A byte of a result that is untainted is the same whatever the tainted bytes of the operands are."""
    if same:
        b, other_b, tb = a, other_a, ta
    changed_a, changed_b = a ^ (a ^ other_a) & ta * 255, b ^ (b ^ other_b) & tb * 255
    result = taint.propagate(taint.RULES[isa.NUMBER[name]], ta, tb, a, b, same)
    assert (ALU[name](a, b) ^ ALU[name](changed_a, changed_b)) & WORD & ~(taint.full(result)) == 0


class Blind(ObservingBackend):
    """A machine that loses all taint."""

    def capabilities(self):
        return MACHINE.capabilities()

    def open(self, state):
        return MACHINE.open(state)

    def open_observed(self, state, shadow):
        for lost in (shadow.registers, shadow.memory, shadow.instructions):
            lost[:] = 0
        return MACHINE.open_observed(state, shadow)


def test_lost_taint_is_a_contradiction():
    function = next(f for f in ANNOTATED if f.name == "branch")
    with pytest.raises(Contradiction):
        verify(function.question("-O2"), Blind(), 100)


@pytest.fixture
def check(tmp_path, capsys, monkeypatch):
    """Runs `check` on C text; gives the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(text, *arguments):
        (tmp_path / "f.c").write_text(text)
        code = main(["check", "f.c", *arguments, "--cross-check", "50"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


BRANCH = """#include <stdint.h>
volatile int sink;
int f(const uint8_t *key, uint8_t *out, int n) {
    out[0] = key[1];
    if (key[0] > 3)
        sink = n;
    return n;
}
"""
GIVEN = ("--function", "f", "--secret", "key:16", "--public", "out:16", "--public", "n")


def test_violation_is_shown(check):
    code, out, err = check(BRANCH, *GIVEN)
    assert (code, err) == (1, "")
    assert "f.c:5: branch depends on key" in out
    assert "    if (key[0] > 3)\n" in out


def test_the_line_that_is_shown_is_the_one_that_is_numbered(check):
    """A form feed, as old sources have between functions, ends no line."""
    _, out, _ = check(BRANCH.replace("volatile", "\f\nvolatile"), *GIVEN)
    assert "f.c:6: branch depends on key" in out
    assert "    if (key[0] > 3)\n" in out


def test_proof_says_what_it_proves(check):
    code, out, _ = check(BRANCH.replace("key[0] > 3", "n > 3"), *GIVEN)
    assert code == 0
    assert "is the same for every value of the secrets" in out
    assert "public inputs tried" in out


def test_json(check):
    code, out, _ = check(BRANCH, *GIVEN, "--json", "-O1", "--isa", "rv32im")
    found = json.loads(out)
    assert code == 1
    assert (found["verdict"], found["level"], found["isa"]) == ("violations", "-O1", "rv32im")
    assert [(v["kind"], v["secrets"], v["place"]["line"]) for v in found["violations"]] == [("branch", ["key"], 5)]
    assert found["cross_check"]["distinct_pcs"] == 2


def test_proofs_agree_on_both_machines(check):
    for machine in ("reference", "gpu_compute"):
        assert check(BRANCH, *GIVEN, "--backend", machine)[0] == 1
        assert check(BRANCH.replace("key[0]", "n"), *GIVEN, "--backend", machine)[0] == 0


def test_what_no_run_reached_is_named(check):
    """A leak behind a public value that nobody tries cannot be found; the line must be."""
    text = BRANCH.replace("if (key[0] > 3)", "if (n == 741852963)\n        if (key[0])")
    code, out, _ = check(text, *GIVEN)
    assert code == 0
    assert "nothing is said about the others, at f.c:6" in out
    code, out, _ = check(text, *GIVEN[:-2], "--value", "n=741852963")
    assert code == 1
    assert "f.c:6: branch depends on key" in out


def test_public_inputs_that_are_refused_are_left_out(check):
    """Lengths beyond the buffers overrun the stack: nothing may be concluded from such calls."""
    text = "void f(const char *key, char *out, unsigned n) { for (unsigned i = 0; i < n; i++) out[i] = key[i & 15]; }"
    code, out, _ = check(text, *GIVEN, "-O0")
    assert code == 0
    assert "left out:" in out
    assert check(text, *GIVEN[:-2], "--value", "n=16")[0] == 0


def test_all_lines_that_call_leaking_library_code_are_named(check):
    text = """#include <string.h>
volatile int sink;
int f(const char *key, const char *guess) {
    sink = memcmp(key, guess, 16);
    return memcmp(key + 8, guess + 8, 8);
}
"""
    code, out, _ = check(text, "--function", "f", "--secret", "key:16", "--public", "guess:16")
    assert code == 1
    assert "f.c:4: calls library code, where branch depends on key  (memcmp, " in out
    assert "called at f.c:5 as well" in out


def test_a_stack_that_overflows_is_noticed(check):
    text = "int f(int s, int n) { volatile int room[250]; room[0] = s; return n <= 0 ? s : f(s, n - 1) + room[0]; }"
    given = ("--function", "f", "--secret", "s", "-O0", "--value")
    assert check(text, *given, "n=20")[0] == 0
    one_line(check(text, *given, "n=33"), "write beyond the end of the stack")


def test_what_lies_behind_a_secret_is_secret(check):
    text = "volatile char t[256]; int f(const unsigned char *key) { return t[key[8]]; }"
    assert check(text, "--function", "f", "--secret", "key:8")[0] == 1


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_of_library_functions_the_calling_line_is_named(check, level):
    text = """#include <assert.h>
#include <string.h>
int f(const char *key, const char *message) {
    return strcmp(key, message);
}
int g(int s) {
    assert(s != 12345);
    return s;
}
"""
    code, out, _ = check(text, "--function", "f", "--secret", "key:16", "--public", "message:16", level)
    assert code == 1
    assert "f.c:4: " in out
    code, out, _ = check(text, "--function", "g", "--secret", "s", level)
    assert code == 1
    assert "f.c:7: branch depends on s" in out
    assert check(text, "--function", "g", "--secret", "s", level, "--define", "NDEBUG=1")[0] == 0


def test_secret_on_the_stack_among_many_parameters(check):
    text = "volatile int sink; void f(int a, int b, int c, int d, int e, int g, int s, int h) { if (s) sink = h; }"
    names = [word for name in "abcdegh" for word in ("--public", name)]
    code, out, _ = check(text, "--function", "f", *names, "--secret", "s")
    assert code == 1
    assert "depends on s " in out
    assert check(text.replace("if (s)", "if (h)"), "--function", "f", *names, "--secret", "s")[0] == 0


def test_only_the_secrets_that_matter_are_named(check):
    text = "volatile int sink; void f(int a, int b, int c) { if (b & 1) sink = a + c; }"
    out = check(text, "--function", "f", "--secret", "a", "--secret", "b", "--secret", "c")[1]
    assert "depends on b " in out


def test_macro(check):
    text = "volatile int sink; void f(int s) { if (s & MASK) sink = 1; }"
    assert check(text, "--function", "f", "--secret", "s", "--define", "MASK=1")[0] == 1
    assert check(text, "--function", "f", "--secret", "s", "--define", "MASK=0")[0] == 0


def one_line(result, *words):
    code, out, err = result
    assert (code, out) == (2, ""), result
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert all(word in err for word in words), err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--function", "f", "--secret", "key:16", "--public", "out:16"), ("n (int)", "missing")),
        ((*GIVEN, "--public", "m"), ("no parameter 'm'", "key, out, n")),
        ((*GIVEN[:2], "--secret", "key", *GIVEN[4:]), ("key is a pointer", "key:BYTES")),
        ((*GIVEN[:-1], "n:4"), ("n is a scalar",)),
        ((*GIVEN[:3], "key:0", *GIVEN[4:]), ("key:0", "from 1")),
        ((*GIVEN[:3], "key:-4", *GIVEN[4:]), ("key:-4", "from 1")),
        ((*GIVEN[:3], "key:9999999999", *GIVEN[4:]), ("key:9999999999", "bytes")),
        ((*GIVEN[:3], "key:many", *GIVEN[4:]), ("key", "whole number")),
        ((*GIVEN[:3], "key:", *GIVEN[4:]), ("'key:'", "NAME:BYTES")),
        (("--function", "g", "--secret", "key:16"), ("no function 'g'", "it has f")),
        (("--function", "memcpy", "--secret", "key:16"), ("no C function 'memcpy'", "it has f")),
        (("--secret", "key:16"), ("no function is named", "f.c has f")),
        (("--function", "f", "--public", "key:16", *GIVEN[4:]), ("no secret",)),
        ((*GIVEN, "--secret", "key:16"), ("key is named twice",)),
        ((*GIVEN, "--public", "key:16"), ("secret and as public",)),
        ((*GIVEN, "--value", "key=1"), ("secret and as public",)),
        ((*GIVEN, "--value", "out=1"), ("out is a pointer",)),
        ((*GIVEN, "--value", "n=5000000000"), ("n=5000000000", "32 bits")),
        ((*GIVEN, "--value", "n"), ("'n'", "NAME=N")),
        ((*GIVEN, "--max-steps", "0"), ("max-steps 0",)),
        ((*GIVEN, "--backend", "abacus"), ("unknown backend 'abacus'",)),
        ((*GIVEN, "--define", "uint8_t=+"), ("does not compile", "error:")),
    ],
)
def test_misuse(check, arguments, words):
    one_line(check(BRANCH, *arguments), *words)


@pytest.mark.parametrize(
    ("text", "secret", "words"),
    [
        ("", "s", ("no function 'f'", "it has none")),
        ("int f(int s) { return s +; }", "s", ("does not compile", "f.c:1")),
        ("long long f(long long s) { return s; }", "s", ("64 bits",)),
        ("struct p { int a[4]; }; int f(struct p s) { return s.a[0]; }", "s", ("passed by value",)),
        ("int f(float s) { return s > 0; }", "s", ("floating-point",)),
        ("int f(int (*s)(void)) { return s(); }", "s", ("pointer to a function",)),
        ("int f(int **s) { return **s; }", "s:4", ("pointer to a pointer",)),
        ("int f(int s, ...) { return s; }", "s", ("variable number",)),
        ("struct p { int a[4]; }; struct p f(int s) { struct p p = {{s}}; return p; }", "s", ("returns 16 bytes",)),
        ("int f(int) { return 0; }", "s", ("no parameter 's'",)),
        ("static int f(int s) { return s; } int g(int s) { return f(s); }", "s", ("no function 'f'",)),
        ("int f(const char s[16]) { return s[0]; }", "s:32", ("s:32 is larger than the 16 bytes", "s:16")),
        ("#define N 4\nint f(int s[N * 2][2]) { return s[0][0]; }", "s:65", ("larger than the 64 bytes",)),
        ("int f(const char s[16]) { return s[0]; }", "s:8", ("s:8 is smaller than the 16 bytes",)),
        ("struct k { char b[16]; }; int f(struct k *s) { return s->b[0]; }", "s:17", ("larger than the 16 bytes",)),
        ("int f(const char (*s)[16]) { return (*s)[0]; }", "s:32", ("larger than the 16 bytes",)),
        ("int f(const int *s) { return *s; }", "s:3", ("smaller than the 4 bytes",)),
        ("int f(int s) { return *(volatile int *)4 + s; }", "s", ("access outside memory", "pc 0x", "f.c:1")),
        ("int f(int s) { __builtin_trap(); return s; }", "s", ("trap, illegal instruction", "f.c:1")),
        ("int f(int s) { for (volatile int i = 0;;) i = s; }", "s", ("no end within 1000", "f.c:1")),
        ('int f(int s) { __asm__ volatile("fence.i"); return s; }', "s", ("rewrites its instructions", "fence.i")),
    ],
)
def test_functions_that_cannot_be_checked(check, text, secret, words):
    one_line(check(text, "--function", "f", "--secret", secret, "--max-steps", "1000"), *words)


def test_many_secrets(check):
    names = "abcdefghi"
    text = f"int f({', '.join('int ' + n for n in names)}) {{ return a; }}"
    arguments = [word for name in names for word in ("--secret", name)]
    one_line(check(text, "--function", "f", *arguments), "9 secrets", "at most 8")
    assert check(text, "--function", "f", *arguments[2:], "--public", "a")[0] == 0


def test_too_few_secrets_to_compare(capsys):
    code = main(["check", "f.c", *GIVEN, "--cross-check", "1"])
    one_line((code, *capsys.readouterr()), "cross-check of 1", "at least 2")


def test_no_file(capsys):
    assert main(["check", "nowhere.c", *GIVEN]) == 2
    assert capsys.readouterr().err.startswith("error: nowhere.c: No such file")


def test_machine_that_cannot_observe(capsys, tmp_path):
    assert main(["check", str(tmp_path / "f.c"), *GIVEN, "--backend", "torch_neural"]) == 2
    assert "cannot observe" in capsys.readouterr().err


def test_question_in_python():
    question = Question(AES["aes_sbox"].path.with_name("compare.c"), "compare_early", {"a": 4}, {"b": 4}, {"n": 4})
    verdict = verify(question, MACHINE, 20)
    assert not verdict.proven
    assert verdict.public_names == ("b", "n")
