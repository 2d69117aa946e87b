"""How often properties are tried: a hundred times, and two thousand under `./inv test --full`."""

import os

from hypothesis import settings

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # images of Python set it: each of a thousand recipes would be compiled
settings.register_profile("default", deadline=None)
settings.register_profile("full", deadline=None, max_examples=2000)
settings.load_profile("default")
