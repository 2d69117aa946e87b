"""What must hold so that an image's machines update themselves, and only in one way."""

import re
from collections.abc import Iterator

from tasks.model.commands import reboots, switched_off_by, update
from tasks.model.contract.effect import TIMES, service_faults, timer_faults, update_fault
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.report import Check
from tasks.model.contract.running import Running, reader
from tasks.model.contract.schedules import scheduled_updates
from tasks.model.systemd import Unit

TIMER, SERVICE = "bootc-fetch-apply-updates.timer", "bootc-fetch-apply-updates.service"
_OTHERS = re.compile(
    r"zincati\.service|rpm-ostreed-(automatic|upgrade-reboot)\.(timer|service)|dnf5?-automatic(-\w+)?\.(timer|service)|"
    r"packagekit-offline-update\.service|(uupd|ublue-update|bootc-update)\.(timer|service)"
)
_COMES, _COMES_AGAIN = re.compile(r"Next elapse: (?!never|n/a)"), re.compile(r"Iter\S* #2: (?!never)")
_YEARS = re.compile(r"From now: (?!1 year)\d+ years? ")
_LOADED = (".service", ".target", ".timer", ".socket", ".path")  # other units can come of devices and tables


def update_promises(image: ImageFacts, running: Running) -> Iterator[Check]:
    """Every promise about updates."""
    timer, service = "; ".join(_timer(image, running)), "; ".join(_service(image, running))
    yield Check(name="update-timer", promise="systemd accepts the update timer, which has a time", fault=timer)
    yield Check(name="update-service", promise="the timer starts bootc's update", fault=service)
    found = ", ".join(dict.fromkeys((*_updaters(running), *scheduled_updates(image, running))))
    yield Check(name="updaters", promise="only the timer starts updates", fault=found)


def update_service(timer: Unit | None) -> str:
    """The unit that the update timer starts."""
    return (timer.last("Timer", "Unit") if timer else "") or SERVICE


def _timer(image: ImageFacts, running: Running) -> Iterator[str]:
    if not image.all("timer-checked"):
        yield "systemd-analyze could not be asked"
        return
    timer = running.files.unit(TIMER)
    if timer is None:
        yield f"{TIMER} is {running.lacks(TIMER)}"
        return
    yield from image.all("timer-fault")
    if TIMER not in running.boot and TIMER not in running.masked:
        yield f"nothing starts {TIMER} at boot"
    yield from timer_faults(timer, image.has)
    yield from _calendar(image, timer)
    yield from (f"it conflicts with {name}" for name in _conflicting(timer, running))
    yield from (f"it needs {name}, which is {why}" for name, why in _needs(timer, running))
    for name, ran in running.programs.items():
        if {TIMER, update_service(timer)} & set(switched_off_by(ran)):
            yield f"{name} switches it off"


def _calendar(image: ImageFacts, timer: Unit) -> Iterator[str]:
    """What systemd's own calendar says, if all its times are of the calendar and none is good."""
    answers = dict(row.partition(" => ")[::2] for row in image.all("calendar"))
    times = timer.pairs("Timer", TIMES)
    faults = [_never(answers.get(" ".join(value.split()), "")) if key == TIMES[0] else "" for key, value in times]
    if times and all(faults):
        yield from (f"{value} {fault}" for (_, value), fault in zip(times, faults, strict=True))


def _never(answer: str) -> str:
    """What is wrong with a calendar time; empty if nothing is, or if systemd was not asked about it."""
    if not answer or (_COMES.search(answer) and _COMES_AGAIN.search(answer) and not _YEARS.search(answer)):
        return ""
    if not _COMES.search(answer):
        return "never comes"
    return "comes only in years" if _YEARS.search(answer) else "comes only once"


def _service(image: ImageFacts, running: Running) -> Iterator[str]:
    timer = running.files.unit(TIMER)
    name = update_service(timer)
    if masked := [each for each in (TIMER, name) if each in running.masked]:
        yield f"the kernel gets {', '.join(f'systemd.mask={each}' for each in masked)}"
        return
    service = running.unit(name)
    if service is None:
        yield f"the timer starts {name}, which is {running.lacks(name)}"
        return
    if not image.all("bootc"):
        yield "there is no program bootc"
    yield from service_faults(service, image.has)
    if fault := update_fault(service, reader(image), boots=_reboots_later(running)):
        yield fault
    yield from (f"it needs {each}, which is {why}" for each, why in _needs(service, running))
    if TIMER in service.names("Conflicts"):
        yield f"it stops {TIMER}"


def _reboots_later(running: Running) -> bool:
    """Whether another unit reboots the machine, after its boot."""
    return any(reboots(ran) for name, ran in running.programs.items() if name not in running.boot)


def _conflicting(timer: Unit, running: Running) -> Iterator[str]:
    """The units of the boot that cannot run beside the timer."""
    own = timer.names("Conflicts")
    for name in running.boot:
        unit = running.unit(name)
        if name != TIMER and (name in own or (unit and TIMER in unit.names("Conflicts"))):
            yield name


def _needs(unit: Unit, running: Running) -> Iterator[tuple[str, str]]:
    for name in unit.names("Requires", "BindsTo", "Requisite"):
        if name.endswith(_LOADED) and (why := running.lacks(name)):
            yield name, why


def _updaters(running: Running) -> Iterator[str]:
    """The units that start updates besides the timer: at boot, later, or on a first boot."""
    ours = update_service(running.files.unit(TIMER))
    for name, starters in running.later.items():
        others = [each for each in starters or ("a preset",) if each != TIMER]
        done = update(running.programs.get(name, ()))
        if name == ours:
            yield from (f"{each} starts {name}" for each in others)
        elif _OTHERS.fullmatch(name) or done:
            yield from (f"{each} starts {name}{f', which runs {done}' if done else ''}" for each in starters or others)
