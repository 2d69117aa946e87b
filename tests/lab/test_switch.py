"""The unit that switches a new machine: its script with fakes of bootc and systemctl, and systemd's own check."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.clients import signer
from tests.lab.conftest import ROOT
from tests.lab.test_policy import HOLES, shipped
from tests.lab.test_policy import IMAGE as NAME

IMAGE = "ghcr.io/owner/custom-coreos:stable"
STOCK = "quay.io/fedora/fedora-coreos:stable"
LATE = "error: Switching: Pulling: dial tcp: lookup ghcr.io: no such host"
_BOOTC = """#!/usr/bin/bash
cd {here}
if [ "$1" = status ] && [ -e switched ] && [ -s staged.json ]; then cat staged.json; exit; fi
if [ "$1" = status ]; then cat status.json; exit; fi
echo "$*" >> switched
tries=$(wc -l < switched)
if said=$(sed -n "${{tries}}p" failures) && [ -n "$said" ]; then echo "$said" >&2; exit 1; fi
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with fakes: what it runs, how its network is, and what was called."""

    here: Path

    def boot(self, image: str | None, failures: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the unit's script as on a boot into `image`; None is an installation from a disk image."""
        named = {"image": {"image": image, "transport": "registry"}} if image else None
        booted = {"image": named, "incompatible": False}
        (self.here / "status.json").write_text(json.dumps({"status": {"booted": booted}}))
        (self.here / "failures").write_text("".join(f"{line}\n" for line in failures))
        env = {"PATH": f"{self.here}/bin:/usr/bin:/bin", "IMAGE": IMAGE, "STATE_DIRECTORY": str(self.here / "state")}
        mounted = f"mount --bind {self.here}/etc /etc && exec /usr/bin/bash {ROOT}/first-boot/switch"
        argv = ["/usr/bin/unshare", "--mount", "/usr/bin/sh", "-c", mounted]
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20, check=False)

    def called(self, program: str) -> list[str]:
        """Return the arguments of a fake's calls."""
        path = self.here / program
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a fresh machine with its tools."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "etc").mkdir()
    scripts = {"bootc": _BOOTC.format(here=tmp_path)}
    scripts |= {name: f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}\n' for name in ("systemctl", "sleep", "sync")}
    for name, script in scripts.items():
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return Machine(tmp_path)


@pytest.mark.parametrize("image", [None, STOCK, "quay.io/fedora/fedora-coreos@sha256:" + "a" * 64])
def test_stock_fedora_coreos_switches_and_reboots_once(machine: Machine, image: str | None) -> None:
    """It switches to a signed image by tag; the journal says so."""
    done = machine.boot(image)
    assert done.returncode == 0, done.stderr
    assert machine.called("switched") == [f"switch --enforce-container-sigpolicy {IMAGE}"]
    assert machine.called("systemctl") == ["reboot"]
    assert f"SWITCHED to {IMAGE}" in done.stdout
    assert not (machine.here / "state/done").exists()


KEY, SECOND = "pki/cosign/cosign.pub", "pki/cosign/cosign-2.pub"
POLICY = "containers/policy.json"
RULES = (POLICY, "containers/registries.d/50-custom-coreos.yaml")
REJECTED = "error: Switching: Pulling: Source image rejected: signature"


def write(folder: Path, files: Iterable[str], content: str) -> None:
    """Write files below a folder with one content."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def stage(machine: Machine, image_etc: Iterable[str]) -> None:
    """Give the machine the Ignition file's keys and policy, and the image these; `ostree` is a fake that copies."""
    write(machine.here / "etc", (*RULES, KEY), "the Ignition file's")
    (machine.here / "image").mkdir()
    write(machine.here / "image", image_etc, "the image's")
    staged = {"staged": {"ostree": {"checksum": "abc"}}, "booted": {"image": None}}
    (machine.here / "staged.json").write_text(json.dumps({"status": staged}))
    fake = f"""[ "$*" = "checkout --user-mode --subpath=/usr/etc abc {machine.here}/state/etc" ]"""
    program(machine, "ostree", f"#!/bin/sh\n{fake} && cp -r {machine.here}/image {machine.here}/state/etc")


def program(machine: Machine, name: str, text: str) -> None:
    """Put a fake program on the machine."""
    (machine.here / "bin" / name).write_text(text)
    (machine.here / "bin" / name).chmod(0o755)


