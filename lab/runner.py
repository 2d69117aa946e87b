"""A close copy of GitHub's runner: Debian 13, an ordinary user with sudo, and a rootless podman."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import session
from lab.make import cache, debian, roots
from lab.make.tool import call
from lab.start import ROOT

_HOME = "/home/runner"
_USER, _ID = "runner", 1001  # the name and user ID on GitHub's runner
_HERE = Path(__file__).parent
_KEPT = ".cache/custom-coreos"  # in the home folder: what ./inv installs; actions/cache restores it on GitHub
_RECIPE = re.compile(r"^[^#\n]*\./inv ([a-z][a-z-]+)", re.MULTILINE)
# Where the lab's own files are in the runner's root.
REPOSITORY, ACTIONS, ACT, SECRETS = "/lab/repository", "/lab/actions", "/lab/act", "/lab/secrets"


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """One lab's runner: a root and tools from the cache; the lab's state keeps the files that its user writes."""

    made: Path
    state: Path

    def prepare(self, secrets: str) -> None:
        """Create the folders that the runner's user may write, and write the secrets of a run."""
        home, own = self.state / "runner/home", self.state / "runner"
        folders = [home / _KEPT / name for name in _kept(self.made)]
        for folder in (*folders, own / "tmp", own / "var-tmp", self.state / "artifacts", self.state / "pages"):
            folder.mkdir(parents=True, exist_ok=True)
        (own / "secrets").touch(0o600)
        (own / "secrets").write_text(secrets)
        for each in (own, self.state / "artifacts", self.state / "pages", self.state / "checkout"):
            _own(each)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the command line that runs a program as the runner's user in the open lab."""
        own, authority = self.state / "runner", "/lab/ca.pem"
        binds = {
            own / "home": _HOME, own / "tmp": "/tmp", own / "var-tmp": "/var/tmp",  # noqa: S108  (the runner's /tmp)
            **{self.made / "tools" / name: f"{_HOME}/{_KEPT}/{name}" for name in _kept(self.made)},
            own / "secrets": SECRETS, self.state / "checkout": REPOSITORY, _HERE / "actions": ACTIONS,
            **{Path(shutil.which(name) or name): f"/lab/{name}" for name in ("act", "oras")},
            self.state / "artifacts": "/lab/artifacts", self.state / "pages": "/lab/pages",
            self.state / "tls/ca.pem": authority, Path("/etc/hosts"): "/etc/hosts",
        }  # fmt: skip
        variables = {
            "XDG_CONFIG_HOME": f"{_HOME}/.config", "XDG_RUNTIME_DIR": f"/run/user/{_ID}",
            **dict.fromkeys(session.AUTHORITY, authority),
            "LAB_REPOSITORY": REPOSITORY, "LAB_ARTIFACTS": "/lab/artifacts", "LAB_PAGES": "/lab/pages",
        }  # fmt: skip
        mounts = [f"{source}:{target}" for source, target in binds.items()]
        return roots.enter(self.made / "root", _USER, ["cgroup2", "ro", *mounts], variables, words)


def made() -> Path:
    """Return a folder with the runner's root and the tools of the workflows' recipes.

    `./inv setup` installed the tools there, as the runner's user.
    """
    bare = debian.bare("trixie")
    workflows = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yaml"))
    recipes = sorted(set(_RECIPE.findall(workflows)) - {"setup", "test"})
    sources = [ROOT / "inv", ROOT / "uv.lock", *sorted(path for path in (ROOT / "tools").rglob("*") if path.is_file())]

    def make(target: Path) -> None:
        root, home = target / "root", target / "home"
        roots.unpack(bare, root)
        roots.add_user(root, _USER, _ID)
        tools = home / _KEPT
        tools.mkdir(parents=True)
        if (cache.folder().parent / "go").exists():  # already built here from the same pins
            shutil.copytree(cache.folder().parent / "go", tools / "go", ignore=lambda *_: {"workshop"})
        _own(home)
        words = ["cgroup2", f"{home}:{_HOME}", f"{ROOT}:{_HOME}/checkout", *roots.machine_files()]
        setup = [f"{_HOME}/checkout/inv", "setup", ",".join(recipes)]
        call(roots.enter(root, _USER, words, roots.machine_settings(), setup))
        tools.rename(target / "tools")
        shutil.rmtree(home)

    return cache.entry("runner", [bare.parent.name, *recipes, Path(__file__), _HERE / "make/enter.sh", *sources], make)


def _kept(folder: Path) -> list[str]:
    """List the folders that `./inv setup` filled."""
    return sorted(path.name for path in (folder / "tools").iterdir() if path.is_dir())


def _own(folder: Path) -> None:
    """Give a folder and everything in it to the runner's user."""
    call(["chown", "--recursive", "--no-dereference", f"{_ID}:{_ID}", str(folder)])
