"""The certificates with which a host speaks to a registry: containers-certs.d(5).

containers/image refuses every pull from a registry if a client's certificate or key has no other half, or cannot be
read. It ignores a `.crt` file that holds no certificate.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

CERTIFICATES = ("etc/containers/certs.d/", "etc/docker/certs.d/")  # a host reads the first that has the registry
_OTHER = {".cert": ".key", ".key": ".cert"}


def certificate_faults(files: Mapping[str, bytes], image: str) -> list[str]:
    """Why a host with these files (path without a leading slash → content) could not pull an image's registry."""
    folders = (f"{folder}{image.partition('/')[0]}/" for folder in CERTIFICATES)
    read = next(filter(None, (_in(files, folder) for folder in folders)), {})
    return [fault for path in sorted(read) for fault in _faults(read, path)]


def _in(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if path.startswith(folder)}


def _faults(read: Mapping[str, bytes], path: str) -> Iterator[str]:
    suffix = PurePosixPath(path).suffix
    other = f"{path.removesuffix(suffix)}{_OTHER.get(suffix, '')}"
    if suffix in _OTHER and other not in read:
        yield f"/{path} needs /{other} beside it, or no host can pull from the registry"
    if suffix == ".cert" and b"-----BEGIN CERTIFICATE-----" not in read[path]:
        yield f"/{path} holds no certificate, so no host can pull from the registry"
    if suffix == ".key" and (b"PRIVATE KEY-----" not in read[path] or b"ENCRYPTED" in read[path]):
        yield f"/{path} holds no private key without a passphrase, so no host can pull from the registry"
