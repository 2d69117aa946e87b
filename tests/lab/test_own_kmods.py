"""Kmods in our own repository: when they are due, how they get there, and which of them builds use."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked, fresh_clone
from tests.lab.published import IMAGE, LOGIN

NEWER = "7.2.1-200.fc44.x86_64"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone that ships a key; each of its labs takes the private half from a file."""
    made = fresh_clone(tmp_path_factory.mktemp("own-kmods") / "custom-coreos")
    done = made.lab(f"cd {made.path} && inv keygen --key {made.path.parent}/signing.key")
    assert done.returncode == 0, done.stderr
    yield made
    made.inv("lab-clean")


def decided(clone: Clone, world: str) -> dict[str, Any]:
    """Return the answer of `inv versions`, and its outputs for the next steps in GitHub Actions."""
    file = clone.path / "outputs.txt"
    file.unlink(missing_ok=True)
    done = clone.lab(f"cd {clone.path} && GITHUB_OUTPUT={file} inv versions --json --lock {clone.path}/a.lock", world)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = checked(done.stdout, "versions")
    lines = file.read_text().splitlines()
    outputs = {line.partition("<<")[0]: lines[number + 1] for number, line in enumerate(lines) if "<<end-" in line}
    return found | {"outputs": outputs}


def test_kmods_that_nobody_built_in_a_day_are_due_and_the_best_pair_is_locked_meanwhile(keyed: Clone) -> None:
    """They are due after the release has waited thirty hours, but not after five."""
    found = decided(keyed, "late")
    assert (found["verdict"], found["chosen"]["kernel"]) == ("BUILD", "7.1.9-200.fc44.x86_64")
    assert found["kmods_due"] == {"zfs": "2.4.4", "kernel": NEWER}
    assert found["outputs"]["kmods_due"] == f"zfs-2.4.4_kernel-{NEWER}"
    assert json.loads((keyed.path / "a.lock").read_text())["kernel"] == "7.1.9-200.fc44.x86_64"
    waiting = decided(keyed, "waiting")
    assert (waiting["kmods_due"], waiting["outputs"]["kmods_due"]) == (None, "")


def test_without_a_key_none_are_due(clone: Clone) -> None:
    """Kmods that nobody can sign are not built."""
    assert decided(clone, "late")["kmods_due"] is None


def test_kmods_are_saved_or_pushed(keyed: Clone) -> None:
    """A file is for a push from another machine; with both options, nothing is saved or pushed."""
    both = f"inv build-kmods --zfs 2.4.4 --kernel {NEWER} --push --save {keyed.path}/both.tar"
    assert_three_lines(keyed.lab(both, "late"), "--save and --push cannot be combined")
    assert not (keyed.path / "both.tar").exists()


@pytest.mark.full
def test_kmods_are_handed_over_as_a_file_pushed_once_and_used(keyed: Clone) -> None:
    """Two processes build them once, without a key; they are signed where the key is; a second push changes nothing."""
    ask = f"inv build-kmods --zfs 2.4.4 --kernel {NEWER}"
    two = f"{ask} > ~/one & {ask} --save {keyed.path}/kmods.tar > ~/two && wait $! && cmp ~/one ~/two"
    made = keyed.lab(f"{two} && podman rmi -af > /dev/null", "late")
    assert made.returncode == 0, made.stderr
    assert "another run builds localhost/custom-coreos-kmods" in made.stderr
    assert made.stderr.count("Successfully tagged") == 1
    push = f"cd {keyed.path} && export SIGNING_KEY=$(cat ../signing.key) && {LOGIN}; {ask}"
    pushed = keyed.lab(f"{push} --load kmods.tar --push && {ask} --push", "late")
    assert pushed.returncode == 0, pushed.stderr
    first, second = pushed.stdout.split()
    assert first == second
    assert first.startswith("ghcr.io/samhclark/custom-coreos-kmods@sha256:")
    assert "exists already, signed" in pushed.stderr
    found = decided(keyed, "late")
    assert (found["verdict"], found["kmods_due"]) == ("BUILD", None)
    assert found["chosen"]["kmods_repository"] == "ghcr.io/samhclark/custom-coreos-kmods"
    assert json.loads((keyed.path / "a.lock").read_text())["kmods"] == first
    done = keyed.lab(f"cd {keyed.path} && export SIGNING_KEY=$(cat ../signing.key); inv publish --lock a.lock", "late")
    assert done.returncode == 0, done.stderr
    assert decided(keyed, "late")["verdict"] == "SKIP"


