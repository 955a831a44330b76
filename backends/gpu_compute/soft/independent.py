"""What independent bits give: the mass of each number, of one number, and of a word on given words; with the adjoints.

No adjoint divides: products of all factors but one are made from both ends.
"""

from backends.gpu_compute.compiling import inlined


@inlined
def choices(bits, count, tree):
    """The mass of each number of `count` independent bits, in tree[2^count : 2^(count + 1)]; before it those of fewer bits."""
    tree[1] = 1.0
    for n in range(count):
        first = 1 << n
        for i in range(first):
            mass = tree[first + i]
            high = mass * bits[n]
            tree[2 * first + i] = mass - high
            tree[3 * first + i] = high


@inlined
def choices_back(bits, count, tree, d_tree, d_bits):
    """Adds the cotangents of the bits, given those of the masses in the last level of d_tree, whose others are written."""
    for i in range(count):
        n = count - 1 - i
        first = 1 << n
        d_bit = 0.0 * bits[n]
        for j in range(first):
            low, high = d_tree[2 * first + j], d_tree[3 * first + j]
            d_bit += tree[first + j] * (high - low)
            d_tree[first + j] = low + bits[n] * (high - low)
        d_bits[n] += d_bit


@inlined
def product(factors, count, prefixes):
    """The product of factors `[count]`, in prefixes[count]; the products of the first ones before it."""
    prefixes[0] = 1.0
    for k in range(count):
        prefixes[k + 1] = prefixes[k] * factors[k]


@inlined
def product_back(factors, count, prefixes, d_product, d_factors):
    """Writes the cotangents of the factors, which may be where the factors are."""
    suffix = d_product
    for i in range(count):
        k = count - 1 - i
        factor = factors[k]
        d_factors[k] = prefixes[k] * suffix
        suffix = suffix * factor


@inlined
def factors_of(word, wanted, column, factors):
    """Of each bit of a word `[32]` the expectation that it is that of wanted `[32, L]` in a column."""
    for k in range(len(factors)):
        factors[k] = word[k] if wanted[k, column] > 0.5 else 1.0 - word[k]


@inlined
def factors_back(wanted, column, d_factors, d_word):
    for k in range(len(d_factors)):
        d_word[k] += d_factors[k] if wanted[k, column] > 0.5 else -d_factors[k]
