"""What the commands of a unit or a script do to the machine's system."""

import pytest

from tasks.model.commands import (
    commands,
    fails,
    is_nothing,
    of_line,
    reboots,
    switched_off_by,
    systemctl_starts,
    update,
)


@pytest.mark.parametrize(
    ("text", "found"),
    {
        "/usr/bin/bootc upgrade --apply --quiet": "bootc upgrade",
        "bootc update --apply": "bootc update",
        "bootc --verbose upgrade": "bootc upgrade",
        "/bin/sh -c 'sleep 5; bootc upgrade --apply'": "bootc upgrade",
        '/bin/bash -euc "if true; then exec bootc upgrade; fi"': "bootc upgrade",
        "/usr/bin/env A=b bootc upgrade": "bootc upgrade",
        "systemd-inhibit --why='an update' /usr/bin/nice -n 19 bootc upgrade": "bootc upgrade",
        "timeout 1h bootc upgrade": "bootc upgrade",
        "flock /run/lock bootc upgrade": "bootc upgrade",
        "A=b bootc upgrade": "bootc upgrade",
        "out=$(bootc upgrade 2>&1)": "bootc upgrade",
        'echo "$(bootc upgrade)"': "bootc upgrade",
        "x=`bootc upgrade`": "bootc upgrade",
        "BOOTC=/usr/bin/bootc\n$BOOTC upgrade": "bootc upgrade",
        "update() {\n  bootc upgrade\n}\nupdate": "bootc upgrade",
        "true && bootc \\\n  upgrade": "bootc upgrade",
        "bash <<EOF\nbootc upgrade\nEOF": "bootc upgrade",
        "eval 'bootc upgrade'": "bootc upgrade",
        "bootc switch ghcr.io/o/n": "bootc switch",
        "bootc rollback": "bootc rollback",
        "rpm-ostree upgrade --reboot": "rpm-ostree upgrade",
        "rpm-ostree --quiet install htop": "rpm-ostree install",
        "rpm-ostree rebase x": "rpm-ostree rebase",
        "rpm-ostree initramfs --enable": "rpm-ostree initramfs",
        "ostree admin upgrade": "ostree admin upgrade",
        "ostree container image deploy --sysroot / --imgref x": "ostree container image deploy",
        "dnf -y upgrade": "dnf upgrade",
        "dnf5 update -y": "dnf5 update",
        "dnf-automatic /etc/dnf/automatic.conf": "dnf-automatic",
        "uupd": "uupd",
        "sudo bootc upgrade": "bootc upgrade",
        "#!/usr/bin/python3\nimport subprocess\nsubprocess.run(['bootc', 'upgrade', '--apply'])\n": "bootc upgrade",
        "#!/bin/sh\ndon't # parse\nbootc upgrade\n": "bootc upgrade",
        'read -r a <<< "word"\nbootc upgrade\n': "bootc upgrade",
        "grep -q x <<<word\nbootc upgrade\n": "bootc upgrade",
        "size=$((1<<2))\nbootc upgrade\n": "bootc upgrade",
        "(( size = 1 << n ))\nbootc upgrade\n": "bootc upgrade",
        "cat <<'EOF'\nx\nEOF\nbootc upgrade\n": "bootc upgrade",
    }.items(),
)
def test_an_update_is_found_however_it_is_written(text: str, found: str) -> None:
    """Behind wrappers, in shells, in scripts of other languages."""
    assert update(commands(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "bootc status", "bootc upgrade --check", "bootc upgrade --download-only", "bootc upgrade --help",
        "bootc container lint", "rpm-ostree status --json | grep upgrade", "rpm-ostree kargs --append-if-missing=quiet",
        "rpm-ostree upgrade --check", "rpm-ostree upgrade --preview", "rpm-ostree countme", "rpm-ostree start-daemon",
        "rpm-ostree initramfs --disable", "rpm-ostree initramfs-etc --untrack-all", "ostree admin status",
        "dnf makecache --timer", "dnf check-update", "dnf --installroot=/var/x -y install bash",
        "echo bootc upgrade", "echo 'type: bootc upgrade'", "logger bootc upgrade", "/usr/bin/true bootc upgrade",
        "podman exec web dnf -y upgrade", "toolbox run dnf upgrade", "ssh host bootc upgrade", "man bootc upgrade",
        "#!/bin/sh\n# bootc upgrade\necho x # then bootc upgrade\n",
        "#!/bin/sh\ncat > /etc/motd <<EOF\nbootc upgrade\nEOF\necho done\n", "journalctl -u bootc upgrade",
        "cat <<-'EOF'\n\tbootc upgrade\n\tEOF\n", "cat <<\\EOF\nbootc upgrade\nEOF\n",
        "install -m 0644 a b", "chmod --verbose 0000 /etc/shadow",
        "#!/usr/bin/python3\nprint('see bootc-upgrade')\n", "grep -q 'bootc upgrade' /var/log/x", "",
        "systemctl status bootc-fetch-apply-updates.service",
    ],
)  # fmt: skip
def test_reading_and_speaking_of_updates_is_none(text: str) -> None:
    """Nor what happens in a container or on another machine."""
    assert update(commands(text)) == ""


