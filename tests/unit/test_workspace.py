"""Files are written completely or not at all, and there is one folder for those that may be lost."""

import os
import stat
import threading
from pathlib import Path

import pytest

from tasks.clients import workspace
from tasks.clients.workspace import write_whole
from tasks.model.errors import TaskError


def test_a_file_is_replaced_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """The link's target is what is written."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    assert write_whole(tmp_path / "link", "new", mode=0o600)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"real", "link"}


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """`--lock /dev/stdout` put a file in its place, and as root `/dev/null` too."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    assert write_whole(pipe, "whole")
    reader.join(5)
    assert read == ["whole"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_goes_into_the_image_is_listed_with_its_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A script that loses its x bit is another image, and so is a link with another target."""
    monkeypatch.setattr(workspace, "ROOT", tmp_path)
    (tmp_path / "Containerfile").write_text("FROM x")
    (tmp_path / "README.md").write_text("no input")
    (tmp_path / "overlay-root/etc").mkdir(parents=True)
    (tmp_path / "overlay-root/etc/script").write_text("true")
    (tmp_path / "overlay-root/etc/script").chmod(0o744)
    (tmp_path / "overlay-root/folder").symlink_to("etc")
    assert list(workspace.build_inputs()) == [
        ("Containerfile", "file", b"FROM x"),
        ("overlay-root/etc/script", "executable", b"true"),
        ("overlay-root/folder", "link", b"etc"),
    ]
    (tmp_path / "overlay-root/etc/script").chmod(0o644)
    assert ("overlay-root/etc/script", "file", b"true") in list(workspace.build_inputs())


def test_host_files_are_those_that_hosts_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The image's probe lists the same; a private key is listed whatever it is called, so that it is found."""
    monkeypatch.setattr(workspace, "ROOT", tmp_path)
    read = {
        "etc/pki/cosign/cosign.pub", "etc/pki/cosign/ublue.pub", "etc/pki/cosign/old/.key",
        "etc/containers/policy.json",
        "etc/containers/registries.d/50-custom-coreos.yaml", "etc/containers/registries.d/.x.yaml",
        "root/.config/containers/policy.json", "var/roothome/.config/containers/registries.d/x.yaml",
    }  # fmt: skip
    others = {
        "etc/pki/cosign/.gitkeep", "etc/pki/cosign/README", "etc/pki/cosign/cosign.pub.bak", "etc/pki/cosign/.x.pub",
        "etc/pki/cosign/old/x.pub", "etc/containers/registries.d/README",
        "root/.config/containers/storage.conf",
    }  # fmt: skip
    for name in read | others:
        file = tmp_path / "overlay-root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("-----BEGIN PRIVATE KEY-----" if file.name == ".key" else "x")
    assert set(workspace.host_files().files) == read


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ((), "home/.cache/custom-coreos"),
        (("XDG_CACHE_HOME",), "XDG_CACHE_HOME/custom-coreos"),
        (("XDG_CACHE_HOME", "CUSTOM_COREOS_CACHE"), "CUSTOM_COREOS_CACHE"),
        (("XDG_CACHE_HOME", "CUSTOM_COREOS_CACHE", "CUSTOM_COREOS_LAB_CACHE"), "CUSTOM_COREOS_LAB_CACHE"),
    ],
)
def test_the_cache_is_where_the_launcher_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: tuple[str, ...], folder: str
) -> None:
    """The order is that of ./inv and of the lab's cache, so that one variable moves everything."""
    for name in ("XDG_CACHE_HOME", "CUSTOM_COREOS_CACHE", "CUSTOM_COREOS_LAB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in variables:
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert workspace.cache() == tmp_path / folder
    assert workspace.cache().is_dir()


def test_certificates_for_registries_are_shipped_with_keys_and_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host needs them to pull."""
    monkeypatch.setattr(workspace, "ROOT", tmp_path)
    names = ["etc/containers/certs.d/ghcr.io/client.cert", "etc/docker/certs.d/a/ca.crt", "etc/containers/storage.conf"]
    names.insert(0, "etc/docker/certs.d/a/my ca.crt")
    for name in names:
        path = tmp_path / "overlay-root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert sorted(workspace.host_files().files) == sorted(names[:3])


@pytest.mark.parametrize(
    ("content", "words"),
    {"a: b\n# für\n".encode("latin-1"): "line 2 has", b"\xff\xfea": "line 1 has"}.items(),
)
def test_a_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    """It says how to make it one; a missing file is another error."""
    file = tmp_path / "a"
    with pytest.raises(TaskError, match="No such file"):
        workspace.read_text(file)
    file.write_bytes(content)
    with pytest.raises(TaskError, match="save it as UTF-8") as refused:
        workspace.read_text(file)
    assert words in refused.value.why
