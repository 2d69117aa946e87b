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
        ("writing blob: read: server closed idle connection", "check the network"),
        ("connect: no route to host", "check the network"),
        ("unexpected end of JSON input", "check the network"),
        ("StatusCode: 429, <html>", "check the network"),
        ("500 Internal Server Error", "check the network"),
        *((f"kernel 7.1.{number}-200.fc44.x86_64 is broken", hints.ANY) for number in (401, 403, 429, 500, 504)),
        *((f"the base has kernel 7.1.{number}", hints.ANY) for number in (401, 403, 429, 500, 504)),
        ("kernel 7.1.504 Is not found", hints.ANY),
        ("Checking finished with error(s): 503 warnings", hints.ANY),
        ("unexpected status code 403", "./inv doctor"),
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


REFUSALS = (
    "A signature was required, but no signature exists",
    "Source image rejected: Running image docker://ghcr.io/o/n@sha256:aa is rejected by policy.",
    "cryptographic signature verification failed: invalid signature when validating ASN.1 encoded signature",
    "None of the signatures were accepted, reasons: Signature for identity ghcr.io/o/n is not accepted",
)
NO_REFUSALS = (
    "reading signatures: downloading signatures for sha256:aa: received unexpected HTTP status: 502 Bad Gateway",
    'reading signature manifest: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host',
    "toomanyrequests: retry-after: 1s",
    "context deadline exceeded",
    "reading manifest sha256:aa in ghcr.io/o/n: manifest unknown",
    "tls: failed to verify certificate: x509: certificate signature is wrong",
    "write /var/lib/signature: no space left on device",
    "unauthorized: authentication required",
)


@pytest.mark.parametrize(
    ("cause", "refused"), [*((each, True) for each in REFUSALS), *((each, False) for each in NO_REFUSALS)]
)
def test_only_words_about_a_signature_are_a_refusal_of_it(cause: str, refused: bool) -> None:
    """As podman and host-policy word it; a signature that could not be read proves nothing."""
    assert hints.is_about_signature(cause) is refused


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("no space left on device", "df -h"),
        ("x509: certificate has expired", "clock"),
        ("dial tcp: i/o timeout", "check the network"),
        ("open key: permission denied", "who owns"),
        ("unauthorized: authentication required", "log in"),
        ("cannot decrypt private key: wrong passphrase", "log in"),
    ],
)
def test_a_hint_of_the_caller_counts_only_where_the_cause_gives_none(cause: str, words: str) -> None:
    """A login does not help on a full disk; for a refused login the caller knows the command."""
    assert words in hints.following(cause, "check the passphrase and log in")
    assert hints.following(cause, "") == hints.after(cause)
