"""Settings that are valid and can lose a machine."""

import json
from time import process_time
from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.contract.updates import SERVICE
from tasks.model.errors import TaskError
from tasks.model.install import cautions, ignition
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import unit_of, user, warned, with_file, with_script, with_unit

CHILD = '{"ignition":{"version":"3.5.0"}}'


def test_a_config_that_is_replaced_would_lose_key_and_policy() -> None:
    """It is refused; one that merges a config from elsewhere gets a warning."""
    remote = {"source": "https://example.com/a.ign"}
    replaced = json.dumps({"ignition": {"version": "3.5.0", "config": {"replace": remote}}})
    for child in (CHILD, None):
        with pytest.raises(TaskError, match=r"take another config\n.*it fetch https://example\.com/a\.ign"):
            ignition.merged(replaced, child)
    inline = json.dumps({"ignition": {"version": "3.5.0", "config": {"replace": {"source": f"data:,{quote(CHILD)}"}}}})
    assert ignition.merged(inline, None) == inline
    with pytest.raises(TaskError, match="never switch"):
        ignition.merged(inline, CHILD)
    fetched = json.dumps({"ignition": {"version": "3.5.0", "config": {"merge": [remote]}}})
    whole = ignition.flatten(ignition.merged(fetched, CHILD))
    told = [why for _, why in cautions.cautions(Merged({}, (remote["source"],), (), ()), whole, "o")]
    assert any("neither checked nor searched" in why for why in told)


CUSTOM = {"pin": "tpm2", "config": '{"pcr_ids":"0,7"}'}
TANG = {"url": "http://a", "thumbprint": "x"}


def sss(needed: int, *tang: dict[str, str]) -> dict[str, Any]:
    pins = {"tpm2": {"pcr_ids": "7"}, "tang": list(tang)}
    return {"custom": {"pin": "sss", "config": json.dumps({"t": needed, "pins": pins})}}


@pytest.mark.parametrize(
    ("disk", "locks"),
    [
        ({"clevis": {"custom": CUSTOM}}, True), ({"clevis": {"tpm2": True}}, True),
        ({"clevis": {"tpm2": True, "threshold": 1}}, True), ({"clevis": {"tpm2": False}}, False),
        ({"clevis": {"tpm2": True, "tang": [TANG]}}, False),
        ({"clevis": {"tpm2": True, "tang": [TANG], "threshold": 2}}, True),
        ({"clevis": {"tpm2": True, "tang": [TANG, TANG], "threshold": 2}}, False),
        ({"clevis": sss(1, TANG)}, False), ({"clevis": sss(2, TANG)}, True), ({"clevis": sss(1)}, True),
        ({"clevis": {"tpm2": True}, "keyFile": {"source": "https://a/b"}}, False),
        ({"clevis": {"custom": {"pin": "tpm2", "config": "{"}}}, False), ({}, False),
    ],
)  # fmt: skip
def test_a_disk_that_only_the_tpm_opens_needs_a_recovery_key(disk: dict[str, Any], locks: bool) -> None:
    """Butane's boot_device and clevis bind to PCR 7; enough servers, or a key in a file, open it too."""
    said = [why for why in warned({"storage": {"luks": [{"name": "d", **disk}]}}) if "PCR 7" in why]
    assert len(said) == locks
    assert "recovery key" in "".join(said) or not locks


def test_a_pcr_that_no_tpm_has_is_named() -> None:
    """The first boot would stop."""
    disk = {"name": "d", "clevis": {"custom": {"pin": "tpm2", "config": '{"pcr_ids":"0,24,x"}'}}}
    said = [why for why in warned({"storage": {"luks": [disk]}}) if "a TPM has no PCR" in why]
    assert [why.partition(",")[0] for why in said] == ["a TPM has no PCR 24", "a TPM has no PCR x"]


def test_a_key_of_a_child_is_named_where_it_is_written() -> None:
    """Ignition numbers the keys of every config together."""
    users = [{"name": "core", "sshAuthorizedKeys": ["wrong"]}]
    child = quote(json.dumps({"passwd": {"users": users}}))
    whole = ignition.flatten(json.dumps({"ignition": {"config": {"merge": [{"source": f"data:,{child}"}]}}}))
    found = cautions.cautions(Merged({"passwd": {"users": users}}, (), (), ()), whole, "o")
    (place,) = [path for path, why in found if "read this key" in why]
    assert place == ("ignition", "config", "merge[0]", "passwd", "users[core]", "sshAuthorizedKeys[0]")


