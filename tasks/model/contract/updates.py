"""What must hold so that an image's machines update themselves, and only in one way."""

import re
from collections.abc import Iterable, Iterator

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.report import Check
from tasks.model.kernel_arguments import masked_unit

TIMER, SERVICE = "bootc-fetch-apply-updates.timer", "bootc-fetch-apply-updates.service"
_UPGRADE = re.compile(r"(?:^|[\s/])bootc\s+(?:-\S+\s+)*(?:upgrade|update)\b")
TIMES = ("OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")
_OTHERS = re.compile(
    r"zincati\.service|rpm-ostreed-(automatic|upgrade-reboot)\.(timer|service)|dnf5?-automatic(-\w+)?\.(timer|service)|"
    r"packagekit-offline-update\.service|(uupd|ublue-update|bootc-update)\.(timer|service)"
)
_OFF = ("disabled", "masked", "masked-runtime", "not-found", "")


def update_promises(image: ImageFacts) -> Iterator[Check]:
    """Every promise about updates."""
    yield Check(name="update-timer", promise="systemd accepts the update timer, which has a time", fault=_timer(image))
    yield Check(name="update-service", promise="the timer starts bootc's update", fault=_service(image))
    yield Check(name="updaters", promise="only the timer starts updates", fault=_updaters(image))


def _timer(image: ImageFacts) -> str:
    if not image.all("timer-checked"):
        return "systemd-analyze could not be asked"
    wanted = f"timers.target {TIMER}" in image.all("wanted")
    times = effective(image.all("timer-line"), TIMES)
    faults = [
        *image.all("timer-fault"),
        *([] if wanted else [f"timers.target does not want {TIMER}"]),
        *([] if times else ["it has no time"]),
        *(f"{spec} never comes" for spec in image.all("timer-never")),
    ]
    return "; ".join(faults)


def _service(image: ImageFacts) -> str:
    state = image.units.get(SERVICE, "")
    if state in _OFF:
        return f"{SERVICE} is {state or 'missing'}"
    masked = [argument for argument in image.all("kernel-argument") if masked_unit(argument) in (TIMER, SERVICE)]
    if masked:
        return f"the kernel gets {', '.join(masked)}"
    started = next(iter(effective(image.all("timer-line"), ("Unit",))[-1:]), SERVICE)
    if started != SERVICE:
        return f"the timer starts {started}"
    programs = effective(image.all("service-line"), ("ExecStart",))
    if not any(map(_UPGRADE.search, programs)):
        return f"{SERVICE} runs {', '.join(programs) or 'nothing'}"
    return "" if image.all("bootc") else "there is no program bootc"


def effective(lines: Iterable[str], keys: Iterable[str]) -> list[str]:
    """The values that a unit and its drop-ins give to settings; an empty one takes back all before it."""
    values: list[str] = []
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() in keys:
            values = [*values, value.strip()] if value.strip() else []
    return values


def _updaters(image: ImageFacts) -> str:
    """What starts updates besides the timer: at boot, or from another updater."""
    wanted = [tuple(row.split(" ", 1)) for row in image.all("wanted") if " " in row]
    running = set(image.all("updates")) - {SERVICE}
    timers = {f"{unit.removesuffix('.service')}.timer" for unit in running}
    wrong = [
        f"{target} starts {unit}"
        for target, unit in wanted
        if _OTHERS.fullmatch(unit) or unit in running | timers or unit == SERVICE
    ]
    return ", ".join(dict.fromkeys(wrong))
