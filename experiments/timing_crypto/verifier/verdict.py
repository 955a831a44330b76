"""What the verifier says: plain values, to be printed, written as JSON, or put into tables."""

from dataclasses import dataclass

from experiments.timing_crypto.verifier.dwarf import Place


@dataclass(frozen=True)
class Violation:
    """An instruction that lets an observer learn of a secret.

    kind: what depends on it. secrets: their names. place: the source line, None in library code; function: which it
    belongs to. called_from: in library code, the line of the file that called it; also_called_from: lines that called it as
    well, and may leak too. public: a public input with which it was seen; extreme: only with such as the function may not
    be meant for.
    """

    pc: int
    function: str
    instruction: str
    kind: str
    secrets: tuple[str, ...]
    place: Place | None
    called_from: Place | None
    also_called_from: tuple[Place, ...]
    public: str
    extreme: bool

    @property
    def line(self) -> Place | None:
        """The line of the user's source to look at."""
        return self.place or self.called_from


@dataclass(frozen=True)
class LeftOut:
    """Public inputs of which nothing is said: how many, one of them, and why."""

    count: int
    example: str
    reason: str


@dataclass(frozen=True)
class Coverage:
    """Instructions of the function and of what it calls in its file: all, those reached, and the lines of the others."""

    instructions: int
    reached: int
    unreached: tuple[Place, ...]


@dataclass(frozen=True)
class CrossCheck:
    """Traces of `secrets` values of the secrets with the public input `public`: how many different ones of program
    counters and of data addresses. steps: the most instructions that were traced."""

    secrets: int
    distinct_pcs: int
    distinct_accesses: int
    public: str
    steps: int


@dataclass(frozen=True)
class Verdict:
    """proven: for each of `public_inputs` inputs (one run says all where nothing is public), program counters and data
    addresses are the same whatever the secrets are. retired: the most instructions of a run."""

    function: str
    proven: bool
    violations: tuple[Violation, ...]
    public_names: tuple[str, ...]
    public_inputs: int
    left_out: tuple[LeftOut, ...]
    coverage: Coverage
    cross_check: CrossCheck
    retired: int

    @property
    def word(self) -> str:
        return "proven" if self.proven else "violations"

    @property
    def leaking(self) -> int:
        """How many instructions depend on a secret."""
        return len({violation.pc for violation in self.violations})

    @property
    def statement(self) -> str:
        """Exactly what was found, in one sentence."""
        if not self.proven:
            many = f"{self.leaking} instructions depend" if self.leaking > 1 else "an instruction depends"
            return f"{self.function} is not constant-time: {many} on a secret."
        given = f", given any of the {self.public_inputs} public inputs tried" if self.public_names else ""
        return (
            f"Proven: the trace of program counters and of data addresses of {self.function}, as compiled here, is the same "
            f"for every value of the secrets{given}."
        )
