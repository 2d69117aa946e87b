"""Adoption: make the repository yours."""

from difflib import unified_diff
from pathlib import Path

from tasks.clients import identity, shell, workspace
from tasks.console import agreed, answer, say, warn
from tasks.model.install.adopt import (
    BUTANE,
    INVOKE,
    image_of,
    other_image,
    owner_of,
    require_hostname,
    staying,
    with_image,
    with_machine,
)
from tasks.settings.invoke_yaml import SECTION
from tasks.settings.values import Settings, require_image


def adopt(settings: "Settings", image: str, ssh_key: str, hostname: str, *, yes: bool) -> None:
    """Write the image, SSH keys and host name to butane.yaml and invoke.yaml, after the user confirms the diff."""
    origin = identity.origin()
    image = image or image_of(origin) or settings.image
    require_image(image)
    if not image_of(origin):
        say(f"origin is not a GitHub repository, so the image is {image}; to use another: --image ghcr.io/OWNER/NAME")
    elif theirs := other_image(image, origin):
        warn(f"the workflows of this repository publish {theirs} and ignore the image in invoke.yaml")
    keys = identity.ssh_keys(ssh_key)
    if hostname:
        require_hostname(hostname)
    if not keys:
        say("there is no ~/.ssh/*.pub, so butane.yaml keeps its keys; to use another: --ssh-key FILE")
    butane, invoke = (workspace.ROOT / name for name in (BUTANE, INVOKE))
    before = {path: workspace.read_text(path, newline="") for path in (butane, invoke)}
    after = {
        butane: with_machine(before[butane], keys, hostname),
        invoke: with_image(before[invoke], SECTION, image),
    }
    changed = {path: text for path, text in after.items() if text != before[path]}
    _show(before, changed)
    for sentence in staying(after[butane], keys, owner_of(image, origin)):
        warn(f"{BUTANE}: {sentence}")
    if shell.Mode.dry:
        say("nothing is written: -R only shows what would be done")
    elif changed and agreed("write this?", yes=yes):
        for path, text in changed.items():
            workspace.write_whole(path, text)
        _say_next()


def _show(before: dict[Path, str], changed: dict[Path, str]) -> None:
    """Print the diff of each changed file, or report that there is nothing to change."""
    for path, text in changed.items():
        lines = unified_diff(before[path].splitlines(), text.splitlines(), path.name, path.name, lineterm="")
        answer("\n".join(lines))
    if not changed:
        answer("nothing to change")


def _say_next() -> None:
    policy = " --policy" if workspace.host_files().has_key else ""
    say(f"written; next: git diff, then ./inv keygen{policy}, commit both, and ./inv ignition")
