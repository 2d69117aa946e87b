"""Install Debian packages without asking questions and without removing anything."""

import os
import re
import shlex
import subprocess

from tools.report import SetupError

_REMOVES = "Packages need to be removed but remove is disabled"  # apt-get's words under --no-remove


def installed() -> set[str]:
    """Return the installed Debian packages."""
    listing = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\\n"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.startswith("ii")}


def install(packages: list[str]) -> None:
    """Install packages; refresh the package lists only if needed."""
    if not packages:
        return
    done = _apt_get("install", *packages)
    if done.returncode and _REMOVES not in done.stdout:
        listed = _apt_get("update")
        done = _apt_get("install", *packages) if listed.returncode == 0 else listed
    if done.returncode:
        raise _not_installed(packages, done)


def _apt_get(*words: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get without questions; it never removes an installed package."""
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


def _not_installed(packages: list[str], done: subprocess.CompletedProcess[str]) -> SetupError:
    """Return the error for packages that apt-get did not install."""
    what, by_hand = "Debian packages could not be installed", f"sudo apt-get install {shlex.join(packages)}"
    if _REMOVES in done.stdout:
        listed = re.search(r"^The following packages will be REMOVED:\n((?:  .*\n)+)", done.stdout, re.MULTILINE)
        lost = " ".join(listed[1].split()) if listed else "others"
        why = f"apt-get would have to remove {lost}, and ./inv never removes a package"
        return SetupError(what, why, by_hand, done.stdout)
    reason = next(iter(done.stdout.strip().splitlines()[-1:]), f"apt-get ended with {done.returncode}")
    hint = f"check the network, or type: sudo apt-get update && {by_hand}"
    return SetupError(what, reason, hint, done.stdout)
