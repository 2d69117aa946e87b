"""The checks of doctor; each returns a finding, or raises an error that says what is missing."""

from collections.abc import Callable, Mapping, Sequence
from os import environ, geteuid

from tasks.clients import host, identity, isolation, key_pairs, login, registry, workspace
from tasks.clients.github import api, repo_settings
from tasks.clients.matrix import read_matrix
from tasks.flows import keys
from tasks.flows.matrix import combined, rows
from tasks.model.doctor import Finding, Health, of_disk, of_error, of_scopes, of_tool
from tasks.model.errors import TaskError
from tasks.model.github.repo_settings import PAGES, SettingState
from tasks.model.image import PUBLIC_TAG
from tasks.model.install.adopt import authorized, other_image
from tasks.model.install.login.logins import ORIGINAL_OWNER, is_foreign
from tasks.model.signing import HostFiles
from tasks.model.solver.matrix import changed
from tasks.settings.values import Settings
from tools.table import Tool, read_tools

Look = Callable[[], Finding]


def looks(settings: Settings) -> Mapping[str, Look]:
    """Every check by name, in the order in which the findings are shown."""
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
    """Find a tool's version, and whether it passes its proof."""
    version = host.version(tool)
    status, fault = tool.tried() if version else (0, "")
    why = "tried: it signs an image, verifies it, and runs a container" if tool.proof and version else tool.why
    return of_tool(tool.name, why, version, tool.recipes, fault if status else "")


def _root() -> Finding:
    if geteuid() == 0:
        return Finding("root", Health.OK, "the lab can be opened")
    return Finding("root", Health.WARNING, "you are not root; only the lab needs that", "sudo ./inv rehearse")


def _isolation() -> Finding:
    """How a build isolates its steps from this machine; another check tries podman itself."""
    if own := environ.get("BUILDAH_ISOLATION"):
        return Finding("isolation", Health.OK, f"not tried: BUILDAH_ISOLATION is set to {own}")
    chosen, why = isolation.choose()
    if chosen:
        message = f"build steps run in a chroot and use this machine's network: {why}"
        return Finding("isolation", Health.WARNING, message, "sudo apt-get install passt nftables iptables")
    return Finding("isolation", Health.OK, "tried: build steps run in their own container")


def _keys(settings: Settings) -> Finding:
    name = "key and policy"
    try:
        keys.check(settings)
    except TaskError as error:
        return of_error(name, Health.FAILED, error)
    shipped = workspace.host_files()
    if not shipped.has_key:
        return Finding(name, Health.WARNING, "no key ships: images can be built, but not published", "./inv keygen")
    if not shipped.backups:
        message = "no backup key ships: if the signing key is lost, no machine can be updated"
        return Finding(name, Health.WARNING, message, "./inv keygen --backup, in a terminal")
    return Finding(name, Health.OK, f"{', '.join(shipped.keys)} ship, with a policy for {settings.image}")


def _private_key() -> Finding:
    """Check the private key that publish would take, and whether hosts know its public half."""
    name, shipped = "private key", workspace.host_files()
    if given := environ.get("SIGNING_KEY"):
        return _given_key(name, given, shipped)
    found = key_pairs.found(shipped, key_pairs.passphrase())
    if not found:
        fix = "copy it there; if it is lost: docs/security.md" if shipped.has_key else "./inv keygen"
        message = f"{key_pairs.default_key()} does not exist: this machine cannot publish"
        return Finding(name, Health.WARNING, message, fix)
    names = ", ".join(str(key.file) for key in found)
    if not shipped.has_key:
        fix = "./inv keygen --key FILE makes another pair, or move this one away first"
        return Finding(name, Health.WARNING, f"{names} exists, and no public key ships", fix)
    return _found_key(name, found, names)


