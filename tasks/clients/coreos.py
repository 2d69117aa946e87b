"""Documents about the builds of Fedora CoreOS, from its builds host."""

from tasks.clients import http

_HOST = "https://builds.coreos.fedoraproject.org"


def commitmeta(stream: str, version: str, arch: str) -> tuple[object, str]:
    """A build's commitmeta.json (about 85 kB), or None if the build has none, and its address."""
    url = f"{_HOST}/prod/streams/{stream}/builds/{version}/{arch}/commitmeta.json"
    return http.get_json(url, what=f"the package list of Fedora CoreOS {version} could not be read"), url


def releases(stream: str) -> tuple[object, str]:
    """A stream's releases.json (every release, oldest first), or None if it has none, and its address."""
    url = f"{_HOST}/prod/streams/{stream}/releases.json"
    return http.get_json(url, what=f"the older releases of Fedora CoreOS {stream} could not be read"), url