def etc(machine: Machine) -> dict[str, str]:
    """Return the machine's keys and rules: path below /etc → content."""
    top = machine.here / "etc"
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}


IGNITIONS = dict.fromkeys((*RULES, KEY), "the Ignition file's")
IMAGES = dict.fromkeys((*RULES, KEY, SECOND), "the image's")


@pytest.mark.parametrize(
    ("image_etc", "expected"),
    [
        (IMAGES, IMAGES),
        (RULES, IGNITIONS),  # a policy without a key would accept anything
        ((KEY,), IGNITIONS),
        ((), IGNITIONS),
    ],
)
def test_the_machine_takes_the_policy_of_the_image(
    machine: Machine, image_etc: Iterable[str], expected: dict[str, str]
) -> None:
    """An Ignition file from before a rotation would keep the old keys for ever; what they replaced is kept aside."""
    stage(machine, image_etc)
    done = machine.boot(None)
    assert done.returncode == 0, done.stderr
    assert etc(machine) == expected
    assert ("could not be taken" in done.stdout) is (expected == IGNITIONS)
    assert machine.called("systemctl") == ["reboot"]
    replaced = machine.here / "state/before"
    assert {path.read_text() for path in replaced.rglob("*") if path.is_file()} <= {"the Ignition file's"}
    assert (replaced / POLICY).exists() is (expected == IMAGES)


def test_a_kill_while_it_takes_them_leaves_the_next_boot_able_to_switch(machine: Machine) -> None:
    """Half of the new files may refuse the image: at the next boot the old ones are back before anything is pulled."""
    stage(machine, IMAGES)
    kills = 0
    for step in range(1, 40):
        count = machine.here / "moves"
        count.write_text("")
        counted = f"echo >> {count}; [ $(wc -l < {count}) -ne {step} ] || kill -9 $PPID"
        program(machine, "mv", f'#!/bin/sh\n{counted}\nexec /usr/bin/mv "$@"\n')
        killed = machine.boot(None).returncode != 0
        kills += killed
        before = machine.here / "etc-at-the-pull.json"
        program(machine, "mv", '#!/bin/sh\nexec /usr/bin/mv "$@"\n')
        seen = f"cd /etc && find {' '.join((*RULES, KEY))} -exec cat {{}} + > {before}"
        program(machine, "bootc", _BOOTC.format(here=machine.here).replace("echo ", f"({seen}); echo ", 1))
        assert machine.boot(None).returncode == 0
        assert before.read_text() in {"the Ignition file's" * 3, "the image's" * 3}, step
        assert {path: text for path, text in etc(machine).items() if not path.endswith(".new")} == IMAGES
        if not killed:
            break
        for path in ("etc", "state"):
            shutil.rmtree(machine.here / path)
            (machine.here / path).mkdir()
        write(machine.here / "etc", (*RULES, KEY), "the Ignition file's")
        (machine.here / "switched").unlink()
    assert kills >= 5


def test_keys_that_were_taken_are_not_given_up_for_older_ones(machine: Machine) -> None:
    """The image did not boot, and another one is refused: an older key may be the stolen one that the image dropped."""
    stage(machine, IMAGES)
    assert machine.boot(None).returncode == 0
    done = machine.boot(None, ["", REJECTED])
    assert done.returncode == 1
    assert "REFUSED: the signature" in done.stdout
    assert etc(machine) == IMAGES


def test_keys_that_cannot_be_replaced_stay_as_they_were(machine: Machine) -> None:
    """One file cannot be written, for example because its owner made it immutable: the others are put back."""
    stage(machine, IMAGES)
    program(machine, "mv", f'#!/bin/sh\n[ "$2" != /etc/{POLICY} ] || exit 1\nexec /usr/bin/mv "$@"\n')
    done = machine.boot(None)
    assert done.returncode == 0, done.stderr
    assert "could not be taken" in done.stdout
    assert {path: etc(machine)[path] for path in IGNITIONS} == IGNITIONS
    assert machine.called("systemctl") == ["reboot"]


def test_a_reboot_that_cannot_be_counted_is_not_made(machine: Machine) -> None:
    """With a full disk, an image that does not boot would make a loop."""
    (machine.here / "state/reboots").mkdir()
    program(machine, "sleep", "#!/bin/sh\nkill $PPID\n")
    machine.boot(None)
    assert machine.called("systemctl") == []


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
