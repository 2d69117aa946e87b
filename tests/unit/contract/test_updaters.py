"""What starts updates besides the timer is refused, however it is written; what only reads passes."""

import pytest

from tests.builders.image_facts import ETC, SERVICE, SYSTEM, answer, failed

Files = dict[str, str | None]
UNIT = "bootc-fetch-apply-updates"
KARGS = "/usr/lib/bootc/kargs.d/20-x.toml"
WANTED = f"{ETC}/multi-user.target.wants"
RUN = "[Service]\nExecStart="
CRON = f"{RUN}/usr/sbin/crond\n", "crond.service"


def at_boot(text: str, name: str = "mine.service") -> Files:
    return {f"{SYSTEM}/{name}": text, f"{WANTED}/{name}": f"-> {SYSTEM}/{name}"}


@pytest.mark.parametrize(
    "files",
    [
        {f"{WANTED}/{UNIT}.service": f"-> {SERVICE}"},
        {f"{ETC}/multi-user.target.upholds/{UNIT}.service": f"-> {SERVICE}"},
        {f"{ETC}/basic.target.d/a.conf": f"[Unit]\nUpholds={UNIT}.service\n"},
        {f"{SYSTEM}/sysinit.target": f"[Unit]\nWants=a.service \\\n {UNIT}.service\n"},
        at_boot(f"{RUN}systemctl start {UNIT}\n"),
        at_boot(f"{RUN}/usr/bin/bootc switch ghcr.io/o/other\n"),
        at_boot(f"{RUN}/usr/bin/rpm-ostree install -y htop\n"),
        at_boot(f"{RUN}/bin/sh -c 'rpm-ostree rebase x'\n"),
        at_boot(f"{RUN}/usr/bin/bootc rollback\n"),
        at_boot("[Service]\nExecStart=/bin/true\nExecStartPost=/usr/bin/dnf -y upgrade\n"),
        at_boot(f"{RUN}/usr/libexec/mine\n") | {"/usr/libexec/mine": "#!/bin/bash\nrpm-ostree upgrade --reboot\n"},
        at_boot(f"{RUN}mine\n") | {"/usr/bin/mine": "#!/bin/bash\nrpm-ostree upgrade --reboot\n"},
        at_boot(f"{RUN}/usr/bin/python3 /usr/libexec/m.py\n")
        | {"/usr/libexec/m.py": "#!/usr/bin/python3\nimport subprocess\nsubprocess.run(['bootc', 'upgrade'])\n"},
        at_boot("[Timer]\nOnCalendar=daily\n", "mine.timer") | {f"{SYSTEM}/mine.service": f"{RUN}bootc upgrade\n"},
        at_boot("[Timer]\nOnCalendar=daily\nUnit=x.service\n", "mine.timer") | {f"{SYSTEM}/x.service": f"{RUN}uupd\n"},
        at_boot(f"[Timer]\nOnCalendar=daily\nUnit={UNIT}.service\n", "mine.timer"),
        at_boot("[Path]\nPathChanged=/etc/x\n", "w.path") | {f"{SYSTEM}/w.service": f"{RUN}bootc upgrade --apply\n"},
        at_boot(f"{RUN}bootc upgrade --apply\n", "mine@x.service")
        | {f"{SYSTEM}/mine@.service": f"{RUN}bootc upgrade\n"},
        at_boot("[Unit]\n", "rpm-ostreed-automatic.timer"),
        at_boot("[Unit]\n", "zincati.service"),
        {KARGS: 'kargs = ["systemd.wants=mine.service"]', f"{SYSTEM}/mine.service": f"{RUN}bootc upgrade\n"},
        at_boot(*CRON) | {"/etc/cron.d/x": "0 3 * * * root bootc upgrade --apply\n"},
        at_boot(*CRON) | {"/etc/crontab": "@daily root /usr/bin/bootc upgrade\n"},
    ],
)
def test_a_second_updater_is_refused_however_it_is_started(files: Files) -> None:
    """By targets, timers, paths, other units' programs, kernel arguments or cron, also through a script."""
    assert failed(answer(files)).keys() == {"updaters"}


