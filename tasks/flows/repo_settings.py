"""Repository: compare its settings on GitHub with what the workflows need, and set what differs."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tasks.clients import shell
from tasks.clients.github import packages
from tasks.clients.github import repo_settings as client
from tasks.console import say, table
from tasks.model.errors import TaskError
from tasks.model.github.repo_settings import SettingState, every_setting

if TYPE_CHECKING:
    from tasks.model.github.repo_settings import ActualSetting
    from tasks.settings.values import Settings


def repo_settings(settings: "Settings", *, apply: bool) -> None:
    """Show every setting next to the wanted value; with `apply`, set what differs."""
    name = settings.repository
    standings = _standings(name)
    differing = [each for each in standings if each.state is SettingState.DIFFERS]
    if apply and not shell.Mode.dry:
        for each in differing:
            if each.can_apply:
                say(f"setting: {each.setting.name}")
                client.apply(name, each.setting)
        standings = _standings(name)
        differing = [each for each in standings if each.state is SettingState.DIFFERS]
    table(("setting", "is", "wanted", ""), [each.row for each in standings])
    if differing:
        why = ", ".join(each.setting.name for each in differing)
        hint = "./inv repo-settings --apply; the rest on the pages named above"
        number = f"{len(differing)} setting{'s' * (len(differing) > 1)}"
        raise TaskError(f"{number} of {name} must change", why, hint)


def _standings(name: str) -> "list[ActualSetting]":
    """Read every setting's present value concurrently."""
    with ThreadPoolExecutor() as pool:
        admin, kind = pool.submit(client.is_admin, name), pool.submit(packages.kind, name.partition("/")[0])
        settings = every_setting(name, kind.result())
        answers = pool.map(lambda setting: client.read(name, setting), settings)
        return [
            setting.standing(*answer, admin=admin.result()) for setting, answer in zip(settings, answers, strict=True)
        ]
