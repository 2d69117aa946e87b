"""What is valid piece by piece, and stops or exposes a machine once Ignition has merged it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.configs import (
    CHILD,
    HOLE,
    IGNITION,
    KEY,
    chosen,
    file,
    merge,
    mount,
    passwd,
    some,
    storage,
    typed_in,
    unit,
)

REFUSED = {  # the text after HEAD, and what is said
    "a Butane child": (merge("local: partials/users.yaml"), "merge[0], line 4: it is no Ignition config"),
    "an empty child": (merge("local: partials/empty"), "ignition.config.merge[0], line 4: not a config (empty)"),
    "a list as a child": (
        merge("inline: '[]'"), "merge[0].inline, line 4: it is no Ignition config, which is a JSON object",
    ),
    "a child with a number for a text": (
        merge('inline: \'{"ignition": {"version": "3.5.0"}, "passwd": {"users": [{"name": 7}]}}\''),
        "merge[0].inline, line 4: passwd.users.name must be a text, and is a number: json: ",
    ),
    "a child that is cut off": (merge(f"inline: '{IGNITION[:-1]}'"), "ignition.config.merge[0].inline, line 4: "),
    "a child that is wrong, and wrong beside it": (
        passwd("{name: core, groups: wheel}") + storage("files", "path: etc/a") + CHILD, "groups, line 3: it must be",
    ),
    "a child that is wrong in its second line": (
        CHILD, "merge[0].inline, line 9: path not absolute (storage.files.0.path, line 2 of that config)",
    ),
    "a mistake beside a child that is wrong": (
        storage("files", "path: etc/a") + CHILD, "files[etc/a].path, line 4: path not absolute: it must begin with /; ",
    ),
    "another system": ("", "variant, line 1: flatcar is another system, and this is Fedora CoreOS"),
    "a pipe": (storage("files", "path: /etc/a, contents: {local: pipe}"), "pipe is a device, a socket or a pipe"),
    "a child of an unknown version": (merge("inline: '{\"ignition\": {\"version\": \"9.0.0\"}}'"), "merge[0], line 4"),
    "a wrong hash": (merge(f"inline: '{IGNITION}', verification: {{hash: sha256-{'0' * 64}}}"), "verification.hash"),
    "a link over our folder": (storage("links", "path: /etc/containers, target: /var/x"), "file path includes link"),
    "a link over the keys": (storage("links", "path: /etc/pki, target: /var/pki"), "file path includes link"),
    "a file over our folder": (storage("files", "path: /etc/containers"), "files[/etc/containers], line 4: /etc/cont"),
    "a directory at a file": (
        storage("directories", "path: /etc/a").replace("}]}", "}], files: [{path: /etc/a}]}"), "duplicate entry",
    ),
    "a file at our unit": (
        storage("files", "path: /etc/systemd/system/custom-coreos-switch.service"), "path conflicts with systemd",
    ),
    "a directory at our drop-in": (
        storage("directories", "path: /etc/systemd/system/custom-coreos-switch.service.d/image.conf"),
        "path conflicts with systemd",
    ),
    "an append to the policy": (
        storage("files", "path: /etc/containers/policy.json, append: [{inline: '# x'}]"), "policy.json], line 4: this",
    ),
    "an append to a key": (
        storage("files", "path: /etc/pki/cosign/cosign.pub, append: [{inline: x}]"), "cosign.pub], line 4: this",
    ),
    "our policy for somebody else": (
        storage("files", "path: /etc/containers/policy.json, user: {name: core}"), "to another user",
    ),
    "the unit is masked": (unit("mask: true"), "would never switch"),
    "the unit gets another image": (
        unit("dropins: [{name: zz.conf, contents: '[Service]\n\n  Environment=IMAGE=quay.io/a/b:c'}]"),
        "or to another image",
    ),
    "a link among ours": (
        storage("links", "path: /etc/containers/registries.d/zz.yaml, target: /etc/zz.yaml"), "line 4: the keys",
    ),
    "a link at root's own": (storage("links", "path: /root/.config/containers, target: /etc/x"), "line 4: the keys"),
    "a mount over ours": (
        storage("filesystems", "device: /dev/disk/by-label/a, path: /etc, format: xfs, with_mount_unit: true"),
        "the keys",
    ),
    "an own policy for root": (
        storage("files", f"path: /root/.config/containers/policy.json, contents: {{inline: '{HOLE}'}}"),
        "would take the place of /etc/containers for root",
    ),
    "signatures are not looked for": (
        storage(
            "files",
            "path: /etc/containers/registries.d/z.yaml, contents: {inline: 'docker:"
            " {\"ghcr.io/samhclark/custom-coreos:stable\": {use-sigstore-attachments: false}}'}",
        ),
        "is refused with a signature",
    ),
    "a registry that is blocked": (
        storage(
            "files",
            "path: /etc/containers/registries.conf.d/9.conf, contents: {inline:"
            " \"[[registry]]\\nlocation = 'ghcr.io/samhclark'\\nblocked = true\\n\"}",
        ),
        "files[/etc/containers/registries.conf.d/9.conf], line 4: ghcr.io/",
    ),
    "keys that others may write": (
        storage("directories", "path: /etc/pki/cosign, user: {name: core}"), "line 4: whoever may write here decides",
    ),
    "half of a client's pair for our registry": (
        storage("files", "path: /etc/containers/certs.d/ghcr.io/client.cert, contents: {inline: x}"),
        "client.cert needs /etc/containers/certs.d/ghcr.io/client.key beside it",
    ),
    "a directory in /": (storage("directories", "path: /backups"), "directories[/backups], line 4: nothing can be"),
    "a file below a new directory in /": (storage("files", "path: /data/a/b"), "nothing can be made in /"),
    "a file in /usr": (storage("files", "path: /usr/share/a.conf, contents: {inline: a}"), "/usr is read-only"),
    "a program in /bin": (storage("files", "path: /bin/a, contents: {inline: a}"), "/usr is read-only"),
    "a file that is shipped": (
        storage("files", "path: /etc/hosts, contents: {inline: a}"), "files[/etc/hosts], line 4: Fedora CoreOS ships",
    ),
    "a file that is lost": (storage("files", "path: /run/a, contents: {inline: a}"), "/run holds nothing that stays"),
    "a mount point in /": (
        storage("filesystems", "device: /dev/sdb, path: /data, format: xfs"),
        "filesystems[/dev/sdb].path, line 4: nothing can be made in /",
    ),
    "a boot disk that is wiped": (
        storage("disks", "device: /dev/disk/by-id/coreos-boot-disk, wipe_table: true"), "line 4: this erases",
    ),
    "a user without a name": (
        passwd(f"{{name: core}}, {{ssh_authorized_keys: [{KEY}]}}"), "users[1], line 3: this entry has no name",
    ),
    "a user with core's uid": (passwd("{name: ann, uid: 1000}"), "users[ann].uid, line 3: uid 1000 is core's"),
    "a user and a group of one name": (
        passwd("{name: media, system: true}", "{name: media}"), "users[media], line 3: the group media is made before",
    ),
    "an encrypted root that is not wiped": (
        storage("luks", "name: root, device: /dev/disk/by-partlabel/root, clevis: {tpm2: true}"),
        "luks[root], line 4: Ignition stops at the file system",
    ),
    "an encrypted root without a file system": (
        storage("luks", "name: root, device: /dev/disk/by-partlabel/root, wipe_volume: true, clevis: {tpm2: true}"),
        "give /dev/mapper/root a file system with `label: root` and `wipe_filesystem: true`",
    ),
    "a root that gets another size": (
        storage(
            "disks",
            "device: /dev/disk/by-id/coreos-boot-disk, partitions: [{number: 4, label: root, size_mib: 16384}]",
        ),
        "partitions[0], line 4: Ignition stops, because the partition has another size",
    ),
    "a pool that the first boot requires": (
        mount("var-tank", "/var/tank", "RequiredBy=local-fs.target"), "units[var-tank.mount], line 4: the first boot",
    ),
    "a pool in fstab": (
        storage("files", "path: /etc/fstab, contents: {inline: tank/a /var/a zfs defaults 0 0}"), "add `nofail` to its",
    ),
    "a file system through a link": (
        storage("filesystems", "device: /dev/sdb, path: /srv/a, format: xfs"), "path, line 4: Ignition mounts nothing",
    ),
    "a content with another hash": (
        storage("files", f"path: /etc/a, contents: {{inline: a, verification: {{hash: sha256-{'0' * 64}}}}}"),
        "verification.hash, line 4: the first boot stops, because the content has another hash, sha256-ca978112",
    ),
    "a content that is no gzip": (
        storage("files", "path: /etc/a, contents: {source: 'data:,a', compression: gzip}"), "not gzip",
    ),
    "another config instead": (
        "ignition: {config: {replace: {source: https://example.com/a.ign}}}\n", "fetch https://example.com/a.ign",
    ),
    "a template": ("storage: {files: [{path: /etc/hostname, contents: {inline: {{ hostname }}}}]}\n", "line 4"),
    "a tab": ("storage:\n\tfiles: []\n", "line"),
    "a file from elsewhere, with a number as its name": (
        storage("files", "path: /etc/a, contents: {local: 42}"), "local: 42 is not a text",
    ),
    "a file, and a tab in a text": (
        "x: a\tb\n" + storage("files", "path: /etc/a, contents: {local: out}"), "line 4: found character",
    ),
    "a key twice": ("storage: {}\nstorage: {}\n", 'line 5: mapping key "storage" already defined at line 4'),
    "a file from elsewhere": (storage("files", "path: /etc/a, contents: {local: out}"), "outside of"),
    "a file from elsewhere and a second document": (
        storage("files", "path: /etc/a, contents: {local: out}") + "---\n", "outside of",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def typed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder with what `inv ignition` said about each case."""
    yield from typed_in(tmp_path_factory.mktemp("merge"), chosen(request, REFUSED))


@pytest.mark.parametrize("name", some(REFUSED))
def test_what_stops_or_exposes_a_machine_is_refused(typed: Path, name: str) -> None:
    """Three lines name the place, and nothing is written."""
    said = (typed / f"{file(name)}.said").read_text()
    assert (typed / f"{file(name)}.status").read_text() == "1\n", said
    what, why, following = said.splitlines()[-3:]
    assert REFUSED[name][1] in why, said
    assert "butane.yaml" in what
    assert following.startswith("  next: ")
    assert "root:" not in said


@pytest.mark.parametrize(
    ("name", "words"), [("the unit is masked", "undoes what a machine needs"), ("a file in /usr", "could not boot")]
)
def test_only_what_stops_the_boot_is_said_to_do_so(typed: Path, name: str, words: str) -> None:
    """A machine boots without our switch."""
    assert words in (typed / f"{file(name)}.said").read_text()
