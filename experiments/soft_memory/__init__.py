"""Does a soft memory work when it is large? Laws of a soft read, held against what is measured.

addressing.py: the weights of a read, by five ways to address. laws.py: what they should be. horizon.py: reads that depend on
each other. sums.py: the soft machine sums arrays, and where it should begin to fail.
"""
