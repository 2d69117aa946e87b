"""What starts programs on a machine without a unit of its own: cron, rc.local, and NetworkManager's dispatcher."""

from collections.abc import Iterator

from tasks.model.commands import update
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.running import Running, ran_in, reader

_CRON = ("crond.service", "cron.service", "anacron.service", "anacron.timer", "cronie.service")
_RUN_PARTS = tuple(f"/etc/cron.{often}" for often in ("hourly", "daily", "weekly", "monthly"))
_TABLES = {"/etc/crontab": 6, "/etc/anacrontab": 3}  # the words before a command: its time, and in most its user
_DISPATCHED = ("/etc/NetworkManager/dispatcher.d", "/usr/lib/NetworkManager/dispatcher.d")
_AT_BOOT = ("/etc/rc.d/rc.local", "/etc/rc.local")
_NICKNAME = 2  # words before a command whose time is a name such as @daily
_RUNS = 0o111


def scheduled_updates(image: ImageFacts, running: Running) -> Iterator[str]:
    """Every file that updates the machine, if what reads such files runs there."""
    read = reader(image)
    for path, text in _texts(image, running):
        if done := update(ran_in(text, read)):
            yield f"{path} runs {done}"


def _texts(image: ImageFacts, running: Running) -> Iterator[tuple[str, str]]:
    tree = image.tree
    scripts = tree.files(*_DISPATCHED) | {path: tree.entries[path] for path in _AT_BOOT if path in tree.entries}
    if any(unit in running.later for unit in _CRON):
        scripts |= tree.files(*_RUN_PARTS)
        for path, before in {**_TABLES, **dict.fromkeys(tree.files("/etc/cron.d"), 6)}.items():
            yield path, "\n".join(_commands(tree.text(path), before))
    yield from ((path, entry.text) for path, entry in scripts.items() if entry.mode & _RUNS)


def _commands(table: str, before: int) -> Iterator[str]:
    """The commands of a cron table; lines that set a variable have none."""
    for line in map(str.strip, table.splitlines()):
        if line and not line.startswith("#"):
            words = line.split(maxsplit=_NICKNAME if line.startswith("@") else before)
            yield from words[_NICKNAME if line.startswith("@") else before :]
