"""Debian's packages: installed without a question, and without taking anything away."""

import os
import re
import shlex
import subprocess

from tools.report import SetupError

_REMOVES = "Packages need to be removed but remove is disabled"  # apt-get's words under --no-remove


def installed() -> set[str]:
    """The Debian packages that are installed here."""
    listing = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\\n"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.startswith("ii")}


def install(wanted: list[str]) -> None:
    """Install packages; the package lists are refreshed only when that is needed."""
    if not wanted:
        return
    done = _apt_get("install", *wanted)
    if done.returncode and _REMOVES not in done.stdout:
        listed = _apt_get("update")
        done = _apt_get("install", *wanted) if listed.returncode == 0 else listed
    if done.returncode:
        raise _not_installed(wanted, done)


def _apt_get(*words: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get without a question; it never removes a package that is here."""
    elevate = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = ["-q", "-y", "--no-install-recommends", "--no-remove", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    argv = [*elevate, "apt-get", *options, *words]
    try:
        return subprocess.run(
            argv, env=environment, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        return subprocess.CompletedProcess(argv, 1, f"{argv[0]}: {error.strerror}\n")


def _not_installed(wanted: list[str], done: subprocess.CompletedProcess[str]) -> SetupError:
    """The error for packages that apt-get did not install."""
    what, by_hand = "Debian packages could not be installed", f"sudo apt-get install {shlex.join(wanted)}"
    if _REMOVES in done.stdout:
        listed = re.search(r"^The following packages will be REMOVED:\n((?:  .*\n)+)", done.stdout, re.MULTILINE)
        lost = " ".join(listed[1].split()) if listed else "others"
        why = f"{lost} would have to be removed, and nothing here removes a package"
        return SetupError(what, why, by_hand, done.stdout)
    said = next(iter(done.stdout.strip().splitlines()[-1:]), f"apt-get ended with {done.returncode}")
    hint = f"check the network, or type: sudo apt-get update && {by_hand}"
    return SetupError(what, said, hint, done.stdout)
