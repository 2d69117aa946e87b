"""What undoes our part of the config without changing it; tests/lab/test_merge.py types some of it."""

from typing import Any

import pytest

from tasks.model.install.firstboot import UNIT
from tasks.model.install.guarded import guarded
from tasks.model.install.merged import Merged

SYSTEM = "/etc/systemd/system"
OURS: dict[str, Any] = {"storage": {"files": []}, "systemd": {"units": [{"name": UNIT}]}}
ENABLED = {"name": UNIT, "enabled": True}  # Ignition writes 20-ignition.preset for it


def places(config: dict[str, Any], ours: dict[str, Any] = OURS) -> list[str]:
    """Return the last part of the place of each finding."""
    return [each.path[-1] for each in guarded(Merged(config, (), (), ()), ours)]


def storage(kind: str, path: str, **more: object) -> dict[str, Any]:
    return {"storage": {kind: [{"path": path, "device": "/dev/x", **more}]}}


def file(path: str, text: str = "") -> dict[str, Any]:
    return storage("files", path, contents={"source": f"data:,{text}"})


@pytest.mark.parametrize(
    "path",
    [
        "/etc/containers/registries.d/zz.yaml", "/etc/containers/registries.d", "/etc/containers/policy.json",
        "/etc/containers", "/etc/pki", "/etc/pki/cosign/x.pub", "/root/.config/containers", "/root/.config", "/root",
        "/root/.config/containers/policy.json", "/var/roothome/.config", "/etc/systemd", "/etc/systemd/system",
        f"/etc/systemd/system/{UNIT}.d", "/var/lib/custom-coreos-switch/done", "/etc/containers/./registries.d",
        "/etc/containers/registries.conf", "/etc/containers/registries.conf.d/x.conf",
    ],
)  # fmt: skip
def test_a_link_over_above_or_below_ours_is_refused(path: str) -> None:
    """It leads to files that nobody has checked."""
    assert places(storage("links", path, target="/etc/mine")) == [f"links[{path}]"]


