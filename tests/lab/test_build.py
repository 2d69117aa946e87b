"""Podman and dnf build the image from digests, and a failed build leaves nothing behind."""

import os
import re
import signal
import subprocess
import time

import pytest

from tasks.clients import shell
from tasks.model.errors import TaskError
from tests.lab.conftest import Clone, assert_three_lines

IMAGES = "podman images --all --quiet --no-trunc; podman ps --all --external --quiet"


def test_a_built_image_is_skipped_until_something_changes(built: Clone) -> None:
    """If it is up to date, `build` prints one line and exits with 0; --rebuild builds anyway."""
    done = built.lab("inv build && podman inspect --format {{.Created}} custom-coreos:stable")
    assert done.returncode == 0
    assert "custom-coreos:stable is up to date" in done.stderr
    again = built.lab("inv build --rebuild && podman inspect --format {{.Created}} custom-coreos:stable")
    assert again.stdout.splitlines()[-1] != done.stdout.splitlines()[-1]


SAID = ["::error::not ours", "##[error]not ours", 'Get "https://b.example/x?sig=secret": reset']


def test_what_a_build_prints_gives_github_no_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GitHub obeys lines like these until `::stop-commands::TOKEN`, and again after the token; signatures stay out."""
    for where in ("true", ""):
        monkeypatch.setenv("GITHUB_ACTIONS", where)
        with pytest.raises(TaskError, match=r'sh ended with 1: Get "https://b\.example/x\?…": reset'):
            shell.run(["sh", "-c", 'for line; do echo "$line"; done; exit 1', "sh", *SAID], what="it failed")
        printed = capsys.readouterr().err.splitlines()
        if where:
            first, last = printed.pop(0), printed.pop()
            assert re.fullmatch("::stop-commands::[0-9a-f]{32}", first)
            assert last == f"::{first.rpartition(':')[2]}::"
        assert printed[1:] == [*SAID[:2], 'Get "https://b.example/x?…": reset']


@pytest.mark.full
def test_a_changed_overlay_is_built(own_clone: Clone) -> None:
    """The fingerprint covers the overlay's content and its executable bits, not the README."""
    fingerprints = "inv versions --lock x.lock.json > /dev/null && grep inputs x.lock.json"
    before = own_clone.lab(fingerprints).stdout
    window = "overlay-root/usr/lib/systemd/system/bootc-fetch-apply-updates.timer.d/50-window.conf"
    (own_clone.path / window).chmod(0o700)
    executable = own_clone.lab(fingerprints).stdout
    own_clone.replace(window, "03", "04")
    changed = own_clone.lab(fingerprints).stdout
    assert len({before, executable, changed}) == 3
    (own_clone.path / "README.md").write_text("another")
    assert own_clone.lab(fingerprints).stdout == changed


def test_a_dry_run_shows_and_does_nothing(own_clone: Clone) -> None:
    """`inv -R` prints podman's command line, and makes no image, Lock or Ignition file."""
    done = own_clone.lab("inv -R build && inv -R versions --lock x.lock.json && inv -R ignition && podman images -q")
    assert done.returncode == 0, done.stderr
    assert "$ podman build --layers=false" in done.stderr
    assert "built; next" not in done.stderr
    assert not [path.name for path in own_clone.path.iterdir() if path.name in ("x.lock.json", "ignition.json")]
    assert done.stdout.splitlines()[-1].startswith("sha512-")


def test_verify_passes_on_the_built_image_and_its_lock(built: Clone) -> None:
    """The image keeps every promise, including the Lock's."""
    done = built.lab("inv verify custom-coreos:stable --lock everyday.lock.json")
    assert done.returncode == 0, done.stderr
    assert "FAILED" not in done.stdout
    assert "lock-custom-coreos.inputs" in done.stdout


