"""The unit that switches a new machine: its script with fakes of bootc and systemctl, and systemd's own check."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.clients import signer
from tests.lab.conftest import ROOT
from tests.lab.switching import IMAGE, LATE, STOCK, Machine, fresh_machine
from tests.lab.test_policy import HOLES, shipped
from tests.lab.test_policy import IMAGE as NAME


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a fresh machine with its tools."""
    return fresh_machine(tmp_path)


@pytest.mark.parametrize("image", [None, STOCK, "quay.io/fedora/fedora-coreos@sha256:" + "a" * 64])
def test_stock_fedora_coreos_switches_and_reboots_once(machine: Machine, image: str | None) -> None:
    """It switches to a signed image by tag; the journal says so."""
    done = machine.boot(image)
    assert done.returncode == 0, done.stderr
    assert machine.called("switched") == [f"switch --enforce-container-sigpolicy {IMAGE}"]
    assert machine.called("systemctl") == ["reboot"]
    assert f"SWITCHED to {IMAGE}" in done.stdout
    assert not (machine.here / "state/done").exists()


@pytest.mark.parametrize("image", [IMAGE, "ghcr.io/ublue-os/ucore:stable", "quay.io/fedora/fedora-coreos-fake:stable"])
def test_whatever_else_is_booted_is_left_alone_for_good(machine: Machine, image: str) -> None:
    """Our image has arrived, or the owner chose another: nothing is called, and the unit's condition now stops it."""
    done = machine.boot(image)
    assert done.returncode == 0
    assert machine.called("switched") == machine.called("systemctl") == []
    assert (machine.here / "state/done").exists()
    unit = (ROOT / "first-boot/custom-coreos-switch.service").read_text()
    assert "ConditionPathExists=!/var/lib/custom-coreos-switch/done" in unit


def test_a_late_network_is_waited_for_with_backoff(machine: Machine) -> None:
    """After ten failures it works; the pauses double up to ten minutes."""
    done = machine.boot(None, [LATE] * 10)
    assert done.returncode == 0, done.stderr
    assert machine.called("sleep") == ["10", "20", "40", "80", "160", "320", "600", "600", "600", "600"]
    assert machine.called("systemctl") == ["reboot"]
    assert LATE in done.stdout


def refusals() -> list[str]:
    """Return the words of containers/image: no signature, a stranger's, ours for another name, a rule that rejects."""
    policies = [shipped(), *(shipped(change=HOLES[name][0]) for name in ("exact names", "everything refused"))]
    decided = [decision.refusal for each in policies for decision in signer.decisions(each, NAME)]
    return sorted({refusal for refusal in decided if refusal})


def test_a_refused_signature_stops_it_at_once(machine: Machine) -> None:
    """Whatever the words, it neither tries again nor reboots, and says what to do; the next boot tries again."""
    words = refusals()
    assert len(words) >= 4
    for refused in words:
        done = machine.boot(STOCK, [f"error: Switching: Pulling: failed to invoke method OpenImage: {refused}"])
        assert done.returncode == 1, done.stdout
        assert "REFUSED: the signature" in done.stdout
        (machine.here / "switched").unlink()
    done = machine.boot(STOCK, ["error: Source image rejected: signature", "never"])
    assert done.returncode == 1
    assert machine.called("sleep") == machine.called("systemctl") == []
    assert "REFUSED: the signature" in done.stdout
    assert "sudo systemctl restart custom-coreos-switch" in done.stdout
    assert "older than the image's key" in done.stdout
    (machine.here / "switched").unlink()
    assert machine.boot(STOCK).returncode == 0


def test_an_image_that_does_not_boot_makes_no_loop(machine: Machine) -> None:
    """Three times the machine comes back with stock Fedora CoreOS; the fourth time it stays there."""
    for _ in range(3):
        assert machine.boot(None).returncode == 0
    done = machine.boot(None)
    assert done.returncode == 1
    assert "GIVEN UP" in done.stdout
    assert f"sudo rm {machine.here}/state/reboots && sudo systemctl restart custom-coreos-switch" in done.stdout
    assert machine.called("systemctl") == ["reboot"] * 3


def test_what_bootc_cannot_say_is_tried_again(machine: Machine) -> None:
    """A status that is not JSON, or shows nothing booted, is no reason to switch."""
    (machine.here / "bin/bootc").write_text(
        f'#!/usr/bin/bash\ncd {machine.here}\nif [ -e sleep ]; then cat status.json; else echo "{{}}"; fi\n'
    )
    done = machine.boot(IMAGE)
    assert done.returncode == 0
    assert "bootc status could not be read" in done.stdout
    assert machine.called("sleep") == ["10"]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """It checks the unit, its drop-in and its script as Ignition writes them, below their own root."""
    from tasks.model.install.firstboot import UNIT, snippet
    from tasks.model.signing import HostFiles

    made = snippet(HostFiles({}), IMAGE.removesuffix(":stable"), switch=True)
    (unit,) = made["systemd"]["units"]
    folder = tmp_path / "etc/systemd/system"
    (folder / f"{UNIT}.d").mkdir(parents=True)
    shutil.copy(ROOT / unit["contents_local"], folder / UNIT)
    for dropin in unit["dropins"]:
        (folder / f"{UNIT}.d" / dropin["name"]).write_text(dropin["contents"])
    (tmp_path / "usr/bin").mkdir(parents=True)
    shutil.copy("/usr/bin/bash", tmp_path / "usr/bin/bash")
    for name in ("network-online.target", "multi-user.target", "sysinit.target", "basic.target", "shutdown.target"):
        (folder / name).write_text("[Unit]\nDescription=a stand-in\n")
    options = [f"--root={tmp_path}", "--recursive-errors=yes"]
    argv = ["systemd-analyze", *options, "verify", f"etc/systemd/system/{UNIT}"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (folder / UNIT).write_text((folder / UNIT).read_text().replace("Type=oneshot", "Type=onceshot"))
    assert subprocess.run(argv, capture_output=True, cwd=tmp_path, check=False).returncode != 0
