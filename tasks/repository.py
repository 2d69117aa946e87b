"""Repository: its settings on GitHub, as they must be."""

from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import say, table

if TYPE_CHECKING:
    from tasks.model.github.repo_settings import Standing


@task(help={"apply": "set what differs, where GitHub has an API for it"})
def repo_settings(c: Context, apply: bool = False) -> None:
    """Hold the repository's settings on GitHub against what the workflows need; exit 1 on a difference."""
    from tasks.clients import shell
    from tasks.clients.github import repo_settings
    from tasks.model.errors import TaskError
    from tasks.model.github.repo_settings import State
    from tasks.settings import read_settings

    name = read_settings(c.config).repository
    found = _standings(name)
    differing = [each for each in found if each.state is State.DIFFERS]
    if apply and not shell.Mode.dry:
        for each in differing:
            if each.can_apply:
                say(f"setting: {each.setting.name}")
                repo_settings.apply(name, each.setting)
        found = _standings(name)
        differing = [each for each in found if each.state is State.DIFFERS]
    table(("setting", "is", "wanted", ""), [each.row for each in found])
    if differing:
        why = ", ".join(each.setting.name for each in differing)
        hint = "./inv repo-settings --apply; the rest on the pages named above"
        number = f"{len(differing)} setting{'s' * (len(differing) > 1)}"
        raise TaskError(f"{number} of {name} not as wanted", why, hint)


def _standings(name: str) -> "list[Standing]":
    """Every setting as it is now, asked side by side."""
    from concurrent.futures import ThreadPoolExecutor

    from tasks.clients.github import packages, repo_settings
    from tasks.model.github.repo_settings import wanted

    with ThreadPoolExecutor() as pool:
        admin, kind = pool.submit(repo_settings.is_admin, name), pool.submit(packages.kind, name.partition("/")[0])
        settings = wanted(name, kind.result())
        answers = pool.map(lambda setting: repo_settings.read(name, setting), settings)
        return [
            setting.standing(*answer, admin=admin.result()) for setting, answer in zip(settings, answers, strict=True)
        ]
