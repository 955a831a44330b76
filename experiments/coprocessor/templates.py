"""Problems in words. {a} and {b} are the operands, {n} what is counted; {c}, where it stands, has nothing to do with either."""

NOUNS = ("coins", "birds", "cups", "plates", "seeds", "seats", "books", "trees", "apples", "boats", "lamps", "stones")
TRAINING = {
    "add": (
        "Ann has {a} {n} and finds {b} more. How many has she now? A:",
        "There are {a} {n} here and {b} there. How many in all? A:",
        "On day {c} a shop sold {a} red {n} and {b} green ones. How many in all? A:",
        "To {a} we add {b}. What is the sum? A:",
        "What is the sum of {a} and {b}? A:",
        "A town had {a} {n}. In year {c} it got {b} more. How many has it now? A:",
        "Tom buys {a} {n}, then {b} more {n}. How many in all? A:",
        "What is {a} plus {b}? A:",
    ),
    "subtract": (
        "Ann has {a} {n} and loses {b} of them. How many are left? A:",
        "There are {a} {n} here and we take {b}. How many are left? A:",
        "On day {c} a shop has {a} {n} and sells {b}. How many are left? A:",
        "From {a} we take {b}. What is the difference? A:",
        "What is the difference of {a} and {b}? A:",
        "A town had {a} {n}. In year {c} it lost {b}. How many are left? A:",
        "Tom gives away {b} of his {a} {n}. How many are left? A:",
        "What is {a} minus {b}? A:",
    ),
    "multiply": (
        "Each of {a} boxes holds {b} {n}. What is the total? A:",
        "What is the product of {a} and {b}? A:",
        "On day {c} each of {a} people eats {b} {n}. What is the total? A:",
        "A hall has {a} rows, each with {b} {n}. What is the total? A:",
        "What is {a} times {b}? A:",
        "Tom fills {a} bags, each with {b} {n}. What is the total? A:",
        "In year {c} each of {a} towns gets {b} {n}. What is the total? A:",
        "There are {a} tables with {b} {n} each. What is the product? A:",
    ),
    "divide": (
        "We share {a} {n} among {b} people. How many does each get? A:",
        "What is {a} divided by {b}? A:",
        "On day {c} we share {a} {n} among {b} shops. How many does each get? A:",
        "If {a} {n} are put in {b} boxes, how many does each get? A:",
        "What is the quotient of {a} and {b}? A:",
        "Tom shares {a} {n} among {b} friends. How many does each get? A:",
        "In year {c} the {a} {n} go to {b} towns. How many does each get? A:",
        "There are {b} rows for {a} {n}. How many does each get? A:",
    ),
}
"""By operation."""
HELD_OUT = {
    "add": (
        "A shop has {a} {n} and finds {b} more. How many has it now? A:",
        "In year {c} there are {a} {n} in a town and {b} in a hall. How many in all? A:",
        "Tom has {a} {n} and Ann has {b}. What is the sum? A:",
    ),
    "subtract": (
        "A shop has {a} {n} and loses {b}. How many are left? A:",
        "On day {c} Tom sells {b} of his {a} {n}. How many are left? A:",
        "There are {a} {n} in a hall and we take {b} of them. What is the difference? A:",
    ),
    "multiply": (
        "Each of {a} shops sells {b} {n}. What is the total? A:",
        "On day {c} Ann fills {a} boxes, each with {b} {n}. What is the total? A:",
        "There are {a} towns with {b} {n} each. What is the total? A:",
    ),
    "divide": (
        "Ann shares {a} {n} among {b} shops. How many does each get? A:",
        "On day {c} the {a} {n} go to {b} people. How many does each get? A:",
        "If {a} {n} are put in {b} rows, how many does each get? A:",
    ),
}
"""Never in training: other frames, of words that training has."""
