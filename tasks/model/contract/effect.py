"""Whether a timer and a service do anything on a machine: what systemd does with their settings."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import filterfalse
from posixpath import basename

from tasks.model.commands import Command, arguments, commands, fails, of_line, reboots
from tasks.model.contract.conditions import Exists, surely_false, unknown
from tasks.model.systemd import Unit, is_true, seconds

TIMES = ("OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")
_AGAIN = ("OnUnitActiveSec", "OnUnitInactiveSec")  # these count from the service's last run: none, no time
_LONGEST_DELAY, _LONGEST_TIME, _SHORTEST_RUN = 28 * 86400, 366 * 86400, 60  # seconds
_DELAYS = ("RandomizedDelaySec", "AccuracySec")
_RUN_LIMITS = (("Service", "TimeoutStartSec"), ("Service", "TimeoutSec"), ("Unit", "JobTimeoutSec"),
               ("Unit", "JobRunningTimeoutSec"))  # fmt: skip
_ONLY_LOOKS = ("--check", "--download-only", "--help", "-h", "--version")
_UPDATES = (["upgrade"], ["update"])
_BOOTC = re.compile(r"(?:\S*/)?bootc")
_WAITS_FOR_A_MESSAGE = ("notify", "notify-reload", "dbus")
_CUTS_OFF = {"PrivateNetwork": "it reaches no registry", "PrivateUsers": "it may not update"}
_ROOT = ("", "root", "0")

Read = Callable[[str], str]  # a script's text by its path or name; empty if it is no script


def no_script(_: str) -> str:
    """No word names a script."""
    return ""


def timer_faults(timer: Unit, exists: Exists = unknown) -> Iterator[str]:
    """Why a timer never starts its unit, or only after weeks. `updates` asks what systemd says about its calendar."""
    yield from surely_false(timer, exists)
    times = timer.pairs("Timer", TIMES)
    if not times:
        yield "it has no time"
    elif all(key in _AGAIN for key, _ in times):
        only = " and ".join(sorted({key for key, _ in times}))
        yield f"nothing starts its unit for the first time: it has only {only}"
    elif all(key not in ("OnCalendar", *_AGAIN) and seconds(span) > _LONGEST_TIME for key, span in times):
        yield f"it waits for more than a year: {', '.join('='.join(row) for row in times)}"
    for key in _DELAYS:
        if seconds(delay := timer.last("Timer", key)) > _LONGEST_DELAY:
            yield f"{key}={delay} delays it by weeks"


def service_faults(service: Unit, exists: Exists = unknown) -> Iterator[str]:
    """Why a service that updates never ends its work, whatever its program is."""
    yield from surely_false(service, exists)
    for key in ("ExecCondition", "ExecStartPre"):
        yield from (f"{key}={line} always fails" for line in service.values("Service", key) if _stops(line))
    user = service.last("Service", "User")
    if user not in _ROOT or is_true(service.last("Service", "DynamicUser")):
        yield f"it runs as {user or 'a user of its own'}, and only root may update"
    if service.last("Service", "RootDirectory") not in ("", "/") or service.last("Service", "RootImage"):
        yield "it runs in another root"
    for key, why in _CUTS_OFF.items():
        if is_true(service.last("Service", key)):
            yield f"with {key}= {why}"
    for section, key in _RUN_LIMITS:
        if 0 < seconds(limit := service.last(section, key)) < _SHORTEST_RUN:
            yield f"{key}={limit} stops it before an update is there"
    kind = service.last("Service", "Type")
    if kind in _WAITS_FOR_A_MESSAGE:
        yield f"Type={kind} waits for a message that bootc never sends"
    if kind != "oneshot" and len(service.values("Service", "ExecStart")) > 1:
        yield "several ExecStart= need Type=oneshot"


def update_fault(service: Unit, read: Read = no_script, *, boots: bool = False) -> str:
    """Why a service's programs do not update the machine; empty if they do.

    `boots` says whether something else boots a new image, so that the service need not.
    """
    ran = list(_ran(service, read))
    said = f"{service.name} runs {', '.join(service.values('Service', 'ExecStart')) or 'nothing'}"
    if not any(map(_updates, ran)):
        return said
    if looks := only_looks(service, read):
        return looks
    after = (*service.values("Service", "ExecStartPost"), *service.values("Service", "ExecStopPost"))
    boots = boots or reboots([*ran, *(words for line in after for words in of_line(line))])
    boots = boots or service.last("Unit", "SuccessAction").startswith("reboot")
    applied = boots or any("--apply" in words for words in filter(_updates, ran))
    return "" if applied else f"nothing boots the update: {said}"


def only_looks(service: Unit, read: Read = no_script) -> str:
    """What says that a service looks for an update and takes none; empty if it takes one, or runs something else."""
    updates = list(filter(_updates, _ran(service, read)))
    looking = bool(updates) and all(any(word in _ONLY_LOOKS for word in words) for words in updates)
    return f"it takes no update: it runs {', '.join(service.values('Service', 'ExecStart'))}" if looking else ""


def _ran(service: Unit, read: Read) -> Iterator[Command]:
    """The commands of a service as far as none surely fails."""
    for line in service.values("Service", "ExecStart"):
        if _stops(line):
            return
        yield from ran_by(line, service, read)


def _updates(words: Command) -> bool:
    return _BOOTC.fullmatch(words[0]) is not None and arguments(words)[:1] in _UPDATES


def ran_by(line: str, unit: Unit, read: Read) -> Iterator[Command]:
    """The commands of a unit's line, and those of a script that it names.

    A script may go back to the previous system, because it can look first, as greenboot's health check does.
    """
    said = (word for each in unit.values("Service", "Environment") for word in _words(each))
    values = dict(word.split("=", 1) for word in said if "=" in word)
    for words in of_line(line, values):
        yield words
        for word in words:
            if script := read(word):
                yield from filterfalse(_goes_back, commands(script))


def _goes_back(words: Command) -> bool:
    """Whether a command makes the machine boot its previous system."""
    return basename(words[0]) in ("bootc", "rpm-ostree") and arguments(words)[:1] == ["rollback"]


def _words(line: str) -> Sequence[str]:
    return [word.strip("\"'") for word in line.split()]


def _stops(line: str) -> bool:
    return fails(line) and not re.match(r"[@:+!|]*-", line)
