"""What doctor looks at; each look ends with a finding, or with the error that says what is missing."""

from collections.abc import Callable, Mapping
from os import environ, geteuid

from tasks.clients import host, identity, isolation, login, registry, signer, workspace
from tasks.clients.github import api, repo_settings
from tasks.clients.matrix import read_matrix
from tasks.flows import keys
from tasks.flows.matrix import rows
from tasks.model.doctor import Finding, Health, of_disk, of_error, of_scopes, of_tool
from tasks.model.errors import TaskError
from tasks.model.github.repo_settings import PAGES, SettingState
from tasks.model.image import PUBLIC_TAG
from tasks.model.install.adopt import other_image
from tasks.model.install.cautions import ORIGINAL_KEY, ORIGINAL_OWNER
from tasks.model.matrix.file import changed
from tasks.settings import Settings
from tools.table import Tool, read_tools

Look = Callable[[], Finding]


def looks(settings: Settings) -> Mapping[str, Look]:
    """Everything that is looked at, by name, in the order in which it is shown."""
    tools: dict[str, Look] = {
        tool.name: lambda tool=tool: _tool(tool)  # type: ignore[misc]  # each with its own tool
        for tool in read_tools()
        if tool.command
    }
    return {
        **tools,
        "root": _root,
        "isolation": _isolation,
        "disk, images": lambda: of_disk("disk, images", host.free(host.storage())),
        "disk, cache": lambda: of_disk("disk, cache", host.free(workspace.cache())),
        "key and policy": lambda: _keys(settings),
        "private key": _private_key,
        "image": lambda: _image(settings),
        "butane.yaml": lambda: _butane(settings),
        "matrix": _matrix,
        "GitHub login": lambda: of_scopes(*api.who()),
        "registry": lambda: _registry(settings),
        "Pages": lambda: _pages(settings),
    }


def _tool(tool: Tool) -> Finding:
    """A tool: its version, and whether it does what its proof tries."""
    found = host.version(tool)
    status, fault = tool.tried() if found else (0, "")
    why = "tried: it signs an image, verifies it, and runs a container" if tool.proof and found else tool.why
    return of_tool(tool.name, why, found, tool.recipes, fault if status else "")


def _root() -> Finding:
    if geteuid() == 0:
        return Finding("root", Health.OK, "the lab can be opened")
    return Finding("root", Health.WARNING, "you are not root; only the lab needs that", "sudo ./inv rehearse")


def _isolation() -> Finding:
    """How a build keeps its steps apart from this machine; podman itself is another look."""
    if own := environ.get("BUILDAH_ISOLATION"):
        return Finding("isolation", Health.OK, f"not tried: BUILDAH_ISOLATION says {own}")
    chosen, why = isolation.choose()
    if chosen:
        told = f"a build's steps run in a chroot, with this machine's network: {why}"
        return Finding("isolation", Health.WARNING, told, "sudo apt-get install passt nftables iptables")
    return Finding("isolation", Health.OK, "tried: a build's steps run in a container of their own")


def _keys(settings: Settings) -> Finding:
    name = "key and policy"
    try:
        keys.check(settings)
    except TaskError as error:
        return of_error(name, Health.FAILED, error)
    shipped = workspace.host_files()
    if not shipped.has_key:
        return Finding(name, Health.WARNING, "none ship: images are built and not published", "./inv keygen")
    return Finding(name, Health.OK, f"{', '.join(shipped.keys)} ship, with a policy for {settings.image}")


def _private_key() -> Finding:
    """The private key, and whether hosts know its public half."""
    name, file = "private key", signer.default_key()
    if environ.get("SIGNING_KEY"):
        return Finding(name, Health.OK, "SIGNING_KEY is set")
    if not file.exists():
        return Finding(name, Health.WARNING, f"{file} is not there: this machine cannot publish", "./inv keygen")
    beside, shipped = file.with_suffix(".pub"), workspace.host_files()
    if not beside.exists() or beside.read_bytes() not in [shipped.files[path] for path in shipped.keys]:
        told = f"overlay-root does not ship the public half of {file}: no host would take what it signs"
        return Finding(name, Health.FAILED, told, "./inv keygen --rotate, or take the key that belongs to overlay-root")
    if file.stat().st_mode & 0o077:
        return Finding(name, Health.FAILED, f"{file} can be read by others", f"chmod 600 {file}")
    return Finding(name, Health.OK, f"{file} belongs to what ships")


def _image(settings: Settings) -> Finding:
    """Whether invoke.yaml names what the workflows publish."""
    if theirs := other_image(settings.image, identity.origin()):
        told = f"invoke.yaml names {settings.image}, and the workflows of this repository publish {theirs}"
        return Finding("image", Health.FAILED, told, "./inv adopt, then ./inv keygen --policy where a key ships")
    return Finding("image", Health.OK, settings.image)


def _butane(settings: Settings) -> Finding:
    """Whose key opens the machine."""
    name, text = "butane.yaml", workspace.read_text(workspace.ROOT / "butane.yaml")
    if ORIGINAL_KEY in text and settings.owner != ORIGINAL_OWNER:
        return Finding(
            name, Health.FAILED, f"{ORIGINAL_OWNER} could log in to your machine, and you not", "./inv adopt"
        )
    if "ssh_authorized_keys" not in text:
        return Finding(name, Health.WARNING, "it has no SSH key", "./inv adopt")
    return Finding(name, Health.OK, "it has an SSH key")


def _matrix() -> Finding:
    known = read_matrix().ranges
    found, faults = rows(known, every=False)
    behind = changed(found, known)
    if behind:
        told = f"it lacks {', '.join(f'OpenZFS {row.zfs}' for row in behind)}"
        return Finding("matrix", Health.WARNING, told, "./inv sync-matrix")
    if faults:
        return Finding("matrix", Health.WARNING, "; ".join(faults), "try again in a few minutes")
    return Finding("matrix", Health.OK, f"knows all of OpenZFS's releases, the newest {max(known)}")


def _registry(settings: Settings) -> Finding:
    """Whether the registry answers, takes the login, and lets it push."""
    if login.file_for(settings.host) is None:
        try:
            there = f"stable is {registry.digest(settings.image, PUBLIC_TAG) or 'not there'}"
        except registry.HiddenError as error:
            there = f"{error.what}: {error.why}"
        told = f"{settings.host} answers; {there}; there is no login: nothing can be published"
        fix = f"podman login --authfile ~/.docker/config.json {settings.host}"
        return Finding("registry", Health.WARNING, told, fix)
    pushed = [settings.image, *([settings.own_kmods] if settings.build_kmods_after_days is not None else [])]
    for name in pushed:
        registry.require_push(name)
    return Finding("registry", Health.OK, f"{settings.host} takes the login, which may push {' and '.join(pushed)}")


def _pages(settings: Settings) -> Finding:
    admin = repo_settings.is_admin(settings.repository)
    found = PAGES.standing(*repo_settings.read(settings.repository, PAGES), admin=admin)
    if found.state is SettingState.OK:
        return Finding("Pages", Health.OK, "a workflow deploys them")
    return Finding("Pages", Health.WARNING, f"they come from {found.actual or '?'}", "./inv repo-settings --apply")