@pytest.mark.parametrize(
    "files",
    [
        {f"{SYSTEM}/mine.service": f"{RUN}bootc upgrade --apply\n"},
        {f"{SYSTEM}/rpm-ostreed-automatic.timer": "[Timer]\n", f"{SYSTEM}/zincati.service": f"{RUN}zincati agent\n"},
        at_boot(f"{RUN}/usr/bin/rpm-ostree status -b\n"),
        at_boot(f"{RUN}/usr/libexec/check\n") | {"/usr/libexec/check": "#!/bin/sh\nhealthy || bootc rollback\n"},
        at_boot(f"{RUN}/usr/libexec/check\n") | {"/usr/libexec/check": "#!/bin/sh\nhealthy || rpm-ostree rollback\n"},
        at_boot(f"{RUN}/usr/bin/rpm-ostree kargs --append-if-missing=quiet\n"),
        at_boot(f"{RUN}/usr/bin/rpm-ostree countme\n"),
        at_boot("[Timer]\nOnCalendar=weekly\n", "rpm-ostree-countme.timer")
        | {f"{SYSTEM}/rpm-ostree-countme.service": f"{RUN}/usr/bin/rpm-ostree countme\n"},
        at_boot("[Service]\nExecStart=/usr/bin/bootupctl update\n", "bootloader-update.service"),
        at_boot("[Service]\nExecStart=chmod --verbose 0000 /etc/shadow\n", "rpm-ostree-fix-shadow-mode.service"),
        at_boot("[Service]\nExecStart=/bin/true\nExecStop=/usr/bin/ostree admin finalize-staged\n", "ostree-f.service"),
        at_boot("[Timer]\nOnCalendar=daily\n", "podman-auto-update.timer")
        | {f"{SYSTEM}/podman-auto-update.service": f"{RUN}/usr/bin/podman auto-update\n"},
        at_boot("[Unit]\nConditionPathExists=!/run/ostree-booted\n[Timer]\n", "dnf-makecache.timer")
        | {f"{SYSTEM}/dnf-makecache.service": f"{RUN}/usr/bin/dnf makecache --timer\n"},
        at_boot(f"{RUN}/usr/libexec/motd\n")
        | {"/usr/libexec/motd": "#!/bin/sh\ncat <<EOF\nrpm-ostree rebase x\nEOF\n"},
        at_boot(f"{RUN}bootc upgrade\n") | {f"{ETC}/mine.service": "-> /dev/null"},
        at_boot("[Timer]\nOnCalendar=Sun 04:00\n", "maintain.timer")
        | {f"{SYSTEM}/maintain.service": f"{RUN}/usr/bin/systemctl reboot\n"},
        {"/etc/cron.d/x": "0 3 * * * root bootc upgrade --apply\n"},  # without cron
        at_boot(*CRON) | {"/etc/cron.d/x": "MAILTO=root\n# bootc upgrade\n0 3 * * * root bootc status\n"},
    ],
)
def test_stock_units_and_harmless_programs_pass(files: Files) -> None:
    """What Fedora CoreOS ships, what nothing starts, and what only reads."""
    assert failed(answer(files)) == {}


def test_a_unit_that_a_preset_enables_updates_on_a_first_boot() -> None:
    """Unless nothing of the boot would start it."""
    unit = f"{RUN}bootc upgrade --apply\n[Install]\nWantedBy="
    fact = "first-boot\tmine.service enabled"
    assert failed(answer({f"{SYSTEM}/mine.service": f"{unit}multi-user.target\n"}, fact)).keys() == {"updaters"}
    assert failed(answer({f"{SYSTEM}/mine.service": f"{unit}system-update.target\n"}, fact)) == {}


@pytest.mark.parametrize("path", ["/etc/rc.d/rc.local", "/etc/NetworkManager/dispatcher.d/9-x", "/etc/cron.daily/x"])
def test_scripts_that_start_by_themselves_count_if_they_are_executable(path: str) -> None:
    """As systemd, NetworkManager and cron see it."""
    files = at_boot(*CRON) | {path: "#!/bin/sh\nbootc upgrade\n"}
    assert failed(answer(files, modes={path: (0o755, 0)})).keys() == {"updaters"}
    assert failed(answer(files)) == {}