@pytest.mark.parametrize("kind", ["merge", "replace"])
@pytest.mark.parametrize("source", ["https://a/b.ign", "arn:aws:s3:::bucket/b.ign", "s3://bucket/b.ign", "HTTPS://a/b"])
def test_a_config_from_elsewhere_is_named_wherever_it_is(kind: str, source: str) -> None:
    """Also in a config that the config carries."""
    remote = {"source": source}
    child = json.dumps({"ignition": {"config": {kind: [remote] if kind == "merge" else remote}}})
    whole = ignition.flatten(json.dumps({"ignition": {"config": {"merge": [{"source": f"DATA:,{quote(child)}"}]}}}))
    said = [why for _, why in cautions.cautions(Merged(user(), (), (), ()), whole, "o")]
    assert f"{source} is fetched by the machine, so it was neither checked nor searched for secrets here" in said


@pytest.mark.parametrize(
    ("argument", "refuses"),
    {
        "module.sig_enforce=1": True, "module.sig_enforce": True, "module.sig_enforce=0": False,
        "module.sig_enforce=yes": True, "module.sig-enforce=on": True, "module.sig_enforce=off": False,
        "ima_policy=tcb|secure_boot": True, "ima_policy=tcb": False,
        "lockdown=confidentiality": True, "lockdown=integrity": True, "lockdown=none": False,
        "module_blacklist=nouveau,zfs": True, "module_blacklist=spl": True, "modprobe.blacklist=zfs": True,
        "modprobe.blacklist=spl": False,  # zfs loads what it needs all the same
        "rd.driver.blacklist=zfs": False,  # only in the initramfs, which needs no pool
        "modprobe.blacklist=nouveau": False,
        "systemd.mask=systemd-modules-load.service": False,  # that caution is switched_off's
        "quiet": False, "zfs.zfs_arc_max=1073741824": False,
    }.items(),
)  # fmt: skip
def test_an_argument_with_which_zfs_does_not_load_is_named(argument: str, refuses: bool) -> None:
    """The kernel would refuse modules that nobody signed, or these modules."""
    for item in (argument, f"quiet {argument}"):
        said = [why for why in warned({"kernelArguments": {"shouldExist": [item]}}) if argument in why]
        assert len(said) == refuses


@pytest.mark.parametrize(
    ("program", "words"),
    {
        "rpm-ostree rebase ostree-unverified-registry:x": "two units would do it",
        "/usr/bin/rpm-ostree --quiet rebase --reboot x": "two units would do it",
        "bootc switch ghcr.io/o/n": "two units would do it",
        "/usr/bin/rpm-ostree upgrade --reboot": "two units would do it",
        "/usr/bin/bootc upgrade --apply": "two units would do it",
        "/usr/bin/bootc upgrade --check": "", "rpm-ostree upgrade --preview": "",
        "ostree container image deploy --sysroot / --imgref x": "two units would do it",
        "rpm-ostree kargs --append=module.sig_enforce=1": "with module.sig_enforce=1 the kernel loads no OpenZFS",
        "/usr/bin/rpm-ostree install -y --allow-inactive \\\n  htop": "packages: of invoke.yaml",
        "rpm-ostree override remove nano": "packages: of invoke.yaml",
        "rpm-ostree override reset --all": "",
        "rpm-ostree uninstall a --install b": "packages: of invoke.yaml",
        "/usr/bin/rpm-ostree initramfs --arg=-I --enable --reboot": "a changed initramfs is lost",
        "rpm-ostree initramfs-etc --track=/etc/crypttab": "a changed initramfs is lost",
        "rpm-ostree initramfs --disable": "", "rpm-ostree initramfs-etc --untrack-all": "",
        "/usr/bin/rpm-ostree status": "", "bootc status": "",
        "rpm-ostree status | grep install": "",
        "rpm-ostree status --booted\npodman ps\ninstall -m 0644 a b": "",
    }.items(),
)  # fmt: skip
def test_what_the_image_does_itself_is_named(program: str, words: str) -> None:
    """In a unit, its drop-in or a script that one starts; lines do not run into each other."""
    unit = f"[Service]\nExecStart={program}\n"
    for config in (with_unit(unit), with_script(f"#!/bin/bash\n{program}\n"), stored("own.service", unit)):
        said = [why for why in warned(config) if "nobody" not in why]
        assert len(said) == bool(words)
        assert words in "".join(said)