@pytest.mark.full
@pytest.mark.parametrize("packages", ["", "htop", "cockpit"])
def test_packages_are_built_verified_and_labelled_as_they_are_set(own_clone: Clone, packages: str) -> None:
    """The cases: no package, one without a unit, one with its own preset. Tailscale's preset then does not count."""
    own_clone.replace("invoke.yaml", "packages: [tailscale]", f"packages: [{packages}]")
    if packages == "cockpit":
        preset = "overlay-root/usr/lib/systemd/system-preset/10-custom-coreos-cockpit.preset"
        (own_clone.path / preset).write_text("enable cockpit.socket\n")
    labels = "podman inspect --format '{{index .Labels \"org.opencontainers.image.description\"}}' custom-coreos:stable"
    done = own_clone.lab(f"inv build && inv verify custom-coreos:stable && {labels}")
    assert done.returncode == 0, done.stderr
    assert ("package-" in done.stdout) == bool(packages)
    assert "tailscale" not in done.stdout
    assert ("cockpit.socket is enabled" in done.stdout) == (packages == "cockpit")
    assert done.stdout.splitlines()[-1].endswith("with " + ", ".join(filter(None, ("OpenZFS 2.4.4", packages))))


@pytest.mark.full
@pytest.mark.parametrize("umask", ["077", "027", "002"])
def test_the_umask_of_a_checkout_decides_no_mode_in_the_image(own_clone: Clone, umask: str) -> None:
    """A service without root reads what it needs, only root writes it, and programs can be started."""
    script = own_clone.path / "overlay-root/usr/libexec/own/script"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\ncat /etc/containers/policy.json /usr/lib/os-release\n")
    script.chmod(0o755)
    assert own_clone.lab("inv keygen").returncode == 0
    for path in (own_clone.path / "overlay-root").rglob("*"):  # as a clone under that umask
        path.chmod((0o777 if path.is_dir() or path == script else 0o666) & ~int(umask, 8))
    done = own_clone.lab(f"umask {umask}; inv build && inv verify custom-coreos:stable")
    assert done.returncode == 0, done.stderr
    inside = "podman run --rm --user 1000:1000 --network=none custom-coreos:stable"
    done = own_clone.lab(f"{inside} /usr/libexec/own/script && {inside} find /usr /etc -xdev ! -type l -perm /022")
    assert done.returncode == 0, done.stderr
    assert "sigstoreSigned" in done.stdout
    assert "OSTREE_VERSION" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("/")]


def test_against_the_matrix_only_with_force_and_a_loud_warning(clone: Clone) -> None:
    """--rebuild overrides nothing; --force builds and explains what that means."""
    assert_three_lines(clone.lab("inv build --rebuild", "beyond-matrix"), "nothing can be built", "--force")
    done = clone.lab("inv build-force && inv verify custom-coreos:stable", "beyond-matrix")
    assert done.returncode == 0, done.stderr
    assert "WARNING: OpenZFS 2.4.4 supports kernels 4.18 to 7.2, and 7.3 is outside" in done.stderr


def test_kmods_for_another_kernel_are_refused_by_dnf_and_nothing_stays(clone: Clone) -> None:
    """The error gives dnf's reason, and no image or container is left."""
    done = clone.lab(f"{IMAGES}; echo --; inv test-build; status=$?; {IMAGES}; exit $status", "wrong-kernel")
    why = "podman ended with 1: - nothing provides kernel-uname-r = 7.1.8-200.fc44.x86_64 needed by kmod-zfs"
    assert_three_lines(done, "custom-coreos:test could not be built", why)
    before, _, after = done.stdout.partition("--\n")
    assert before == after


def test_test_build_leaves_nothing_behind(clone: Clone) -> None:
    """It builds the image, verifies it and removes it."""
    done = clone.lab(f"{IMAGES}; echo --; inv test-build > /dev/null && {IMAGES}")
    assert done.returncode == 0, done.stderr
    before, _, after = done.stdout.partition("--\n")
    assert before == after