def plant(clone: Clone, kind: str, world: str = "late") -> None:
    """Put kmods that no build may take under the tag of the newest release's pair."""
    foreign = f"tests/lab/foreign-kmods.sh {kind} zfs-2.4.4_kernel-{NEWER} {clone.path.parent}/signing.key"
    planted = clone.lab(f"{LOGIN}; cd {clone.path} && {foreign}", world)
    assert planted.returncode == 0, planted.stderr


@pytest.mark.parametrize("kind", ["unsigned", "wrongly-signed"])
def test_kmods_that_no_shipped_key_signed_are_absent_and_due(keyed: Clone, kind: str) -> None:
    """A rotation leaves such kmods behind: a note names them, and the older pair is built until they are replaced."""
    plant(keyed, kind, "late-archive-down")  # where no other test has published anything
    found = decided(keyed, "late-archive-down")
    assert (found["verdict"], found["chosen"]["kernel"]) == ("BUILD", "7.1.9-200.fc44.x86_64")
    assert found["outputs"]["kmods_due"] == f"zfs-2.4.4_kernel-{NEWER}"
    (note,) = (note for note in found["notes"] if "does not count" in note)
    assert note.startswith(f"{IMAGE}-kmods:zfs-2.4.4_kernel-{NEWER} does not count: no key that ships signed it: ")


@pytest.mark.full
@pytest.mark.parametrize(("kind", "outlook"), [("unsigned", "waits-for-kmods"), ("other-labels", "ready")])
def test_the_forecast_counts_no_kmods_that_builds_would_refuse(keyed: Clone, kind: str, outlook: str) -> None:
    """In this world, the streams ahead have the newer kernel."""
    plant(keyed, kind, "everyday")
    shown = checked(keyed.lab("inv forecast --json").stdout, "forecast")
    assert {each["outlook"] for each in shown["ahead"]} == {outlook}
    assert len([note for note in shown["notes"] if "does not count" in note]) == (kind == "unsigned")


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("other-labels", "kernel.version is '7.1.9-200.fc44.x86_64'"),
        ("other-packages", "its module package is kmod-zfs-7.1.9-200.fc44.x86_64-2.4.4-1.fc44.x86_64.rpm"),
        ("other-modules", "its module zfs is built for 7.1.9-200.fc44.x86_64"),
    ],
)
def test_foreign_kmods_in_our_repository_are_not_built_from(keyed: Clone, kind: str, why: str) -> None:
    """They are signed for another kernel than the tag's; the error says how to replace them."""
    plant(keyed, kind)
    done = keyed.lab("inv build", "late")
    what, command = "cannot build from ghcr.io/samhclark/custom-coreos-kmods@", "./inv build-kmods --zfs 2.4.4 --kernel"
    assert_three_lines(done, what, why, f"replace it: {command} {NEWER} --push")
    assert done.stdout == ""


@pytest.mark.full
def test_after_a_rotation_kmods_are_due_and_pushed_again(keyed: Clone) -> None:
    """The old key does not ship any more: decisions do without its kmods, and `--push` replaces them."""
    enter, push = f"{LOGIN}; cd {keyed.path}", f"inv build-kmods --zfs 2.4.4 --kernel {NEWER} --push"
    old = keyed.lab(f"{enter} && export SIGNING_KEY=$(cat ../signing.key); {push}", "late")
    assert old.returncode == 0, old.stderr
    assert decided(keyed, "late")["chosen"]["kernel"] == NEWER
    public = "overlay-root/etc/pki/cosign/cosign.pub"
    try:
        rotated = keyed.lab(f"cd {keyed.path} && mv {public} ../old.pub && inv keygen --key ../new.key", "late")
        assert rotated.returncode == 0, rotated.stderr
        found = decided(keyed, "late")
        assert found["kmods_due"] == {"zfs": "2.4.4", "kernel": NEWER}
        assert NEWER not in str(found["chosen"])  # an older pair, or none if another test has published this one
        done = keyed.lab(f"{enter} && export SIGNING_KEY=$(cat ../new.key); {push}", "late")
        assert done.returncode == 0, done.stderr
        assert "exists already, but builds refuse it: no key that ships signed it" in done.stderr
        assert decided(keyed, "late")["chosen"]["kernel"] == NEWER
    finally:
        keyed.lab(f"cd {keyed.path} && mv ../old.pub {public} && inv keygen --policy", "late")


