"""Programs: `query` reads quietly, `run` changes something and is echoed. Both take argv, never a shell string."""

import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import sleep

from tasks.clients import audit, workflow_log
from tasks.console import say
from tasks.model import hints
from tasks.model.errors import TaskError
from tasks.model.words import without_signatures

QUERY_SECONDS = 120
RUN_SECONDS = 3600
_GRACE_SECONDS = 10
_PAUSES_SECONDS = (1, 3)  # between tries
_LOG_LINE = re.compile(r'time="[^"]*" level=\w+ msg="(.*)"')  # the log format of skopeo and podman
# Lines that follow the cause of a failed build: podman repeats the error, dnf adds advice.
_ADDED = re.compile(
    r'subprocess exited with status \d+|Error: building at STEP "RUN .*": exit status \d+'
    r"|\(try to add .*\)|You can try to add to command line:|--\S+ to skip .*"
)
_PANIC = (
    "panic: ",
    "fatal error: ",
)  # how the output of a crashed Go program begins; a trace of each goroutine follows
_GOROUTINE = re.compile(r"goroutine \d+ .*\[.*\]:")


class TooSlowError(TaskError):
    """A program did not finish in time."""


class LastWords:
    """The line that explains why a program failed: the last meaningful one, or the first one of a panic."""

    def __init__(self) -> None:
        self.line = ""
        self._panic = ""
        self._has_panicked = False

    def hear(self, line: str) -> None:
        """Take the next line of a program's output."""
        text = line.strip()
        if self._has_panicked or not text or _ADDED.fullmatch(text):
            return
        if line.startswith(_PANIC) and not self._panic:
            self._panic = text
        self._has_panicked = bool(self._panic) and _GOROUTINE.fullmatch(text) is not None
        self.line = self._panic if self._has_panicked else text


class Mode:
    """Whether `inv -R` runs the recipe; the Program sets it once."""

    dry = False


def query(
    argv: Sequence[str],
    *,
    what: str,
    stdin: str | None = None,
    seconds: float = QUERY_SECONDS,
    env: Mapping[str, str] | None = None,
    into: Path | None = None,
) -> str:
    """Run a program that only reads, also under `inv -R`, and return its output. `what` is an error's first line."""
    done = attempt(argv, what=what, stdin=stdin, seconds=seconds, env=env, into=into)
    if done.returncode:
        raise failed(argv, what, done.returncode, done.stderr)
    return done.stdout or ""


