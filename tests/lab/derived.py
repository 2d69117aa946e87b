"""Images made from the good one with one more instruction."""

from shlex import quote


def derived(instruction: str) -> str:
    """Return a command that builds localhost/wrong from the good image with one more instruction."""
    return (
        f"printf 'FROM localhost/custom-coreos:stable\\n%s\\n' {quote(instruction)} | podman build -q -t wrong -f - ."
    )
