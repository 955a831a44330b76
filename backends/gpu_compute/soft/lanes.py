"""A type for compiled code: a row of instances that one operation works on, an LLVM vector of 64 bytes.

Numba's arrays may overlap for all that the compiler knows, so a loop over instances is vectorised only behind tests of every
pair of arrays, which cost as much as the 16 instances. Here an array `[..., 16]` float32 (or `[..., 8]` float64) is taken as an
array `[...]` of `Lanes`, whose elements are loaded, combined and stored whole. What is written for one instance then runs for a
row of them. Numbers become lanes where they meet them.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typeconv import Conversion
from numba.core.types import BaseNamedTuple, NamedTuple  # type: ignore[attr-defined]
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model

ROW_BYTES = 64
"""Of a row: a line of the cache."""
_FLAGS = ("contract",)  # a product and a sum may be one instruction
_I32 = ir.IntType(32)


class Lanes(types.Type):
    """`count` numbers of type `scalar`."""

    def __init__(self, scalar: Any, count: int) -> None:
        self.scalar, self.count = scalar, count
        super().__init__(name=f"lanes({scalar} x {count})")

    def can_convert_from(self, _: Any, other: types.Type) -> Conversion | None:
        return Conversion.safe if isinstance(other, types.Number | types.Boolean) else None

    def of(self, scalar: types.Type) -> "Lanes":
        """As many numbers of another type."""
        return Lanes(scalar, self.count)

    @property
    def word(self) -> "Lanes":
        """As many unsigned integers of the same size."""
        return self.of(types.uint32 if self.scalar.bitwidth == 32 else types.uint64)

    @property
    def real(self) -> "Lanes":
        """As many floating-point numbers of the same size."""
        return self.of(types.float32 if self.scalar.bitwidth == 32 else types.float64)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind: Lanes) -> None:
        element = ir.IntType(1) if kind.scalar == types.boolean else manager.lookup(kind.scalar).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, kind.count))


@lower_cast(types.Number, Lanes)
@lower_cast(types.Boolean, Lanes)
def _everywhere(context, builder, source, target, value):
    vector = context.get_value_type(target)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, context.cast(builder, value, source, target.scalar), ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, target.count), [0] * target.count))


def _binary(operation, instruction, compares: bool = False) -> None:
    """Define an operator on lanes by a function of a builder, the type, and two vectors."""

    @infer_global(operation)
    class _Template(AbstractTemplate):
        key = operation

        def generic(self, args, _):
            kind = next((x for x in args if isinstance(x, Lanes)), None)
            return kind and len(args) == 2 and signature(kind.of(types.boolean) if compares else kind, kind, kind)

    @lower_builtin(operation, Lanes, Lanes)
    def _lowered(_, builder, sig, args):
        return instruction(builder, sig.args[0], *args)


def _arithmetic(name: str):
    def instruction(builder, kind, x, y):
        if isinstance(kind.scalar, types.Float):
            return getattr(builder, f"f{name}")(x, y, flags=_FLAGS)
        return getattr(builder, "udiv" if name == "div" else name)(x, y)

    return instruction


def _comparison(symbol: str):
    def instruction(builder, kind, x, y):
        if isinstance(kind.scalar, types.Float):
            return builder.fcmp_ordered(symbol, x, y)
        return builder.icmp_unsigned(symbol, x, y)

    return instruction


for _name, _functions in {
    "add": (operator.add, operator.iadd),
    "sub": (operator.sub, operator.isub),
    "mul": (operator.mul, operator.imul),
    "div": (operator.truediv,),
}.items():
    for _function in _functions:
        _binary(_function, _arithmetic(_name))
for _symbol, _function in {">": operator.gt, ">=": operator.ge, "<": operator.lt, "==": operator.eq, "!=": operator.ne}.items():
    _binary(_function, _comparison(_symbol), compares=True)
for _function, _name in {
    operator.and_: "and_", operator.or_: "or_", operator.xor: "xor", operator.lshift: "shl", operator.rshift: "lshr"
}.items():  # fmt: skip
    _binary(_function, lambda builder, _, x, y, name=_name: getattr(builder, name)(x, y))


@infer_global(operator.neg)
class _Negative(AbstractTemplate):
    key = operator.neg

    def generic(self, args, _):
        return signature(args[0], args[0]) if isinstance(args[0], Lanes) else None


@lower_builtin(operator.neg, Lanes)
def _negative(_, builder, __, args):
    return builder.fneg(args[0])


@intrinsic
def rows(_, arrays):
    """Arrays `[..., lanes]`, or named tuples of them, as arrays `[...]` of lanes; what is of another type stays."""
    return _rows_type(arrays)(arrays), lambda context, builder, sig, args: _rows(context, builder, sig.args[0], args[0])


def _rows_type(kind):
    if isinstance(kind, BaseNamedTuple):
        return NamedTuple([_rows_type(x) for x in kind.types], kind.instance_class)
    count = ROW_BYTES * 8 // kind.dtype.bitwidth
    return types.Array(Lanes(kind.dtype, count), kind.ndim - 1, "C", aligned=False)


def _rows(context, builder, kind, value):
    if isinstance(kind, BaseNamedTuple):
        parts = [_rows(context, builder, x, builder.extract_value(value, i)) for i, x in enumerate(kind.types)]
        return context.make_tuple(builder, _rows_type(kind), parts)
    target = _rows_type(kind)
    source = context.make_array(kind)(context, builder, value)
    made = context.make_array(target)(context, builder)
    made.meminfo, made.parent = source.meminfo, source.parent
    made.nitems = builder.sdiv(source.nitems, ir.Constant(source.nitems.type, target.dtype.count))
    made.itemsize = ir.Constant(source.itemsize.type, ROW_BYTES)
    made.data = builder.bitcast(source.data, context.get_value_type(target.dtype).as_pointer())
    made.shape = cgutils.pack_array(builder, cgutils.unpack_tuple(builder, source.shape)[: target.ndim])
    made.strides = cgutils.pack_array(builder, cgutils.unpack_tuple(builder, source.strides)[: target.ndim])
    return made._getvalue()


@intrinsic
def where(_, condition, x, y):
    """x where the condition holds, else y; one of them may be a number."""
    kind = x if isinstance(x, Lanes) else y

    def codegen(context, builder, sig, args):
        chosen = [context.cast(builder, value, source, kind) for value, source in zip(args[1:], sig.args[1:], strict=True)]
        return builder.select(args[0], *chosen)

    return kind(condition, x, y), codegen


@intrinsic
def kept_where_bit(_, word, bit, value):
    """The value (real) where that bit of the word is 1, else 0. The word has the value's size."""

    def codegen(context, builder, sig, args):
        vector = context.get_value_type(sig.args[0])
        one = context.cast(builder, context.get_constant(types.int64, 1), types.int64, sig.args[0])
        wanted = builder.shl(one, context.cast(builder, args[1], sig.args[1], sig.args[0]))
        mask = builder.sext(builder.icmp_unsigned("==", builder.and_(args[0], wanted), wanted), vector)
        return builder.bitcast(builder.and_(mask, builder.bitcast(args[2], vector)), args[2].type)

    return value(word, bit, value), codegen


