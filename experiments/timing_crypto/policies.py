"""What a data cache holds when a call begins: the policies under which leaks are measured."""

from dataclasses import dataclass

from backends.core.calls import Call
from backends.interface import Cache, UserError

POLICIES = ("warm", "flushed", "evictions", "background")
CAPACITY_BYTES, WAYS = 1 << 15, 8
EVICTIONS = 64
_ELSEWHERE = 0x80000000
"""Where the other process' lines lie: outside every memory used here."""


@dataclass(frozen=True)
class Policy:
    """A cache and its state before a call.

    warm: all of the program's memory has been read; nothing is evicted in between. flushed: empty. evictions: warm, then
    EVICTIONS places drawn at random are emptied before every call. background: warm, then another process reads lines
    that fill every fourth set.
    """

    name: str = "flushed"
    line_bytes: int = 64

    def cache(self, call: Call, seed: int = 0) -> Cache:
        """The cache for a call; seed: of the evictions. Raises UserError for an unknown policy."""
        if self.name not in POLICIES:
            raise UserError(f"unknown policy '{self.name}': one of {', '.join(POLICIES)}")
        sets = CAPACITY_BYTES // (self.line_bytes * WAYS)
        memory = ((call.config.memory_base, call.config.memory_bytes),)
        others = (_ELSEWHERE + (way * sets + set_) * self.line_bytes for set_ in range(0, sets, 4) for way in range(WAYS))
        return Cache(
            self.line_bytes, sets, WAYS,
            resident=() if self.name == "flushed" else memory,
            evictions=EVICTIONS if self.name == "evictions" else 0,
            background=tuple(others) if self.name == "background" else (),
            seed=seed,
        )  # fmt: skip

    def on(self, call: Call, seed: int = 0) -> Call:
        """The call on a machine with this cache."""
        return call.on(timing="cache", cache=self.cache(call, seed))