def _found_key(name: str, found: Sequence[key_pairs.Found], names: str) -> Finding:
    """Check the private keys on this machine; the first one signs."""
    first = found[0]
    if not first.shipped:
        if unknown := next((key.unknown for key in found if key.unknown), ""):
            return Finding(name, Health.WARNING, unknown, key_pairs.PASSPHRASE)
        message = f"overlay-root does not ship the public half of {names}: hosts would refuse what it signs"
        fix = "./inv keygen --rotate, or copy the private half of a key that ships there"
        return Finding(name, Health.FAILED, message, fix)
    if first.file.stat().st_mode & 0o077:
        return Finding(name, Health.FAILED, f"other users can read {first.file}", f"chmod 600 {first.file}")
    return Finding(name, Health.OK, f"{first.file} belongs to {first.shipped}, which ships")


def _given_key(name: str, pem: str, shipped: HostFiles) -> Finding:
    """Check the key in SIGNING_KEY, if any key ships."""
    try:
        if shipped.has_key:
            key_pairs.require_known(key_pairs.Key(pem, key_pairs.passphrase()), shipped, "SIGNING_KEY")
    except TaskError as error:
        return of_error(name, Health.FAILED, error)
    known = " and belongs to a key that ships" if shipped.has_key else ""
    return Finding(name, Health.OK, f"SIGNING_KEY is set{known}")


def _image(settings: Settings) -> Finding:
    """Check that invoke.yaml names the image that the workflows publish."""
    if theirs := other_image(settings.image, identity.origin()):
        message = f"invoke.yaml names {settings.image}, but the workflows of this repository publish {theirs}"
        stays = "machines that follow the old name get no update until each is switched (docs/troubleshooting.md)"
        fix = "./inv adopt, then ./inv keygen --policy if a key ships"
        return Finding("image", Health.FAILED, f"{message}; {stays}", fix)
    return Finding("image", Health.OK, settings.image)


def _butane(settings: Settings) -> Finding:
    """Check whose SSH key can log in to the machine."""
    name, text = "butane.yaml", workspace.read_text(workspace.ROOT / "butane.yaml")
    keys = [key for _, key in authorized(text)]
    if any(is_foreign(key, identity.owner(settings.image)) for key in keys):
        return Finding(
            name, Health.FAILED, f"{ORIGINAL_OWNER} could log in to your machine, but you could not", "./inv adopt"
        )
    if not (keys or authorized(text, "ssh_authorized_keys_local")):
        return Finding(name, Health.WARNING, "it has no SSH key", "./inv adopt")
    return Finding(name, Health.OK, "it has an SSH key")


def _matrix() -> Finding:
    known = read_matrix().ranges
    latest, faults = rows(known, every=False)
    behind = changed(latest, known)
    if behind:
        message = f"it lacks {', '.join(f'OpenZFS {row.zfs}' for row in behind)}"
        return Finding("matrix", Health.WARNING, message, "./inv sync-matrix")
    if faults:
        return of_error("matrix", Health.WARNING, combined(faults))
    return Finding("matrix", Health.OK, f"it has every OpenZFS release up to {max(known)}")


def _registry(settings: Settings) -> Finding:
    """Check that the registry answers, accepts the login, and lets it push."""
    if login.file_for(settings.host) is None:
        try:
            stable = f"stable is {registry.digest(settings.image, PUBLIC_TAG) or 'missing'}"
        except registry.HiddenError as error:
            stable = f"{error.what}: {error.why}"
        message = f"{settings.host} answers; {stable}; nothing can be published without a login"
        fix = f"podman login --authfile ~/.docker/config.json {settings.host}"
        return Finding("registry", Health.WARNING, message, fix)
    pushed = [settings.image, *([settings.own_kmods] if settings.build_kmods_after_days is not None else [])]
    for name in pushed:
        registry.require_push(name)
    return Finding("registry", Health.OK, f"{settings.host} accepts the login, which may push {' and '.join(pushed)}")


def _pages(settings: Settings) -> Finding:
    admin = repo_settings.is_admin(settings.repository)
    pages = PAGES.standing(*repo_settings.read(settings.repository, PAGES), admin=admin)
    if pages.state is SettingState.OK:
        return Finding("Pages", Health.OK, "a workflow deploys them")
    return Finding("Pages", Health.WARNING, f"they come from {pages.actual or '?'}", "./inv repo-settings --apply")
