"""Invoke with our manners: an index when nothing is asked for, and three lines for every failure."""

import os
import signal
import sys
import traceback
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import FrameType

from invoke import Exit, Program

from tasks.model.errors import TaskError

_SPELLED = {("bench", "build-time"): "--only=build-time"}  # Invoke knows no optional positional


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a recipe as Ctrl-C does."""


class Recipes(Program):
    """Invoke's program for this repository's recipes."""

    ready: Path | None = None  # the launcher's folder; without one nothing is installed

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002  (Invoke's name)
        """Run, and turn whatever is left into three lines."""
        try:
            super().run(argv, exit)
        except TaskError as error:
            _end(error)
        except BrokenPipeError:  # who reads our answer has had enough, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except Exception as error:
            if "--debug" in sys.argv or "-d" in sys.argv:
                raise
            _end(_unforeseen(error))

    def execute(self) -> None:
        """Run the recipes, once the launcher's folder has what they need; Ctrl-C and SIGTERM end them in order."""
        from tasks.clients import machine
        from tasks.clients.shell import Mode

        machine.Launcher.ready = self.ready
        if not machine.make_ready([str(called.name) for called in self.tasks]):
            raise Exit(code=1)  # it has said why
        Mode.dry = bool(self.config.run.dry)
        signal.signal(signal.SIGTERM, _terminate)
        try:
            super().execute()
        except KeyboardInterrupt:
            why = "its children were ended and no half-written file stays"
            raise TaskError("interrupted", why, "run it again; it starts from the beginning") from None

    def no_tasks_given(self) -> None:
        """Print every recipe, grouped by module, in the order of tasks.py."""
        for module, recipes in _grouped(self.collection).items():
            print(f"\n{module}")
            for name, line in recipes:
                print(f"  {name:<22}{line}")
        print("\nMore of each: ./inv --help RECIPE")
        raise Exit


def _grouped(collection: object) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, recipe in collection.tasks.items():  # type: ignore[attr-defined]  # Invoke's Collection is untyped
        module = sys.modules[recipe.body.__module__]
        title = (module.__doc__ or "").splitlines()[0].rstrip(".")
        groups.setdefault(title, []).append((name.replace("_", "-"), (recipe.__doc__ or "").splitlines()[0]))
    return groups


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _unforeseen(error: Exception) -> TaskError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    why = " ".join(f"{type(error).__name__}: {error}".split())
    return TaskError(
        "this was not foreseen", f"{why} ({Path(frame.filename).name}, line {frame.lineno})",
        "check the flags and invoke.yaml; to see all of it, repeat with: ./inv --debug …",
    )  # fmt: skip


def _end(error: TaskError) -> None:
    from tasks.clients import actions

    actions.error(error.what, f"{error.why}; next: {error.hint}")
    print(error, file=sys.stderr)
    sys.exit(1)


def main(root: Path) -> None:
    """Run the recipes of `root` from wherever the user is."""
    status: int | str | None = 0
    ready = os.environ.pop("CUSTOM_COREOS_READY", "")
    try:
        words = [_SPELLED.get((before, word), word) for before, word in pairwise(sys.argv)]
        program = Recipes(name="inv", binary="inv")
        program.ready = Path(ready) if ready else None
        program.run([sys.argv[0], "--search-root", str(root), *words])
    except SystemExit as ended:
        status = ended.code
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)  # a slow read that nobody waits for any more holds nothing up
