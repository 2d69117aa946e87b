"""Every call to the outside is told to Python's audit hooks, before and after: who listens can count them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

EVENT = "custom_coreos.call"


@contextmanager
def told(name: str) -> Iterator[None]:
    """Raise the audit event `custom_coreos.call` with ("before" or "after", name) around one call."""
    sys.audit(EVENT, "before", name)
    yield
    sys.audit(EVENT, "after", name)
