"""The next step fits the cause, and is never about the disk when the network failed."""

import pytest

from tasks.model import hints


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("write /var/lib/containers/x: no space left on device", "df -h"),
        ("dial tcp: lookup ghcr.io on 10.0.0.1:53: no such host", "check the network"),
        ('Get "https://ghcr.io/v2/": net/http: TLS handshake timeout', "check the network"),
        ("Could not resolve host: mirrors.fedoraproject.org", "check the network"),
        ("received unexpected HTTP status: 502 Bad Gateway", "check the network"),
        ("Error: Unable to find a match: tailscal", "packages.fedoraproject.org"),
        ("No match for argument: htopp", "packages.fedoraproject.org"),
        ("nothing provides libfoo.so.1 needed by x", "packages.fedoraproject.org"),
        ("tls: failed to verify certificate: x509: certificate has expired", "clock"),
        ("unauthorized: authentication required", "./inv doctor"),
        ("denied: permission_denied: write_package", "./inv doctor"),
        ("open /run/lock: permission denied", "who owns"),
        ("undefined: something", hints.ANY),
        ("", hints.ANY),
    ],
)
def test_the_next_step_follows_from_the_error(cause: str, words: str) -> None:
    """As podman, skopeo, oras and dnf word it."""
    assert words in hints.after(cause)
    assert ("df -h" in hints.after(cause)) == ("space" in cause)
