"""How often properties are tried: a hundred times, and two thousand under `./inv test --full`."""

from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("full", deadline=None, max_examples=2000)
settings.load_profile("default")
