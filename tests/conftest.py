"""For all tests: a slow or busy machine fails none of those that Hypothesis makes examples for."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
