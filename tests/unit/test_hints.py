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
        ("received unexpected HTTP status: 429 Too Many Requests", "check the network"),
        ("toomanyrequests: retry-after: 1s", "check the network"),
        ("write tcp 10.0.0.2:1->1.2.3.4:443: write: broken pipe", "check the network"),
        ('Put "https://ghcr.io/v2/x/blobs/uploads/1": EOF', "check the network"),
        ("http2: server sent GOAWAY and closed the connection", "check the network"),
        ("stream error: stream ID 7; INTERNAL_ERROR; received from peer", "check the network"),
        ("context deadline exceeded", "check the network"),
        ("blob upload unknown: blob upload unknown to registry", "check the network"),
        ("Curl error (6): Couldn't resolve host name for https://mirrors.fedoraproject.org", "check the network"),
        ("Error: Failed to download metadata for repo 'updates': No URLs in mirrorlist", "check the network"),
        ("Cannot download x.rpm: All mirrors were tried", "check the network"),
        ("response status code 503: Service Unavailable", "check the network"),
        ("kernel 7.1.504-200.fc44.x86_64 is broken", hints.ANY),
        ("nothing provides kernel-uname-r = 7.1.9-200.fc44.x86_64 needed by kmod-zfs", "./inv versions"),
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
