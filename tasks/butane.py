"""Butane and Ignition: the files that install a machine."""

from invoke import Context, Exit, task

from tasks.settings.values import read_settings

_IGNITION = {"no-switch": "leave out the unit that switches the machine to your image on its first boot"}
_ADOPT = {
    "image": "the image you publish (default: ghcr.io/OWNER/NAME of the remote origin on GitHub)",
    "ssh-key": "a .pub file, or https://github.com/USER.keys (default: every ~/.ssh/*.pub)",
    "hostname": "the machine's name (default: keep it)",
    "yes": "write without asking",
}
_SITE = {
    "out": "folder to write (default: site)",
    "base-url": "the address of the published folder (default: the repository's GitHub Pages)",
    "if-ready": "if no key ships or Pages is off, say what to do and write nothing (for the workflow)",
}
_SERVE = {
    "address": "this machine's address on the LAN (default: that of its default route)",
    "port": "port to listen on (default: 8000)",
}


@task(help=_ADOPT)
def adopt(c: Context, image: str = "", ssh_key: str = "", hostname: str = "", yes: bool = False) -> None:
    """Make the repository yours: image name, SSH keys and host name; show the changes and ask."""
    from tasks.flows import adopt

    adopt.adopt(read_settings(c.config), image, ssh_key, hostname, yes=yes)


@task
def butane(c: Context) -> None:  # noqa: ARG001  (Invoke's form)
    """Translate Butane on stdin into Ignition on stdout, like butane itself."""
    from tasks.clients import butane

    raise Exit(code=butane.pass_through())


@task(help=_IGNITION)
def ignition(c: Context, no_switch: bool = False) -> None:
    """Write ignition.json from butane.yaml and what every machine needs; print its hash for coreos-installer."""
    from tasks.flows import ignition

    ignition.ignition(read_settings(c.config), switch=not no_switch)


@task(help=_IGNITION)
def generate_ignition(c: Context, no_switch: bool = False) -> None:
    """The same as ignition."""
    ignition(c, no_switch=no_switch)


@task(help=_SITE)
def site(c: Context, out: str = "site", base_url: str = "", if_ready: bool = False) -> None:
    """Write the folder for GitHub Pages: the page, the Ignition file and its hash, the public key, versions.json."""
    from tasks.flows import site

    site.site(read_settings(c.config), out, base_url, if_ready=if_ready)


@task(help=_SERVE)
def serve(c: Context, address: str = "", port: str = "8000") -> None:
    """Serve the same folder over HTTP on your network until Ctrl-C, for an install without Pages."""
    from tasks.flows import site

    site.serve(read_settings(c.config), address, port)
