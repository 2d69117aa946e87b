"""Unusual configs that work once Ignition has merged them, some of them with a warning."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.configs import IGNITION, KEY, chosen, file, merge, mount, passwd, some, storage, typed_in, unit

TAKEN = {
    "sections that are empty, and an alias": (
        "systemd:\n" + storage("files", "path: /var/a, user: &me {name: core}", "path: /var/b, user: *me"), "",
    ),
    "a child of an older version": (merge(f"inline: '{IGNITION}'"), ""),
    "a child in a child": (
        merge("inline: '{\"ignition\": {\"version\": \"3.5.0\", \"config\": {\"merge\": [{\"source\": \"data:,"
              "%7B%22ignition%22%3A%7B%22version%22%3A%223.1.0%22%7D%7D\"}]}}}'"), "",
    ),
    "a child from a URL": (merge("source: https://example.com/a.ign"), "a.ign is fetched by the machine"),
    "a child that is another config": (
        merge("inline: '{\"ignition\": {\"version\": \"3.5.0\", \"config\": {\"replace\": {\"source\": "
              "\"arn:aws:s3:::b/a.ign\"}}}}'"), "arn:aws:s3:::b/a.ign is fetched by the machine",
    ),
    "a second document that is lost": ("---\nstorage: {}\n", "line 5: a second document begins here"),
    "a user without a shell": ("passwd: {users: [{name: core, shell: /sbin/nologin}]}\n", "nobody can log in"),
    "a key in a file": (
        f"passwd: {{}}\nstorage: {{files: [{{path: /root/.ssh/authorized_keys, contents: {{inline: {KEY}}}}}]}}\n", "",
    ),
    "our own file again": (
        storage("files", "path: /etc/containers/policy.json, contents: {inline: mine}"),
        "policy.json], line 4: every machine gets the repository's own file instead",
    ),
    "our unit is disabled": (unit("enabled: false"), "service].enabled, line 4: `enabled: false` has no effect"),
    "a proxy for our unit": (
        unit("dropins: [{name: proxy.conf, contents: '[Service]\n\n  Environment=HTTPS_PROXY=http://a:3128'}]"), "",
    ),
    "updates that a link switches off": (
        storage("links", "path: /etc/systemd/system/bootc-fetch-apply-updates.timer, target: /dev/null"),
        "line 4: the machine would no longer update itself",
    ),
    "sshd lets nobody in": (
        storage("files", "path: /etc/ssh/sshd_config.d/10.conf, contents: {inline: AllowUsers alice}"),
        "line 4: sshd would let nobody in: AllowUsers does not name core",
    ),
    "a word that sshd does not know": (
        storage("files", "path: /etc/ssh/sshd_config.d/10.conf, contents: {inline: PermitRootLogn no}"),
        "line 1 of /etc/ssh/sshd_config.d/10.conf: sshd knows no keyword PermitRootLogn",
    ),
    "a rule for images from an address": (
        storage("files", "path: /etc/containers/registries.d/z.yaml, contents: {source: 'https://example.com/z'}"),
        "line 4: unchecked: whoever holds https://example.com/z decides which images the machine accepts",
    ),
    "half of a client's pair for another registry": (
        storage("files", "path: /etc/containers/certs.d/other.example/client.cert, contents: {inline: x}"), "",
    ),
    "a boot into the rescue target": (
        "kernel_arguments: {should_exist: [systemd.unit=rescue.target]}\n", "neither SSH nor the switch",
    ),
    "a text about updates": (
        storage("files", "path: /etc/motd.d/10-help, contents: {inline: sudo bootc upgrade}"), "",
    ),
    "a program in /usr/local": (storage("files", "path: /usr/local/bin/a, mode: 493, contents: {inline: a}"), ""),
    "tabs between words": (
        "storage:\t# disks\n  files:\n    - path:\t/etc/a\t# a file\n      contents:\n        local:\ttree/a\n", "",
    ),
    "a tab in a text": ("systemd: {}\nstorage:\n  files:\n    - path: /etc/a\tb\n", ""),
    "a second document": (storage("files", "path: /etc/a, contents: {inline: a}") + "---\n", ""),
    "a shipped file that is replaced": (
        storage("files", "path: /etc/hosts, overwrite: true, contents: {inline: a}"), "",
    ),
    "a mirror": (
        "boot_device: {layout: x86_64, mirror: {devices: [/dev/sda, /dev/sdb]}}\n", "root file system is created again",
    ),
    "a group that nobody makes": (
        storage("files", "path: /etc/a, group: {name: nas}"), "group.name, line 4: nobody makes the group nas",
    ),
    "a group that useradd does not find": (
        passwd("{name: core, groups: [sudo, render]}"), "groups[1], line 3: useradd does not look into /usr/lib/group",
    ),
    "a shell that is missing": (passwd("{name: core, shell: /usr/bin/zsh}"), "shell, line 3: stock Fedora CoreOS has"),
    "a pool that the first boot only wants": (
        mount("var-tank", "/var/tank", "WantedBy=multi-user.target"), "",
    ),
    "a mount through a link": (
        mount("mnt-a", "/mnt/a", "WantedBy=multi-user.target"), "name it var-mnt-a.mount, with Where=/var/mnt/a",
    ),
    "a device that nothing makes": (
        storage("filesystems", "device: /dev/mapper/data, path: /var/a, format: xfs"), "nothing makes /dev/mapper/data",
    ),
    "a root without a label": (
        storage("filesystems", "device: /dev/disk/by-partlabel/root, format: xfs, wipe_filesystem: true"),
        "line 4: the root file system has no `label: root`",
    ),
    "a mirror for another machine": (
        "boot_device: {layout: aarch64, mirror: {devices: [/dev/sda, /dev/sdb]}}\n", "mirror, line 4: this partitions",
    ),
    "a connection that others may read": (
        storage("files", "path: /etc/NetworkManager/system-connections/a.nmconnection, contents: {inline: a}"),
        "a.nmconnection], line 4: NetworkManager ignores",
    ),
    "a disk that only the TPM opens": ("boot_device: {luks: {tpm2: true}}\n", "boot_device.luks, line 4: the disk"),
    "no more updates": (
        "systemd: {units: [{name: bootc-fetch-apply-updates.timer, mask: true}]}\n", "would no longer update itself",
    ),
    "an argument that refuses modules": (
        "kernel_arguments: {should_exist: [lockdown=integrity]}\n", "should_exist[0], line 4: with lockdown",
    ),
    "a key in a tree": (
        "storage: {trees: [{local: tree, path: /etc/containers/systemd}]}\n",
        "storage.trees[/etc/containers/systemd] (tree/db.container), line 4: a secret",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def typed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder with what `inv ignition` said about each case."""
    yield from typed_in(tmp_path_factory.mktemp("merge"), chosen(request, TAKEN))


@pytest.mark.parametrize("name", some(TAKEN))
def test_what_works_is_taken(typed: Path, name: str) -> None:
    """With a warning where a machine can be lost."""
    said = (typed / f"{file(name)}.said").read_text()
    assert (typed / f"{file(name)}.status").read_text() == "0\n", said
    assert TAKEN[name][1] in said
    assert ("WARNING" in said) == bool(TAKEN[name][1])