@intrinsic
def as_real(_, word):
    """Words as floating-point numbers of the same size."""
    return word.real(word), lambda context, builder, sig, args: builder.uitofp(args[0], context.get_value_type(sig.return_type))


@intrinsic
def as_word(_, condition, like):
    """1 where the condition holds, else 0, as words of the size of `like`."""
    kind = like.word
    return kind(condition, like), lambda context, builder, sig, args: builder.zext(args[0], context.get_value_type(kind))


def _elementwise(name: str):
    """A function of real lanes that LLVM has."""

    @intrinsic
    def function(_, x):
        def codegen(context, builder, sig, args):
            letter = "f" if isinstance(x.scalar, types.Float) else "i"
            vector, symbol = args[0].type, f"llvm.{name}.v{x.count}{letter}{x.scalar.bitwidth}"
            return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector]), symbol), args)

        return x(x), codegen

    return function


floor, nearest, truncated, ones = map(_elementwise, ("floor", "roundeven", "trunc", "ctpop"))
"""Of reals the integer below, the nearest, that toward 0; of words the number of ones."""


@intrinsic
def bits_of(_, x):
    """The bits of float64 lanes, as words."""
    return x.word(x), lambda context, builder, sig, args: builder.bitcast(args[0], context.get_value_type(sig.return_type))


@intrinsic
def from_bits(_, word):
    """The inverse."""
    kind = word.real
    return kind(word), lambda context, builder, sig, args: builder.bitcast(args[0], context.get_value_type(kind))


@intrinsic
def high_half(_, x, y):
    """Bits 32 to 63 of the product of two words below 2^32."""

    def codegen(context, builder, sig, args):
        wide = ir.VectorType(ir.IntType(64), x.count)
        narrow = context.get_value_type(x)
        a, b = (value if value.type == wide else builder.zext(value, wide) for value in args)
        high = builder.lshr(builder.mul(a, b), ir.Constant(wide, [32] * x.count))
        return high if narrow == wide else builder.trunc(high, narrow)

    return x(x, y), codegen


@intrinsic
def quotient(_, x, y):
    """The quotient of two words below 2^32, rounded down; the divisor must not be 0.

    In float64 it is exact: one that is no integer lies at least 1 / y below the next, more than any rounding.
    """

    def codegen(context, builder, sig, args):
        real, wide = (ir.VectorType(kind, x.count) for kind in (ir.DoubleType(), ir.IntType(64)))
        ratio = builder.fdiv(*(builder.uitofp(value, real) for value in args))
        down = cgutils.get_or_insert_function(builder.module, ir.FunctionType(real, [real]), f"llvm.floor.v{x.count}f64")
        shifted = builder.fadd(
            builder.call(down, [ratio]), ir.Constant(real, [2.0**52] * x.count)
        )  # its low bits are the number
        low = builder.and_(builder.bitcast(shifted, wide), ir.Constant(wide, [0xFFFFFFFF] * x.count))
        return low if context.get_value_type(x) == wide else builder.trunc(low, context.get_value_type(x))

    return x(x, y), codegen
