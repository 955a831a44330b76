"""The exact constant-time verifier: a C function in, a proof or the instructions and lines that leak out.

`subject` compiles and lays out, `cases` chooses inputs, `runs` tracks taint, `findings` reads it, `verify` puts them
together and cross-checks by traces. `check` is the command; `functions/` and `annotated` hold it to known answers.
"""
