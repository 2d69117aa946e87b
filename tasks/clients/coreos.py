"""Fedora CoreOS's builds host: the documents beside each published build."""

from tasks.clients import http

_HOST = "https://builds.coreos.fedoraproject.org"


def commitmeta(stream: str, version: str, arch: str) -> tuple[object, str]:
    """A build's commitmeta.json (about 85 kB) and its address; None in its place where the build has none."""
    url = f"{_HOST}/prod/streams/{stream}/builds/{version}/{arch}/commitmeta.json"
    return http.get_json(url, what=f"the package list of Fedora CoreOS {version} could not be read"), url


def releases(stream: str) -> tuple[object, str]:
    """A stream's releases.json (every release, oldest first) and its address; None in its place where there is none."""
    url = f"{_HOST}/prod/streams/{stream}/releases.json"
    return http.get_json(url, what=f"the older releases of Fedora CoreOS {stream} could not be read"), url
