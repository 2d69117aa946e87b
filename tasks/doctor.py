"""Doctor: is everything here that the recipes need, and what installs it."""

from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from tasks.console import answer_json, say, table

if TYPE_CHECKING:
    from tasks.model.doctor import Finding

_PATIENCE_SECONDS = 15  # podman is tried in about 3


@task(help={"json": "print JSON"})
def doctor(c: Context, json: bool = False) -> None:
    """Look at tools, logins, keys, matrix and disk; every line with what mends it; exit 1 on a failure."""
    from concurrent.futures import ThreadPoolExecutor, wait

    from tasks.flows.doctor import looks
    from tasks.model.doctor import Finding, State, of_error
    from tasks.model.errors import TaskError
    from tasks.settings import read_settings

    pool = ThreadPoolExecutor(48)  # nobody waits for a slow host when the time is over
    asked = {name: pool.submit(look) for name, look in looks(read_settings(c.config)).items()}
    wait(asked.values(), timeout=_PATIENCE_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    found = []
    for name, look in asked.items():
        if not look.done():
            found.append(Finding(name, State.WARNING, f"no answer within {_PATIENCE_SECONDS} s", "try again"))
            continue
        try:
            found.append(look.result())
        except TaskError as error:
            found.append(of_error(name, State.WARNING, error))
    _show(found, json=json)
    failed = [finding.name for finding in found if finding.state is State.FAILED]
    if failed:
        what = f"{len(failed)} of {len(found)} things are wrong"
        raise TaskError(what, ", ".join(failed), "type what the lines above say")


def _show(found: "list[Finding]", *, json: bool) -> None:
    if json:
        answer_json([
            {"name": each.name, "state": each.state, "told": each.told, "mend": each.mend or None} for each in found
        ])  # fmt: skip
        return
    table(("", "", "", "what mends it"), [(each.state, each.name, each.told, each.mend) for each in found])


@task(help={"recipes": "names of recipes with commas between them, such as publish,promote"})
def setup(c: Context, recipes: str) -> None:  # noqa: ARG001  (Invoke's form)
    """Install what recipes need, and run none of them; a workflow does so before a step that holds a secret."""
    from tasks import ns
    from tasks.clients import host
    from tasks.model.errors import TaskError
    from tools.table import read_tools

    named, known = recipes.split(","), {name.replace("_", "-") for name in ns.tasks}
    unknown = [name for name in named if name not in known]
    if unknown:
        raise TaskError(f"there is no recipe {unknown[0]!r}", f"{recipes} names it", "list them all: ./inv --list")
    if not host.make_ready(named):
        raise Exit(code=1)  # it has said why
    missing = [tool.name for tool in read_tools() if any(map(tool.serves, named)) and not tool.is_there]
    if missing:
        why = f"{', '.join(missing)} cannot be found"
        raise TaskError(f"not all is here for {recipes}", why, f"install it: ./inv setup {recipes}")
    say(f"all is here for {recipes}")