@pytest.mark.parametrize(
    "text",
    ["x='eval $x'\neval $x", "x=\"sh -c '$x'\"\n$x", 'x=\'$(eval "$x $x")\'\neval "$x"'],
)
def test_a_command_that_holds_itself_ends(text: str) -> None:
    """A shell would run such a script until it is stopped."""
    assert update(commands(f"{text}\nbootc upgrade")) == "bootc upgrade"


@pytest.mark.parametrize(
    ("text", "yes"),
    {
        "systemctl reboot": True, "/usr/sbin/reboot": True, "shutdown -r now": True,
        "systemctl --no-block reboot": True,
        "shutdown -h now": False, "systemctl status reboot.target": False, "echo reboot": False,
        "systemctl start reboot.target": True, "bootc upgrade": False,
    }.items(),
)  # fmt: skip
def test_a_reboot_is_known(text: str, yes: bool) -> None:
    """Not a halt."""
    assert reboots(commands(text)) == yes


def test_units_that_a_program_starts_or_switches_off_are_known() -> None:
    """A name without a suffix is a service."""
    text = "start a.timer b\n--now enable c\nmask d.timer\ndisable --now e\nstop f\nstatus g"
    text = "\n".join(f"systemctl {line}" for line in text.splitlines())
    assert systemctl_starts(commands(text)) == ["a.timer", "b.service", "c.service"]
    assert switched_off_by(commands(text)) == ["d.timer", "e.service"]


@pytest.mark.parametrize(
    ("text", "failing", "nothing"),
    [
        ("/bin/false", True, False), ("false", True, False), ("/bin/sh -c 'exit 1'", True, False),
        ("sh -c false", True, False), ("/bin/true", False, True), ("true bootc upgrade", False, True),
        ("/bin/sh -c true", False, True), ("/bin/sh -c 'exit 0'", False, True), (":", False, True), ("", False, True),
        ("/bin/echo bootc upgrade", False, True), ("test -e /run/x", False, False),
        ("sh -c 'false || bootc x'", False, False),
        ("bootc upgrade", False, False), ("/bin/sleep 5", False, True),
    ],
)  # fmt: skip
def test_what_always_fails_or_does_nothing_is_known(text: str, failing: bool, nothing: bool) -> None:
    """Only what is certain: a test may be true."""
    assert (fails(text), is_nothing(text)) == (failing, nothing)


@pytest.mark.parametrize(
    ("line", "found"),
    {
        "-/usr/bin/bootc upgrade": "bootc upgrade",
        "@/usr/bin/bootc bootc upgrade": "",
        "/bin/echo x && bootc upgrade": "",
        "/bin/sleep 1 ; bootc upgrade": "bootc upgrade",
        "/bin/sh -c 'B=bootc; $$B upgrade'": "bootc upgrade",
        "${PROGRAM} upgrade": "bootc upgrade",
        "/bin/sh -c 'not closed": "",
    }.items(),
)
def test_a_unit_s_line_is_no_shell(line: str, found: str) -> None:
    """It knows quotes, prefixes, variables of the unit, and a semicolon between spaces."""
    assert update(of_line(line, {"PROGRAM": "/usr/bin/bootc"})) == found