def attempt(
    argv: Sequence[str],
    *,
    what: str,
    stdin: str | None = None,
    seconds: float = QUERY_SECONDS,
    env: Mapping[str, str] | None = None,
    into: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program that only reads and leave its exit status to the caller.

    `env` replaces the environment; `into` is a file for what the program prints.
    """
    try:
        with audit.reported(shlex.join(argv)), into.open("wb") if into else nullcontext(subprocess.PIPE) as printed:
            return subprocess.run(
                argv, input=stdin if stdin is not None else "", stdout=printed, stderr=subprocess.PIPE,
                encoding="utf-8", errors="replace", timeout=seconds, check=False, env=env,
            )  # fmt: skip
    except OSError as error:
        raise _not_started(argv, what, error) from error
    except subprocess.TimeoutExpired as error:
        raise _too_slow(argv, what, seconds) from error


def refusal(
    argv: Sequence[str], *, what: str, seconds: float, refuses: Callable[[str], bool],
    hint: Callable[[str], str] = hints.after,
) -> str:  # fmt: skip
    """Why a program that checks something refuses it; empty if it accepts.

    `refuses` knows the words of a refusal. Whatever else ends the program has refused nothing: it is run again, and
    then this stops with `hint` of the cause.
    """
    for pause in (0, *_PAUSES_SECONDS):
        sleep(pause)
        done = attempt(argv, what=what, seconds=seconds)
        if not done.returncode:
            return ""
        cause = last_line(done.stderr) or last_line(done.stdout) or f"{argv[0]} ended with {done.returncode}"
        if refuses(cause):
            return cause
    raise TaskError(what, f"{cause} (tried {1 + len(_PAUSES_SECONDS)} times)", hint(cause))


def last_line(output: str) -> str:
    """The last line of a program's output that is not empty."""
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")


@workflow_log.without_commands()
def run(
    argv: Sequence[str],
    *,
    what: str,
    seconds: float = RUN_SECONDS,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    descriptors: Sequence[int] = (),
    hint: str = "",
    tries: int = 1,
) -> bool:
    """Run a program that changes something, echoed on stderr; False under `inv -R`, which only shows it.

    An error's next step follows from the error; it is `hint` where that is unknown, or where a login is refused. After
    a failure of the network it is run again, up to `tries` times. `env` replaces the environment; `descriptors` stay
    open in the program, under the same numbers.
    """
    sys.stderr.write(f"$ {shlex.join(argv)}\n")
    if Mode.dry:
        return False
    for pause in (*_PAUSES_SECONDS[: tries - 1], 0):
        status, cause = _run(argv, what, seconds, env, cwd, descriptors)
        if not pause or not status or not hints.is_passing(cause):
            break
        say(f"{what}: {cause[:200]}; trying again in {pause} s")
        sleep(pause)
    if status:
        raise TaskError(what, failed(argv, what, status, cause).why, hints.following(cause, hint))
    return True


def _run(
    argv: Sequence[str], what: str, seconds: float, env: Mapping[str, str] | None, cwd: Path | None,
    descriptors: Sequence[int],
) -> tuple[int, str]:  # fmt: skip
    """Run a program once, and return its exit status and the line that explains a failure."""
    try:
        with audit.reported(shlex.join(argv)):
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", errors="replace", env=env, cwd=cwd, pass_fds=descriptors,
            )  # fmt: skip
            cause = _follow(child, argv, seconds)
    except OSError as error:
        raise _not_started(argv, what, error) from error
    except subprocess.TimeoutExpired as error:
        raise _too_slow(argv, what, seconds) from error
    return child.returncode, cause


def _follow(child: subprocess.Popen[str], argv: Sequence[str], seconds: float) -> str:
    """Pass on a child's output until it ends; stop it if we are interrupted or it takes too long."""
    words = LastWords()
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        child.kill()

    timer = threading.Timer(seconds, expire)
    timer.start()
    try:
        for line in child.stdout or ():
            sys.stderr.write(without_signatures(line))
            sys.stderr.flush()
            words.hear(line)
        child.wait()
    finally:
        timer.cancel()
        _end(child)
    if expired.is_set():
        raise subprocess.TimeoutExpired(argv, seconds)
    return words.line


def _end(child: subprocess.Popen[str]) -> None:
    """Stop a child: let it clean up, and kill it if that takes too long."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def failed(argv: Sequence[str], what: str, status: int, output: str) -> TaskError:
    """The error for a failed program, with the last line of its own output."""
    return TaskError(
        what, f"{argv[0]} ended with {status}: {last_words(output)}", f"run it yourself: {shlex.join(argv)}"
    )


def last_words(output: str) -> str:
    """The last meaningful line of a program's output, without its log format."""
    words = LastWords()
    for line in output.splitlines():
        words.hear(line)
    last = without_signatures(words.line) or "it printed nothing"
    message = _LOG_LINE.fullmatch(last)
    return message[1].replace('\\"', "'") if message else last


def _not_started(argv: Sequence[str], what: str, error: OSError) -> TaskError:
    if isinstance(error, FileNotFoundError):
        return TaskError(
            what,
            f"{argv[0]} is not on the PATH",
            "call the recipe through ./inv, which installs what is missing",
        )
    return TaskError(what, f"{argv[0]}: {error.strerror}", f"run it yourself: {shlex.join(argv)}")


def _too_slow(argv: Sequence[str], what: str, seconds: float) -> TaskError:
    return TooSlowError(
        what, f"{argv[0]} did not finish within {seconds:.0f} s", f"try again, or run it yourself: {shlex.join(argv)}"
    )