def stored(unit: str, text: str) -> dict[str, Any]:
    return with_file(f"/etc/systemd/system/{unit}", quote(text))


@pytest.mark.parametrize(
    "config",
    [
        with_file("/etc/motd.d/10-help", quote("To take an update now: sudo bootc upgrade --apply\n")),
        with_file("/etc/profile.d/a.sh", quote("alias up='sudo bootc upgrade'\n")),
        with_file("/usr/local/bin/x", quote("#!/bin/bash\nbootc upgrade\n")),
        with_script("#!/bin/bash\nbootc upgrade\n", "/usr/local/bin/other"),
        with_script("#!/bin/bash\nbootc upgrade\n", "/usr/local/bin/x-y"),
        with_script("#!/bin/bash\nbootc upgrade\n", "/usr/bin/echo x"),
        with_script("#!/bin/bash\necho 'type: bootc upgrade'\n# bootc upgrade\n"),
        with_unit("[Unit]\nDescription=Tell whether bootc upgrade is due\n[Service]\nExecStart=/bin/true\n"),
        stored(f"{SERVICE}.d/a.conf", "[Service]\nExecStart=\nExecStart=/usr/bin/bootc upgrade --quiet\n"),
        stored(SERVICE, "[Service]\nExecStart=/usr/bin/rpm-ostree upgrade --reboot\n"),
        with_file("/usr/local/bin/x", quote("bootc upgrade\n")) | unit_of(SERVICE, "ExecStart=\nExecStart=x\n"),
    ],
)
def test_what_only_speaks_of_updates_or_is_the_image_s_own_unit_passes(config: dict[str, Any]) -> None:
    """A text that is shown, a command for people, and a change of the unit that updates."""
    assert [why for why in warned(config) if "nobody" not in why] == []


@pytest.mark.parametrize(
    "run",
    [
        "/usr/local/bin/x",
        "x --now",
        "/bin/sh -c 'sleep 1; x'",
        "-x",
        '/bin/sh -c "if x; then :; fi"',
        "/usr/bin/bash /usr/local/bin/x",
    ],
)
def test_a_script_counts_if_a_unit_starts_it(run: str) -> None:
    """Also through another script, in NetworkManager's folder, and in a user's unit."""
    text = "#!/bin/bash\nbootc upgrade\n"
    between = {"path": "/etc/mine/start", "contents": {"source": f"data:,{quote(run)}"}}
    through = with_script(text, "/bin/sh /etc/mine/start")
    through["storage"]["files"].append(between)
    dispatched = with_file("/etc/NetworkManager/dispatcher.d/9", quote(text))
    own = with_file("/var/home/core/.config/systemd/user/a.service", "ExecStart=bootc%20upgrade")
    for config in (with_script(text, run), through, dispatched, own):
        assert any("two units would do it" in why for why in warned(config))


def test_the_image_s_update_that_takes_another_image_is_named() -> None:
    """It is no longer only an update."""
    config = unit_of(SERVICE, "[Service]\nExecStart=\nExecStart=/usr/bin/bootc switch ghcr.io/o/n\n")
    assert any("two units would do it" in why for why in warned(config))


def test_zincati_is_off_in_the_image() -> None:
    """Its windows do nothing."""
    (why,) = [why for why in warned(with_file("/etc/zincati/config.d/55-updates.toml", "x")) if "zincati" in why]
    assert "docs/machine.md" in why


def test_a_tree_of_three_thousand_files_is_judged_in_seconds() -> None:
    """Every question about a path would otherwise go through all of them: that took minutes."""
    source = f"data:,{quote('key = value' * 20)}"
    files = [{"path": f"/etc/mine/{n % 50}/{n}.conf", "contents": {"source": source}} for n in range(3000)]
    start = process_time()
    assert warned(user() | {"storage": {"files": files}}) == []
    assert process_time() - start < 5
