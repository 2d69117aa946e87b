"""The unit that switches a new machine takes the keys and the policy of the image that it verified."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.lab.switching import BOOTC, REJECTED, Machine, fresh_machine, program

KEY, SECOND = "pki/cosign/cosign.pub", "pki/cosign/cosign-2.pub"
POLICY = "containers/policy.json"
RULES = (POLICY, "containers/registries.d/50-custom-coreos.yaml")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a fresh machine with its tools."""
    return fresh_machine(tmp_path)


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
        program(machine, "bootc", BOOTC.format(here=machine.here).replace("echo ", f"({seen}); echo ", 1))
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