@pytest.mark.parametrize(
    "config",
    [
        storage("links", "/etc/containers/storage.conf", target="/etc/mine"),
        storage("links", "/root/.config/containers/containers.conf", target="/etc/mine"),
        storage("files", "/root/.config/containers/storage.conf", mode=0o664),
        {"kernelArguments": {"shouldExist": [f"rd.systemd.mask={UNIT}"]}},
        file(f"{SYSTEM}/service.d/a.conf", "ExecStart=%0A[Service]%0ANice=5%0A# User=core%0A"),
        storage("links", "/etc/localtime", target="../usr/share/zoneinfo/Europe/Berlin"),
        storage("links", "/etc/systemd/system/multi-user.target.wants/a.service", target="/x"),
        storage("directories", "/etc/containers"), storage("directories", "/etc/mine", overwrite=True),
        file("/etc/fstab", "/var/a /var/etc none bind 0 0%0A# /var/x /etc none bind%0A/dev/sdb1 / xfs defaults%0A"),
        file("/etc/systemd/system/var-mnt-tank.mount", "[Mount]%0A"), file("/etc/systemd/system/etc-mine.mount", "x"),
        file("/etc/systemd/system/custom-.service.d/a.conf", "[Service]%0AEnvironment=HTTPS_PROXY=http://a%0A"),
        storage("filesystems", "/var"), storage("filesystems", "/var/lib/containers"), storage("filesystems", ""),
        file("/etc/systemd/system/service.d/slice.conf", "[Service]%0ASlice=a.slice%0A"),
        file("/etc/systemd/system/service.d/proxy.conf", "[Service]%0AEnvironment=HTTPS_PROXY=http://a%0A"),
        file("/etc/systemd/system.control/other.service.d/a.conf"),
        file(f"/etc/systemd/system/{UNIT}.d/a.conf", "[Service]%0AEnvironment=HTTPS_PROXY=http://a%0A"),
        file("/etc/systemd/system-preset/00-a.preset", "disable debug-shell.service%0A"),
        file("/etc/systemd/system-preset/90-a.preset", "disable *%0A") | {"systemd": {"units": [ENABLED]}},
        file("/etc/systemd/system-preset/00-a.preset", f"enable {UNIT}%0Adisable *%0A"),
        {"storage": {"files": [*file("/etc/systemd/system-preset/00-a.preset", f"enable {UNIT}%0A")["storage"]["files"],
                               *file("/etc/systemd/system-preset/01-b.preset", "disable *%0A")["storage"]["files"]]}},
        {"kernelArguments": {"shouldExist": ["quiet systemd.mask=a.service"]}},
        {"systemd": {"units": [{"name": "var-mnt-tank.mount", "contents": "[Mount]"}]}},
        {"systemd": {"units": [{"name": "etc-pki.mount", "contents": "[Mount]", "mask": True}]}},
    ],
)  # fmt: skip
def test_what_is_beside_ours_passes(config: dict[str, Any]) -> None:
    """Disks for /var, links elsewhere, presets of other units."""
    assert places(config) == []


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (storage("directories", "/etc", overwrite=True), "directories[/etc]"),
        (storage("directories", "/etc/systemd/system", overwrite=True), "directories[/etc/systemd/system]"),
        (storage("filesystems", "/etc"), "filesystems[/dev/x]"),
        ({"systemd": {"units": [{"name": "etc-containers.mount", "contents": "[Mount]"}]}},
         "units[etc-containers.mount]"),
        (file(f"/etc/systemd/system/{UNIT}.d/zz.conf", "[Service]%0AEnvironment=IMAGE=a%0A"),
         f"files[/etc/systemd/system/{UNIT}.d/zz.conf]"),
        (file(f"/etc/systemd/system.control/{UNIT}"), f"files[/etc/systemd/system.control/{UNIT}]"),
        *((file(f"{SYSTEM}/{folder}/a.conf", f"[Service]%0A{line}%0A"), f"files[{SYSTEM}/{folder}/a.conf]")
          for folder in ("service.d", "custom-.service.d", "custom-coreos-.service.d")
          for line in ("ExecStart=", "ExecStartPre=/bin/false", "ExecCondition=/bin/false", "EnvironmentFile=/etc/mine",
                       "UnsetEnvironment=IMAGE", "User=core", "ProtectSystem=strict")),
        *((file(path, "[Service]%0ANice=5%0A"), f"files[{path}]") for path in (
            f"/etc/systemd/system.attached/{UNIT}.d/a.conf", f"/usr/local/lib/systemd/system/{UNIT}.d/a.conf",
        )),
        ({"systemd": {"units": [{"name": "custom-coreos-.service",
                                 "dropins": [{"name": "a.conf", "contents": "[Service]\nExecStart=\n"}]}]}},
         "units[custom-coreos-.service]"),
        (file("/etc/fstab", "/var/x /etc/containers none bind 0 0%0A"), "files[/etc/fstab]"),
        (file("/etc/fstab", "tmpfs /etc/pki/ tmpfs nofail 0 0%0A"), "files[/etc/fstab]"),
        (file(f"{SYSTEM}/etc-pki-cosign.mount", "[Mount]%0A"), f"files[{SYSTEM}/etc-pki-cosign.mount]"),
        (file("/etc/systemd/system/service.d/a.conf", "[Service]%0AExecStart=%0A"),
         "files[/etc/systemd/system/service.d/a.conf]"),
        (file("/etc/systemd/system/service.d/a.conf", "[Service]%0AEnvironment=%0A"),
         "files[/etc/systemd/system/service.d/a.conf]"),
        (file("/etc/systemd/system-preset/0.preset", "disable *%0A"), "files[/etc/systemd/system-preset/0.preset]"),
        (file("/var/lib/custom-coreos-switch/done"), "files[/var/lib/custom-coreos-switch/done]"),
        *(({"kernelArguments": {"shouldExist": [f"quiet {mask}"]}}, "shouldExist[0]") for mask in (
            f"systemd.mask={UNIT}", f"systemd.mask={UNIT.removesuffix('.service')}", f'"systemd.mask={UNIT}"',
        )),
        *((file(f"{SYSTEM}/service.d/a.conf", f"[Service]%0A{text}%0A"), f"files[{SYSTEM}/service.d/a.conf]")
          for text in ("Environment=A=b \\%0A  IMAGE=c", "User \\%0A=core")),
    ],
)  # fmt: skip
def test_what_hides_disables_or_redirects_ours_is_refused(config: dict[str, Any], place: str) -> None:
    """Its own contents stay as they are, and the machine would not switch, or to another image."""
    assert places(config) == [place]


