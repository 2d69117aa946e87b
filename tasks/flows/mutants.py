"""Change the deciding modules, one small change at a time, and show each change that no test notices."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import sleep

from tasks.clients import cosmic_ray, workspace
from tasks.clients.cosmic_ray import Mutant, Outcome
from tasks.clients.workspace import ROOT
from tasks.console import say, table
from tasks.model.errors import TaskError

_TABLE = "tests/mutants.toml"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why no test can notice a change: patterns of what was there before and after, and the reason."""

    before: str
    why: str
    after: str = ".*"

    def covers(self, mutant: Mutant) -> bool:
        """Whether the change is one of those that are explained."""
        return bool(re.fullmatch(self.before, mutant.before) and re.fullmatch(self.after, mutant.after))


def show_unnoticed(words: Sequence[str]) -> None:
    """Run the tests on each changed module, or those whose path contains a word; stop at what nobody has explained."""
    data = tomllib.loads(workspace.read_text(ROOT / _TABLE))
    modules = {
        name: tests for name, tests in data["modules"].items() if not words or any(word in name for word in words)
    }
    if not modules:
        raise TaskError("no module is changed", f"none is called {' or '.join(words)}", f"see the list in {_TABLE}")
    explained = [Explanation(**each) for each in data["explained"]]
    survivors: list[Mutant] = []
    rows = []
    for outcome in _outcomes(modules):
        survivors += outcome.survivors
        rows.append((outcome.module, str(outcome.count), str(len(outcome.survivors))))
    table(("module", "changes", "unnoticed"), rows)
    left = [each for each in survivors if not any(reason.covers(each) for reason in explained)]
    for mutant in left:
        say(f"{mutant.module}, line {mutant.line}\n  - {mutant.before}\n  + {mutant.after}")
    stale = [reason.before for reason in explained if not words and not any(map(reason.covers, survivors))]
    for before in stale:
        say(f"explained, but noticed or no longer possible: {before}")
    if left or stale:
        what = f"{len(left)} changes are noticed by no test, and {len(stale)} explanations are out of date"
        raise TaskError(what, "see above", f"write a test that notices the change, or explain it in {_TABLE}")
    say(f"every change is noticed, or explained in {_TABLE}")


def _outcomes(modules: Mapping[str, Sequence[str]]) -> Iterator[Outcome]:
    """Change as many modules at a time as there are processors. A run that was interrupted goes on where it stopped."""
    folder = cosmic_ray.prepare()
    waiting = [cosmic_ray.Session(folder, module, tuple(tests)) for module, tests in modules.items()]
    running: list[cosmic_ray.Session] = []
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                running.append(waiting.pop(0))
                running[-1].start()
                say(f"{running[-1].module}: begins")
            for session in [each for each in running if each.has_ended]:
                running.remove(session)
                outcome = session.outcome()
                say(f"{session.module}: {outcome.count} changes, {len(outcome.survivors)} unnoticed")
                yield outcome
            sleep(0.2)
    finally:
        for session in running:
            session.stop()
