"""What an image does at boot and for its updates counts, and not how that is written."""

import pytest

from tests.builders.image_facts import ETC, SERVICE, SYSTEM, TIMER, WINDOW, answer, failed

Files = dict[str, str | None]
UNIT = "bootc-fetch-apply-updates"
MORE, OWN = f"{TIMER}.d/60-x.conf", f"{SERVICE}.d/60-x.conf"
KARGS = "/usr/lib/bootc/kargs.d/20-x.toml"
WANTED = f"{ETC}/multi-user.target.wants"
PROGRAMS = (
    *("/bin/sh", "/bin/echo", "/bin/false", "/usr/bin/true", "/usr/bin/test", "/usr/bin/rpm-ostree"),
    *("/usr/bin/systemctl", "/usr/bin/logger", "/usr/bin/systemd-inhibit", "/usr/libexec/mine"),
)
RUN = "[Service]\nExecStart="


def program(line: str, more: str = "") -> Files:
    return {OWN: f"[Service]\nExecStart=\nExecStart={line}\n{more}"}


def at_boot(text: str, name: str = "mine.service") -> Files:
    return {f"{SYSTEM}/{name}": text, f"{WANTED}/{name}": f"-> {SYSTEM}/{name}"}


@pytest.mark.parametrize(
    "files",
    [
        {MORE: "[Timer]\nOnCalendar=\n"},
        {MORE: "[Timer]\nOnCalendar =   \n"},
        {MORE: "[Timer]\nOnBootSec=\n"},  # it takes back every time
        {f"{SYSTEM}/timer.d/99.conf": "[Timer]\nOnCalendar=\n"},
        {f"{SYSTEM}/bootc-.timer.d/99.conf": "[Timer]\nOnCalendar=\n"},
        {f"{ETC}/{UNIT}.timer.d/50-window.conf": "[Timer]\nOnCalendar=\n", TIMER: "[Timer]\n"},
        {WINDOW: "[Timer]\nOnBootSec=\nOnUnitInactiveSec=8h\n", TIMER: "[Timer]\n"},
        {WINDOW: "[Timer]\nOnBootSec=10years\n", TIMER: "[Timer]\n"},
        {MORE: "[Timer]\nRandomizedDelaySec=1y\n"},
        {MORE: "[Timer]\nAccuracySec=52 weeks\n"},
        {MORE: "[Unit]\nConditionPathExists=!/run/ostree-booted\n"},
        {MORE: "[Unit]\nAssertPathExists=/usr/lib/nothing\n"},
        {MORE: "[Unit]\nConditionPathExists=/nonexistent\n"},
        {MORE: "[Unit]\nConditionFirstBoot=yes\n"},
        {MORE: "[Unit]\nConditionArchitecture=arm64\n"},
        {MORE: "[Unit]\nConditionVirtualization=container\n"},
        {MORE: "[Unit]\nConditionKernelCommandLine=!ostree\n"},
        {MORE: "[Unit]\nConditionPathExists=|/nonexistent\nConditionPathExists=|/nowhere/x\n"},
        {MORE: "[Unit]\nConditionPathIsReadWrite=/usr\n"},
        {MORE: "[Unit]\nConflicts=multi-user.target\n"},
        {MORE: "[Unit]\nRequires=nothing.service\n"},
        {f"{ETC}/{UNIT}.timer": "-> /dev/null"},
        {f"{ETC}/{UNIT}.timer": ""},
        {TIMER: "-> /dev/null"},
        {TIMER: None},
        {f"{ETC}/{UNIT}.timer": "-> /nowhere.timer"},
        {f"{ETC}/timers.target.wants/{UNIT}.timer": None},
        {f"{ETC}/timers.target.wants/{UNIT}.timer": "-> /dev/null"},
        at_boot("[Unit]\nConflicts=bootc-fetch-apply-updates.timer\n"),
        at_boot(f"{RUN}systemctl mask --now {UNIT}.timer\n"),
        at_boot(f"{RUN}/bin/sh -c 'systemctl disable {UNIT}.timer || :'\n"),
    ],
)
def test_a_timer_that_does_nothing_is_refused(files: Files) -> None:
    """Without a time, too late, under a condition that never holds, masked, or pushed aside."""
    assert failed(answer(files)).keys() == {"update-timer"}