WHO = "whoever may write here decides what the machine boots: leave out "


@pytest.mark.parametrize(
    ("kind", "path", "more"),
    [
        ("directories", "/etc/pki/cosign", {"user": {"name": "core"}}),
        ("directories", "/etc/containers", {"mode": 0o777}), ("directories", "/etc/containers", {"mode": 0o775}),
        ("directories", "/etc/containers/registries.d", {"user": {"id": 1000}}),
        ("directories", "/etc/containers/registries.d", {"mode": 0o1777}),
        ("directories", "/etc/containers/registries.conf.d", {"mode": 0o757}),
        ("directories", "/etc//pki/", {"user": {"name": "nas"}}), ("directories", "/etc", {"mode": 0o777}),
        ("directories", "/root/.config", {"user": {"id": 1000}}),
        ("directories", "/etc/systemd/system", {"mode": 0o777}),
        ("directories", "/var/lib", {"user": {"name": "core"}}),
        ("directories", "/etc/custom-coreos-switch", {"mode": 0o770}),
        ("files", "/etc/containers/registries.d/zz.yaml", {"mode": 0o666}),
        ("files", "/etc/containers/registries.conf", {"user": {"name": "core"}}),
        ("files", "/etc/pki/cosign/old.pub", {"mode": 0o664}),
    ],
)  # fmt: skip
def test_a_folder_of_keys_and_policy_belongs_to_root_alone(kind: str, path: str, more: dict[str, Any]) -> None:
    """Others could put their own key or rule there, and so could whoever owns a folder above."""
    (found,) = guarded(Merged(storage(kind, path, **more), (), (), ()), OURS)
    assert found.path[-1] == f"{kind}[{path}]"
    assert found.why == f"{WHO}{'its user' if 'user' in more else 'its mode'}"


@pytest.mark.parametrize(
    ("kind", "path", "more"),
    [
        ("directories", "/etc/pki/cosign", {"user": {"name": "root"}, "group": {"id": 0}, "mode": 0o755}),
        ("directories", "/etc/containers", {"mode": None, "user": {"id": 0}}),
        ("directories", "/root", {"mode": 0o700}),
        ("directories", "/etc/containers/registries.d", {"group": {"name": "adm"}, "mode": 0o750}),
        ("directories", "/etc/containers/systemd", {"user": {"name": "core"}, "mode": 0o775}),
        ("directories", "/var/lib/mine", {"mode": 0o777}),
        ("directories", "/var/home/core/.config", {"user": {"id": 9}}),
        ("directories", "/etc/systemd/user", {"mode": 0o775}), ("directories", "/etc/pki/tls/mine", {"mode": 0o777}),
        ("files", "/etc/containers/storage.conf", {"mode": 0o666}), ("files", "/etc/mine", {"user": {"name": "core"}}),
        ("files", "/etc/containers/registries.d/zz.yaml", {"mode": 0o644, "group": {"name": "adm"}}),
    ],
)  # fmt: skip
def test_folders_of_root_and_folders_elsewhere_pass(kind: str, path: str, more: dict[str, Any]) -> None:
    """A group that may only read changes nothing."""
    assert places(storage(kind, path, **more)) == []


def test_without_a_switch_only_what_protects_the_machine_is_guarded() -> None:
    """Without a key nothing is."""
    done, link = file("/var/lib/custom-coreos-switch/done"), storage("links", "/etc/pki/cosign", target="/x")
    assert places(done, {"storage": {}}) == []
    assert places(link, {"storage": {}}) == ["links[/etc/pki/cosign]"]
    assert places(link, {}) == []
