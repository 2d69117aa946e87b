"""The crash test: end `publish` at every moment around every call that it makes, and run it again after each.

    crashes.py CHECKOUT STATE kill 1 2  takes the first of two shares of all moments, and kills each run there
    crashes.py CHECKOUT STATE fail 1 2  lets each call hang, or fail after it was carried out

Runs in the lab. It prints one line of JSON for each run; the runs' output is in STATE/crashes.log.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.hosts.past_images import OWN

IMAGE = f"ghcr.io/{OWN}"
_SECONDS = 300
_CRASH = Path(__file__).with_name("crash.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One run that was ended, and the run after it."""

    how: str
    moment: int
    status: int  # of the run that was ended
    stable: str  # `old`, `new` or the tag's other digest afterwards
    accepted: bool  # a host accepts the image that stable points at
    again: int  # exit status of the run after it
    new_stable: bool  # afterwards stable is the new image, a host accepts it, and its records are complete


class Crashes:
    """One checkout in the lab, with an old image published and a new one due."""

    def __init__(self, checkout: Path, state: Path) -> None:
        self.checkout, self.state = checkout, state
        self.log = (state / "crashes.log").open("ab")
        self.repository = state / "registry/ghcr.io/docker/registry/v2/repositories" / OWN
        self.saved = state / "crashes.saved"
        self.old = ""

    def call(self, *argv: str, quiet: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program in the checkout."""
        errors = self.log if quiet else None
        return subprocess.run(
            argv, cwd=self.checkout, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=_SECONDS, check=False
        )

    def prepare(self) -> None:
        """Publish the old image and make the new one due."""
        login = "mkdir -p ~/.docker && podman login --authfile ~/.docker/config.json -u owner --password-stdin ghcr.io"
        for command in ("./inv keygen", f"{login} <<< lab-token", "./inv publish"):
            done = self.call("bash", "-c", command, quiet=False)
            if done.returncode:
                sys.exit(f"`{command}` ended with {done.returncode}")
        self.old = self.stable()
        motd = self.checkout / "overlay-root/etc/motd"
        motd.write_text("the new one\n")
        shutil.copytree(self.repository, self.saved)

    def reset(self, *, built: bool) -> None:
        """Restore the registry to its state before the new image; keep that image on this machine if `built`."""
        shutil.rmtree(self.repository)
        shutil.copytree(self.saved, self.repository)
        if not built:
            self.call("podman", "rmi", "--force", "localhost/custom-coreos:stable")

    def publish(self, how: str, moment: int) -> tuple[int, list[str]]:
        """Run publish under crash.py; return the exit status, and the call of each moment that it reached."""
        watched = self.state / "crashes.moments"
        watched.unlink(missing_ok=True)
        argv = [sys.executable, str(_CRASH), str(watched), how, str(moment), str(self.checkout), "publish"]
        status = self.call(*argv).returncode
        lines = watched.read_text().splitlines() if watched.exists() else []
        return status, [line.partition("\t")[2].replace("\t", " ") for line in lines]

    def stable(self) -> str:
        """Return the digest that the public tag points at."""
        link = self.repository / "_manifests/tags/stable/current/link"
        return link.read_text() if link.exists() else ""

    def accepted(self) -> bool:
        """Whether a host accepts the image that the public tag points at."""
        overlay, policy = self.checkout / "overlay-root", self.state / "crashes.policy.json"
        shipped = (overlay / "etc/containers/policy.json").read_text()
        policy.write_text(shipped.replace('"/etc/pki', f'"{overlay}/etc/pki'))
        registries = str(overlay / "etc/containers/registries.d")
        return self.call("host-policy", "accepts", str(policy), registries, f"{IMAGE}:stable").returncode == 0

    def recorded(self) -> bool:
        """Whether history shows that the public tag was promoted."""
        history = json.loads(self.call("./inv", "history", "--json").stdout or "{}").get("images", [])
        return any(image["stable"] and image["verified"] and image["signed"] for image in history)

    def one(self, how: str, moment: int, *, built: bool) -> Outcome:
        """End one run at a moment, read the tag, run again, read the tag again."""
        self.reset(built=built)
        status, _ = self.publish(how, moment)
        between = self.stable()
        accepted = self.accepted()
        again = self.call("./inv", "publish").returncode
        after = self.stable()
        return Outcome(
            how=how, moment=moment, status=status,
            stable="old" if between == self.old else "new" if between == after else between,
            accepted=accepted, again=again,
            new_stable=after not in ("", self.old) and self.accepted() and self.recorded(),
        )  # fmt: skip

    def moments(self) -> tuple[list[str], list[str]]:
        """Return the calls of two runs: one that builds, up to the build's end, and one that finds the image built."""
        self.reset(built=False)
        _, building = self.publish("count", 0)
        self.reset(built=True)
        _, pushing = self.publish("count", 0)
        end = next(number for number, call in enumerate(building) if call.startswith("after podman build")) + 1
        return building[:end], pushing


def main() -> None:
    """End runs at this share's moments: kill each; or hang before a call, and fail after it."""
    checkout, state, kills = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "kill"
    share, shares = map(int, sys.argv[4:])
    os.environ.pop("GITHUB_ACTIONS", None)
    crashes = Crashes(checkout, state)
    crashes.prepare()
    phases = crashes.moments()
    _tell({"calls": sum(len(calls) // 2 for calls in phases)})
    for calls, built in zip(phases, (False, True), strict=True):
        for number, call in enumerate(calls, 1):
            if (number + 1) // 2 % shares == share % shares:  # both sides of a call
                how = "kill" if kills else "hang" if call.startswith("before") else "fail"
                _tell({**asdict(crashes.one(how, number, built=built)), "call": call})


def _tell(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