@pytest.mark.full
def test_every_build_argument_is_required(built: Clone) -> None:
    """Podman stops at an empty FROM; the first RUN names any other empty argument."""
    assert built.lab("podman build --layers=false .").returncode != 0
    images = "--build-arg BASE=localhost/custom-coreos:stable --build-arg KMODS=localhost/custom-coreos:stable"
    done = built.lab(f"podman build --layers=false {images} --build-arg KERNEL_VERSION=7.1.9-200.fc44.x86_64 .")
    assert done.returncode != 0
    assert "build argument ZFS_VERSION is empty" in done.stderr
    wrong = (
        f"{images} --build-arg KERNEL_VERSION=7.1.8-1.fc44.x86_64 --build-arg ZFS_VERSION=2.4.4 --build-arg PACKAGES=x"
    )
    done = built.lab(f"podman build --layers=false {wrong} .")
    assert "the base has kernel 7.1.9-200.fc44.x86_64, the Lock says 7.1.8-1.fc44.x86_64" in done.stderr


@pytest.mark.full
def test_a_full_disk_is_told(clone: Clone) -> None:
    """If the layers do not fit, the error has three lines and there is no image."""
    full = "mkdir -p $HOME/../storage && mount -t tmpfs -o size=40m none $HOME/../storage"
    done = clone.lab(f"{full} && inv build", "slow")
    assert_three_lines(done, "custom-coreos:stable could not be built", "no space left on device")


def test_a_connection_cut_in_a_layer_is_told(clone: Clone) -> None:
    """Podman tries again on its own; then the error quotes podman."""
    assert_three_lines(clone.lab("inv build", "quay-cut"), "custom-coreos:stable could not be built")


def test_ctrl_c_in_the_middle_of_a_build(clone: Clone) -> None:
    """It exits with 1 and three lines, and leaves no processes, containers or images."""
    argv = [str(clone.path / "inv"), "lab", "-w", "label-null", "--", "inv build"]
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=clone.path)
    assert child.stderr
    for line in child.stderr:
        if "Running transaction" in line or "STEP 6" in line:
            os.killpg(child.pid, signal.SIGINT)
            break
    said = child.stderr.read()
    assert child.wait(30) == 1, said
    assert "interrupted" in said
    assert "Traceback" not in said
    left = clone.lab("podman ps --all --external --quiet; podman images --all | grep custom-coreos", "label-null")
    assert left.stdout == ""
    time.sleep(0.1)
    assert processes_of(clone) == []


def processes_of(clone: Clone) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(clone.path) in line]


HELPERS = """unset BUILDAH_ISOLATION; mkdir -p ~/helpers; printf '#!/bin/sh\\nexit 1\\n' > ~/helpers/{name}
chmod +x ~/helpers/{name}
cat "${{CONTAINERS_CONF_OVERRIDE:-/dev/null}}" > ~/override.conf
grep -q engine ~/override.conf || echo '[engine]' > ~/override.conf
echo "helper_binaries_dir = ['$HOME/helpers']" >> ~/override.conf; export CONTAINERS_CONF_OVERRIDE=~/override.conf
"""


@pytest.mark.full
def test_where_no_network_can_be_made_a_build_runs_in_a_chroot_and_says_so(own_clone: Clone) -> None:
    """A trial finds out: the program that creates podman's network fails."""
    done = own_clone.lab(f"{HELPERS.format(name='netavark')} inv build")
    assert done.returncode == 0, done.stderr
    assert "the steps of this build run in a chroot, with this machine's network: " in done.stderr
    assert "--isolation=chroot" in done.stderr
    told = own_clone.lab(f"{HELPERS.format(name='netavark')} inv doctor --json").stdout
    assert "build steps run in a chroot" in told


def test_a_podman_that_lacks_its_helpers_is_told_before_anything_is_pulled(own_clone: Clone) -> None:
    """The error quotes podman."""
    done = own_clone.lab(f"{HELPERS.format(name='nothing')} inv build")
    assert_three_lines(done, 'could not find "netavark"')
    assert "Trying to pull" not in done.stderr
