"""One lab: a world's registries and hosts in their own namespaces, and a command in them; nothing stays afterwards."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lab import checkout, start
from lab.hosts import tls
from lab.make import cache, debian, podman
from lab.world import World
from tasks.model.errors import TaskError

_GRACE_SECONDS = 15
_HIDDEN = Path("/dev/shm")  # noqa: S108  (inside.py mounts another one there)
_RUN = Path("/run/custom-coreos")  # a fresh file system in each lab, so mounts of a killed lab are gone
# Each names the file of trusted authorities.
AUTHORITY = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
_DROPPED = ("GH_TOKEN", "REGISTRY_AUTH_FILE", "SSL_CERT_DIR", "PYTHONPATH", "DOCKER_CONFIG")


def run(world: World, command: str | None, state: Path, prepare: Callable[[], None]) -> int:
    """Run a bash command in the lab, or a shell if there is none; return its exit status.

    `prepare` fills the state folder first, while no other process has a lab open in it.
    """
    debian.require_family()
    if world.real:
        debian.require_release(world.name)
    if state.resolve().is_relative_to(_HIDDEN):
        why = f"the lab has a {_HIDDEN} of its own, so it would not see the clone there"
        raise TaskError("the lab could not be opened", why, "move the clone to a folder on a disk")
    with _held(state):
        podman.require_storage(state, "move the clone to a folder on a disk")
        podman.require_storage(cache.folder(), "set a folder on a disk: export CUSTOM_COREOS_CACHE=…")
        prepare()
        checkout.prepare_own_keys(state.parent)
        tls.make(state / "tls")
        shutil.rmtree(state / "run", ignore_errors=True)
        (state / "run").mkdir()
        try:
            return _wait(_start(world, command, state))
        finally:
            podman.remove_cgroups()


def remove_all(states: Path) -> None:
    """Remove the folders of all labs; refuse while one is in use."""
    with ExitStack() as held:
        for lock in states.glob("*/lock"):
            held.enter_context(_held(lock.parent))  # lock all before removing the first
        _remove(states)
        checkout.remove_empty_key_folders()


def clear(state: Path) -> None:
    """Remove the contents of a lab's folder; the caller has the lab open."""
    for path in state.iterdir():
        if path.name != "lock":
            _remove(path)


def _remove(state: Path) -> None:
    try:
        if state.is_dir():
            shutil.rmtree(state)
        else:
            state.unlink(missing_ok=True)
    except OSError as error:
        hint = "if root owns it: sudo ./inv lab-clean"
        raise TaskError(f"{state} could not be removed", error.strerror or str(error), hint) from error


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Hold the state folder: two labs in one folder would damage each other's storage."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            why = f"process {lock.read().strip() or '?'} has a lab open in {state}"
            raise TaskError("this lab is in use", why, "leave that lab, or choose another world with -w") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _start(world: World, command: str | None, state: Path) -> subprocess.Popen[bytes]:
    """Start the first process of the new namespaces; it ends with us, and every process in them ends with it."""
    request = json.dumps({"world": world.name, "command": command, "state": str(state)})
    argv = [*podman.NAMESPACES, "--net", *start.argv("lab.inside", request)]
    try:
        return subprocess.Popen(argv, env=_environment(state, world))
    except OSError as error:
        raise TaskError("the lab could not be opened", f"{argv[0]}: {error.strerror}", "run it with ./inv") from error


def _environment(state: Path, world: World) -> dict[str, str]:
    """Return a program's environment in the lab: its own home, the lab's authority, no login, no proxy of ours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED and not name.lower().endswith("_proxy") and not name.startswith(("XDG_", "GITHUB_"))
    }
    authority = str(state / "tls/ca.pem")
    home = state / "home"
    (home / ".config/containers").mkdir(parents=True, exist_ok=True)
    configured = podman.configure(home / ".config/containers", state / "storage", _RUN)
    authorities = dict.fromkeys(AUTHORITY, authority)
    path = {"PATH": f"{start.ROOT}:{kept.get('PATH', os.defpath)}", "HOME": str(home), "CUSTOM_COREOS_LAB": world.name}
    path |= {"XDG_CACHE_HOME": f"{state}/cache", "CUSTOM_COREOS_LAB_CACHE": f"{state}/cache/custom-coreos"}
    return {**kept, **configured, **authorities, **path}


def _wait(lab: subprocess.Popen[bytes]) -> int:
    """Return the command's exit status. Ctrl-C reaches the command too, so it gets 15 s to end, maybe with success."""
    try:
        return lab.wait()
    except KeyboardInterrupt as interrupt:
        if type(interrupt) is KeyboardInterrupt:
            with suppress(subprocess.TimeoutExpired):
                if lab.wait(_GRACE_SECONDS) == 0:
                    return 0
        raise
    finally:
        lab.kill()
        lab.wait()