@pytest.mark.parametrize(
    "files",
    [
        {MORE: "[Timer]\nOnCalendar=\nOnCalendar=Sat 03:00\n"},
        {MORE: "[Timer]\nOnBootSec=1h\nOnUnitInactiveSec=8h\nPersistent=true\nRandomizedDelaySec=6h\n"},
        {MORE: "[Timer]\n# OnCalendar=\n; OnCalendar=\noncalendar=\n[X-Mine]\nOnCalendar=\n"},
        {MORE: "[Unit]\nConditionPathExists=!/etc/no-updates\nConditionACPower=true\n"},
        {MORE: "[Unit]\nConditionPathExists=/etc/updates-on\nConditionVirtualization=!container\n"},
        {MORE: "[Unit]\nConditionPathExists=/usr/local/x\nConditionPathExists=/usr/etc\nConditionPathExists=/var/x\n"},
        {MORE: "[Unit]\nConditionPathExists=|/nonexistent\nConditionPathExists=|/run/ostree-booted\n"},
        {MORE: "[Unit]\nConditionPathExists=!/run/ostree-booted\nConditionPathExists=\n"},
        {MORE: "[Unit]\nConditionArchitecture=x86-64\nConditionKernelCommandLine=ostree\nConditionUser=root\n"},
        {MORE: "[Unit]\nRefuseManualStart=yes\nConflicts=shutdown.target\nRequires=timers.target\n"},
        {MORE: f"[Timer]\nUnit={UNIT}.service\n"},
        {f"{SYSTEM}/timer.d/40.conf": "[Timer]\nOnCalendar=\n"},  # 50-window.conf comes later
        {MORE: ""},
        {MORE: "-> /dev/null"},
        {f"{ETC}/timers.target.wants/{UNIT}.timer": None, f"{WANTED}/{UNIT}.timer": f"-> {TIMER}"},
        {f"{ETC}/default.target": None, f"{SYSTEM}/graphical.target": "[Unit]\nRequires=multi-user.target\n"},
        {f"{SYSTEM}/timers.target": "[Unit]\nDescription=a\\\nb\n"},
        at_boot(f"{RUN}systemctl is-enabled {UNIT}.timer\n"),
    ],
)
def test_other_hours_and_an_owner_s_conditions_pass(files: Files) -> None:
    """The owner decides when a machine updates, and with what it can be stopped."""
    assert failed(answer(files)) == {}


def test_a_folder_of_the_root_that_the_image_ships_may_be_there() -> None:
    """A condition may name what somebody mounts below it."""
    files = {MORE: "[Unit]\nConditionPathExists=/nix/var\n"}
    assert failed(answer(files)).keys() == {"update-timer"}
    assert failed(answer(files, "exists\t/nix")) == {}


@pytest.mark.parametrize(
    "files",
    [
        program("-/usr/bin/true"),
        program("/usr/bin/true bootc upgrade --apply"),
        program("/bin/echo bootc upgrade --apply"),
        program("/bin/sh -c 'echo bootc upgrade --apply'"),
        program("/usr/bin/bootc status"),
        program("/usr/bin/bootc upgrade --check"),
        program("/usr/bin/bootc upgrade --download-only"),
        program("/usr/bin/bootc upgrade --quiet"),
        program("/usr/bin/rpm-ostree status"),
        program("/bin/sh -c '/usr/bin/bootc upgrade --check'"),
        program("/bin/false\nExecStart=/usr/bin/bootc upgrade --apply"),
        program("/usr/libexec/mine") | {"/usr/libexec/mine": "#!/bin/sh\n# bootc upgrade --apply\necho done\n"},
        {OWN: "[Service]\nExecStart=\n"},
        {OWN: "[Service]\nExecStart=/usr/bin/bootc status\nType=simple\n"},
        {OWN: "[Service]\nExecCondition=/bin/false\n"},
        {OWN: "[Service]\nExecStartPre=/bin/sh -c 'exit 1'\n"},
        {OWN: "[Service]\nUser=nobody\n"},
        {OWN: "[Service]\nDynamicUser=yes\n"},
        {OWN: "[Service]\nRootDirectory=/var/empty\n"},
        {OWN: "[Service]\nPrivateNetwork=yes\n"},
        {OWN: "[Service]\nTimeoutStartSec=1\n"},
        {OWN: "[Service]\nTimeoutSec = 5s\n"},
        {OWN: "[Service]\nType=notify\n"},
        {OWN: "[Unit]\nConditionPathExists=!/usr\n"},
        {OWN: "[Unit]\nRequires=nothing.target\n"},
        {OWN: f"[Unit]\nConflicts={UNIT}.timer\n"},
        {f"{SYSTEM}/service.d/x.conf": "[Service]\nUser=nobody\n"},
        {f"{ETC}/{UNIT}.service": "-> /dev/null"},
        {SERVICE: ""},
        {SERVICE: None},
        {MORE: "[Timer]\nUnit=foo.service\n"},
        {MORE: "[Timer]\nUnit=mine.service\n", f"{SYSTEM}/mine.service": f"{RUN}/usr/bin/bootc status\n"},
        {KARGS: f'kargs = ["systemd.mask={UNIT}.timer"]'},
        {KARGS: f'kargs = ["quiet systemd.mask={UNIT}"]'},
    ],
)
def test_a_service_that_takes_no_update_is_refused(files: Files) -> None:
    """It runs something else, only looks, always fails, or nothing boots what it downloads."""
    there = [f"program\t{path}" for path in PROGRAMS]
    assert failed(answer(files, *there)).keys() == {"update-service"}


