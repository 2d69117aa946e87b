"""Certificates with which a host could not pull; containers/image's tlsclientconfig.go is the source."""

import pytest

from tasks.model.certificates import certificate_faults

IMAGE = "ghcr.io/owner/custom-coreos"
D, DOCKER = "etc/containers/certs.d/ghcr.io", "etc/docker/certs.d/ghcr.io"
CERT, KEY = b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN EC PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({f"{D}/client.cert": CERT}, "client.cert needs /etc/containers/certs.d/ghcr.io/client.key beside it"),
        ({f"{D}/client.key": KEY}, "client.key needs /etc/containers/certs.d/ghcr.io/client.cert beside it"),
        ({f"{D}/a.cert": CERT, f"{D}/a.key": KEY, f"{D}/b.key": KEY}, "b.key needs"),
        ({f"{D}/a.cert": b"", f"{D}/a.key": KEY}, "a.cert holds no certificate"),
        ({f"{D}/a.cert": CERT, f"{D}/a.key": CERT}, "a.key holds no private key without a passphrase"),
        ({f"{D}/a.cert": CERT, f"{D}/a.key": b"-----BEGIN ENCRYPTED PRIVATE KEY-----"}, "a.key holds no private key"),
        ({f"{DOCKER}/a.cert": CERT}, "a.cert needs /etc/docker/certs.d/ghcr.io/a.key beside it"),
    ],
)  # fmt: skip
def test_half_a_pair_stops_every_pull(files: dict[str, bytes], said: str) -> None:
    """Each is one fault."""
    (fault,) = certificate_faults(files, IMAGE)
    assert said in fault
    assert fault.endswith("no host can pull from the registry")


@pytest.mark.parametrize(
    "files",
    [
        {}, {f"{D}/a.cert": CERT, f"{D}/a.key": KEY}, {f"{D}/ca.crt": CERT}, {f"{D}/ca.crt": b"no certificate"},
        {f"{D}/README": b""}, {"etc/containers/certs.d/other.example/a.cert": CERT},
        {"etc/containers/certs.d/ghcr.io:5000/a.key": KEY}, {f"{DOCKER}/a.cert": CERT, f"{D}/ca.crt": CERT},
    ],
)  # fmt: skip
def test_whole_pairs_and_other_registries_pass(files: dict[str, bytes]) -> None:
    """Hosts ignore a .crt file without a certificate, and the second folder if the first has the registry."""
    assert certificate_faults(files, IMAGE) == []
