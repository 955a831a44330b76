"""The paper: Typst source, and the numbers and tables it shows, taken from recorded results."""