@pytest.mark.parametrize(
    "files",
    [
        program("/usr/bin/bootc update --apply"),
        program("/bin/sh -c 'sleep 5; exec /usr/bin/bootc upgrade --apply'"),
        program("/bin/sh -c 'curl -fsS https://ping.example || true; bootc upgrade --apply'"),
        program("-/bin/false\nExecStart=/usr/bin/bootc upgrade --apply"),
        program("/usr/bin/bootc upgrade --download-only\nExecStart=/usr/bin/bootc upgrade --from-downloaded --apply"),
        program("/usr/bin/bootc upgrade\nExecStart=/usr/bin/systemctl reboot"),
        program("/usr/bin/bootc upgrade\nExecStartPost=/usr/bin/systemctl reboot"),
        program("/usr/bin/bootc upgrade\n[Unit]\nSuccessAction=reboot"),
        program("/usr/libexec/mine")
        | {"/usr/libexec/mine": "#!/bin/bash\nset -e\nif bootc upgrade --apply; then :; fi\n"},
        program("/usr/bin/systemd-inhibit --why=update /usr/bin/bootc upgrade --apply"),
        {OWN: "[Service]\nExecCondition=/usr/bin/test -e /run/x\nExecStartPre=-/bin/false\n"},
        {OWN: "[Service]\nUser=root\nTimeoutStartSec=2h\nProtectSystem=strict\nNice=10\n"},
        {OWN: "[Service]\nTimeoutStartSec=infinity\nEnvironment=HTTPS_PROXY=http://p:3128\n"},
        {OWN: "[Service]\nExecStart=/usr/bin/logger done\n"},
        {MORE: "[Timer]\nUnit=mine.service\n", f"{SYSTEM}/mine.service": f"{RUN}/usr/bin/bootc upgrade --apply\n"},
        {f"{ETC}/{UNIT}.service": f"-> {SERVICE}"},
        program("/usr/bin/bootc upgrade --quiet")
        | {
            f"{SYSTEM}/reboot-weekly.timer": "[Timer]\nOnCalendar=Sun 04:00\n",
            f"{SYSTEM}/reboot-weekly.service": f"{RUN}/usr/bin/systemctl reboot\n",
            f"{ETC}/timers.target.wants/reboot-weekly.timer": f"-> {SYSTEM}/reboot-weekly.timer",
        },
    ],
)
def test_an_update_written_in_another_way_passes(files: Files) -> None:
    """In a shell, in a script, in steps, under another name, with a proxy."""
    there = [f"program\t{path}" for path in PROGRAMS]
    assert failed(answer(files, *there)) == {}


@pytest.mark.parametrize(
    "answered",
    [
        "2020-01-01 => Next elapse: never",
        "2020-01-01 =>   Original form: 2020-01-01 Next elapse: n/a",
        "2026-12-01 => Next elapse: Tue 2026-12-01 00:00:00 UTC From now: 2 days left",
        "2099-01-01 => Next elapse: Thu 2099-01-01 UTC From now: 72 years 1 month left Iter. #2: Fri 2100-01-01",
    ],
)
def test_a_time_that_does_not_come_again_soon_is_refused(answered: str) -> None:
    """systemd's calendar knows; the times of other drop-ins do not count."""  # noqa: D403  (its own name)
    spec = answered.partition(" => ")[0]
    fact = f"calendar\t{answered}"
    assert failed(answer({MORE: f"[Timer]\nOnCalendar=\nOnCalendar={spec}\n"}, fact)).keys() == {"update-timer"}
    assert failed(answer({MORE: f"[Timer]\nOnCalendar={spec}\n"}, fact)) == {}
    assert failed(answer({}, fact)) == {}
