"""Report every call to the outside to Python's audit hooks, before and after, so that a listener can count them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

EVENT = "custom_coreos.call"


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Raise the audit event `custom_coreos.call` with ("before" or "after", name) around one call."""
    sys.audit(EVENT, "before", name)
    yield
    sys.audit(EVENT, "after", name)
