"""The exact constant-time verifier: a C function in, a proof or the instructions and lines that leak out.

`subject` compiles and lays out, `cases` chooses inputs, `runs` tracks taint, `violations` and `coverage` read it, `verify` puts
them together and cross-checks by traces. `check` is the command; `functions/` and `annotated` hold it to known answers.
"""