@pytest.mark.full
def test_kmods_that_no_build_takes_are_replaced(keyed: Clone) -> None:
    """It checks what it pushes before signing it."""
    push = f"cd {keyed.path} && export SIGNING_KEY=$(cat ../signing.key); inv build-kmods --zfs 2.4.4 --kernel {NEWER}"
    plant(keyed, "unsigned")
    done = keyed.lab(f"{LOGIN}; {push} --push && inv build --rebuild", "late")
    assert done.returncode == 0, done.stderr
    assert "exists already, but builds refuse it" in done.stderr
    other = f"inv build-kmods --zfs 2.4.4 --kernel 7.1.9-200.fc44.x86_64 --save {keyed.path}/other.tar"
    refused = keyed.lab(f"{other}; {push.replace(NEWER, '7.2.2-200.fc44.x86_64')} --load other.tar --push", "late")
    assert_three_lines(refused, "is not zfs-2.4.4_kernel-7.2.2", "kernel.version is '7.1.9-200.fc44.x86_64'")
    assert "7.2.2" not in keyed.lab("skopeo list-tags docker://ghcr.io/samhclark/custom-coreos-kmods", "late").stdout


@pytest.mark.full
def test_cleanup_keeps_the_kmods_that_a_kept_image_names_and_the_newest_pairs(keyed: Clone) -> None:
    """One plan covers both packages: an older pair is deleted, and `stable` can still be built from its kmods."""
    plant = f"tests/lab/foreign-kmods.sh unsigned zfs-2.4.4_kernel-{NEWER} none"
    both = [f"inv build-kmods --zfs 2.4.4 --kernel {kernel} --push" for kernel in (NEWER, "7.1.9-200.fc44.x86_64")]
    enter = f"cd {keyed.path} && export SIGNING_KEY=$(cat ../signing.key) GITHUB_TOKEN=lab-token; {LOGIN}"
    publish = f"inv publish --rebuild && inv lock {IMAGE}:stable"
    done = keyed.lab(f"{enter}; {plant}; {' && '.join(both)} && {publish}", "late")
    assert done.returncode == 0, done.stderr
    locked = json.loads(done.stdout[done.stdout.index("{") :])["kmods"]
    done = keyed.lab(f"{enter}; inv cleanup --retention-days 0 --keep 1 --json --force --apply", "late")
    assert done.returncode == 0, done.stderr
    fates = [each for each in json.loads(done.stdout)["versions"] if each["package"] == f"{IMAGE}-kmods"]
    assert any(fate["fate"] == "delete" for fate in fates)  # the foreign pair that was replaced
    kept = {fate["digest"]: fate["reason"] for fate in fates if fate["fate"] == "keep"}
    assert kept[locked.partition("@")[2]].startswith("the Lock of sha256:")
    left = json.loads(keyed.lab(f"skopeo list-tags docker://{IMAGE}-kmods", "late").stdout)["Tags"]
    assert f"zfs-2.4.4_kernel-{NEWER}" in left
    assert "candidate" in left  # that is the older pair, because it was pushed last
    again = keyed.lab(f"{enter}; podman rmi -af > /dev/null; inv build --rebuild", "late")
    assert again.returncode == 0, again.stderr
    shown = keyed.lab(f"{enter}; inv cleanup", "late").stdout
    assert "custom-coreos-kmods" in shown
    assert "versions stay, 0 may be deleted" in shown


@pytest.mark.full
def test_a_private_package_of_kmods_is_named_before_a_tag_names_them(keyed: Clone) -> None:
    """A build without a login could not pull them; the error has the page on which to make the package public."""
    enter = f"cd {keyed.path} && export SIGNING_KEY=$(cat ../signing.key); {LOGIN}"
    done = keyed.lab(f"{enter}; inv build-kmods --zfs 2.4.4 --kernel {NEWER} --push", "late-private")
    assert_three_lines(done, "the package is private", "samhclark/packages/container/custom-coreos-kmods/settings")
    tags = keyed.lab(
        f"{LOGIN}; skopeo list-tags --authfile ~/.docker/config.json docker://{IMAGE}-kmods", "late-private"
    )
    assert "candidate" in tags.stdout
    assert f"_kernel-{NEWER}" not in tags.stdout
