"""Extend Invoke: list the recipes if none is given, and report every failure in three lines."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import invoke
from invoke import Exit, Program
from invoke.parser import ParserContext

from tasks.model.errors import TaskError

if TYPE_CHECKING:
    from invoke import Result

    _Called = str | tuple[str, dict[str, Any]] | ParserContext

_COMPLETION = Path(__file__).with_name("completion")


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a recipe as Ctrl-C does."""


class Executor(invoke.Executor):
    """Runs recipes; invoke.yaml names this class, so that plain Invoke reports failures as the launcher does."""

    def execute(self, *tasks: "_Called") -> dict["invoke.Task[Any]", "Result"]:
        """Run the recipes, and report any failure in three lines."""
        from tasks.clients.shell import Mode

        Mode.dry = bool(self.config.run.dry)
        signal.signal(signal.SIGTERM, _terminate)
        with _three_lines():
            return super().execute(*tasks)


class Recipes(Program):
    """Invoke's program for this repository's recipes."""

    ready: Path | None = None  # the launcher's folder; None installs nothing

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002  (Invoke's name)
        """Run, and report Invoke's own failures in three lines."""
        try:
            super().run(argv, exit)
        except BrokenPipeError:
            sys.exit(_reader_left())
        except Exception as error:
            if _debugs():
                raise
            print(_exit(_unexpected(error)).message, file=sys.stderr)
            sys.exit(1)

    def parse_core_args(self) -> None:
        """Print our own completion script if the user asks for one, because Invoke's needs `inv` on the PATH."""
        super().parse_core_args()
        script = _COMPLETION / f"inv.{self.args['print-completion-script'].value}"
        if script.is_file():
            print(script.read_text(), end="")
            raise Exit

    def execute(self) -> None:
        """Install what the recipes need in the launcher's folder, then run them."""
        if self.ready:
            from tasks.clients import host

            host.Launcher.ready = self.ready
            if not host.make_ready([_as_in_table(called) for called in self.tasks]):
                raise Exit(code=1)  # make_ready has printed why
        super().execute()

    def no_tasks_given(self) -> None:
        """Print every recipe, grouped by module, in the order of tasks.py."""
        for module, recipes in _grouped(self.collection).items():
            print(f"\n{module}")
            for name, line in recipes:
                print(f"  {name:<22}{line}")
        print("\nMore of each: ./inv --help RECIPE")
        raise Exit


def _as_in_table(called: ParserContext) -> str:
    """Return the recipe's name in tools.toml, where two kinds of tests have their own because they need other tools."""
    kinds = [kind for kind in ("unit", "mutants") if called.name == "test" and called.args[kind].value]
    return f"test --{kinds[0]}" if kinds else str(called.name)


def _grouped(collection: object) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, recipe in collection.tasks.items():  # type: ignore[attr-defined]  # Invoke's Collection is untyped
        module = sys.modules[recipe.body.__module__]
        title = (module.__doc__ or "").splitlines()[0].rstrip(".")
        groups.setdefault(title, []).append((name.replace("_", "-"), (recipe.__doc__ or "").splitlines()[0]))
    return groups


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


@contextmanager
def _three_lines() -> Iterator[None]:
    """Turn whatever ends a recipe into an error that Invoke prints, and annotate a failed run on GitHub with it."""
    try:
        yield
    except KeyboardInterrupt:
        why = "its child processes were stopped, and no half-written file remains"
        raise _exit(TaskError("interrupted", why, "run it again; it starts from the beginning")) from None
    except BrokenPipeError:
        raise Exit(code=_reader_left()) from None
    except Exit:
        raise
    except TaskError as error:
        raise _exit(error) from None
    except Exception as error:
        if _debugs():
            raise
        raise _exit(_unexpected(error)) from None


def _reader_left() -> int:
    """Print nothing more, because the reader of our output closed it, as `| head` does; return the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _debugs() -> bool:
    return "--debug" in sys.argv or "-d" in sys.argv


def _unexpected(error: Exception) -> TaskError:
    if isinstance(error, TaskError):  # before a recipe began
        return error
    if isinstance(error, ModuleNotFoundError):
        return TaskError(
            f"the Python package {error.name} is not installed", f"{sys.executable} has no such package",
            "run it with ./inv, which installs what is missing",
        )  # fmt: skip
    if isinstance(error, RecursionError):
        return TaskError(
            "something that was read here is nested too deeply", str(error),
            "look at the file or the address that the recipe read last; to see where: ./inv --debug …",
        )  # fmt: skip
    if getattr(error, "problem_mark", None):  # of Invoke's YAML parser, about another file than invoke.yaml
        from tasks.settings import invoke_yaml

        return invoke_yaml.not_yaml(error.problem_mark.name, error)  # type: ignore[attr-defined]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    why = " ".join(f"{type(error).__name__}: {error}".split())
    return TaskError(
        "unexpected error (this is a bug, please report it)",
        f"{why} ({Path(frame.filename).name}, line {frame.lineno})",
        "check the flags and invoke.yaml; to see the traceback, run: ./inv --debug …",
    )  # fmt: skip


def _exit(error: TaskError) -> Exit:
    """Return what makes Invoke print the error and exit with status 1; annotate a run on GitHub with it."""
    from tasks.clients.github import actions

    actions.error(error.what, f"{error.why}; next: {error.next}")
    return Exit(str(error), code=1)


def check_settings() -> None:
    """Stop if invoke.yaml has a mistake, before Invoke itself reads it and shows a traceback."""
    from tasks.settings.values import check_file

    if "--complete" not in sys.argv:  # Tab completes what it can
        with _three_lines():
            check_file()


def main(root: Path) -> None:
    """Run the recipes of `root`, from any working directory."""
    status: int | str | None = 0
    ready = os.environ.pop("CUSTOM_COREOS_READY", "")
    try:
        program = Recipes(name="inv", binary="inv", binary_names=["inv"])
        program.ready = Path(ready) if ready else None
        program.run([sys.argv[0], "--search-root", str(root), *sys.argv[1:]])
    except SystemExit as ended:
        status = ended.code
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)  # do not wait for abandoned reads
