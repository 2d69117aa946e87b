"""What Ignition makes of a config; tests/lab/test_merge.py asks Ignition itself."""

import base64
from typing import Any

import pytest

from tasks.model.install.merged import Finding, Merged, displaced
from tasks.model.signing import POLICY

EMPTY: dict[str, Any] = {"config": {}, "remote": [], "faults": [], "warnings": []}


def merged(config: dict[str, Any]) -> Merged:
    return Merged(config, (), (), ())


def resource(text: str) -> dict[str, str]:
    return {"source": f"data:;base64,{base64.b64encode(text.encode()).decode()}"}


def file(path: str, text: str = "", **more: object) -> dict[str, Any]:
    return {"path": path, "mode": 420, "contents": resource(text), **more}


def test_what_is_appended_belongs_to_a_file() -> None:
    """Also if nothing else writes it."""
    files = [file("/a", "one", append=[resource("two"), resource("three")]), {"path": "/b", "append": [resource("x")]}]
    found = merged({"storage": {"files": files}})
    assert (found.content("/a"), found.content("/b"), found.content("/c")) == ("onetwothree", "x", None)


def test_host_files_are_what_decides_about_images() -> None:
    """That includes root's own folder, which bootc would prefer."""
    paths = (f"/{POLICY}", "/etc/containers/registries.d/x.yaml", "/etc/pki/cosign/a.pub", "/etc/hostname")
    own = "/root/.config/containers/policy.json"
    found = merged({"storage": {"files": [file(path, path) for path in (*paths, own)]}}).host_files()
    assert found.files == {path[1:]: path.encode() for path in paths[:3]} | {own[1:]: b""}


def test_what_the_machine_fetches_is_no_host_file() -> None:
    """Its address is not its content; an append from an address makes all of it unknown."""
    fetched = [{"path": f"/etc/pki/cosign/{name}.pub", "contents": {"source": f"https://a/{name}"}} for name in "ab"]
    appended = file("/etc/containers/registries.d/x.yaml", "docker: {}", append=[{"source": "s3://a/b"}])
    assert merged({"storage": {"files": [*fetched, appended]}}).host_files().files == {}
    path = "/root/.config/containers/policy.json"  # what it says does not matter
    own = {"path": path, "contents": {"source": "https://a/b"}}
    assert merged({"storage": {"files": [own]}}).host_files().files == {path[1:]: b""}


def test_certificates_for_registries_are_host_files() -> None:
    """Also through a link; a folder with a file that nobody knows here is left out as a whole."""
    folder = "/etc/containers/certs.d"
    files = [file(f"{folder}/a/client.cert", "x"), file("/etc/mine.key", "y"),
             file("/etc/docker/certs.d/a/ca.crt", "z"), file(f"{folder}/b/client.cert", "x"),
             {"path": f"{folder}/b/client.key", "contents": {"source": "https://a/b"}},
             file(f"{folder}/c/client.cert", "x")]  # fmt: skip
    links = [{"path": f"{folder}/a/client.key", "target": "/etc/mine.key"},
             {"path": f"{folder}/c/client.key", "target": "/usr/share/x"}]  # fmt: skip
    found = merged({"storage": {"files": files, "links": links}}).host_files().files
    expected = {"containers/certs.d/a/client.cert": b"x", "containers/certs.d/a/client.key": b"y",
                "docker/certs.d/a/ca.crt": b"z"}  # fmt: skip
    assert found == {f"etc/{name}": content for name, content in expected.items()}


@pytest.mark.parametrize(
    ("why", "path", "place"),
    [
        ("error at $.storage.files.1.path, line 1 col 9: bad", "", ("storage", "files[/b]", "path")),
        ("after merging: error at $.storage.files.0: bad", "", ("storage", "files[/a]")),
        ("error at $.storage.files.7: bad", "", ("storage", "files", "7")),
        ("not a config (empty)", "merge[0]", ("ignition", "config", "merge[0]")),
        ("error at $.storage.files.0: bad", "merge[0].merge[1]", ("ignition", "config", "merge[0]", "merge[1]")),
        ("error at $: bad", "", ()),
    ],
)
def test_a_place_is_named_by_its_items(why: str, path: str, place: tuple[str, ...]) -> None:
    """Ignition counts them, in the config that it reads or in the merged one."""
    document, whole = {"storage": {"files": [{"path": "/x"}, {"path": "/b"}]}}, {"storage": {"files": [{"path": "/a"}]}}
    answer = {**EMPTY, "config": whole, "faults": [{"path": path, "why": why}]}
    (found,) = Merged.parse(answer, document).faults
    assert found.path == place
    assert "col" not in found.why
    assert found.why == why or "bad" in found.why


INTO = "json: cannot unmarshal {} into Go {}"


@pytest.mark.parametrize(
    ("why", "meaning"),
    {
        INTO.format("array", "value of type util.versionStub"): "it is no Ignition config, which is a JSON object",
        INTO.format(
            "array", "struct field Config.storage of type types.Storage"
        ): "storage must be an object, and is a list",
        INTO.format("object", "struct field Config.passwd.users of type []types.PasswdUser"): (
            "passwd.users must be a list, and is an object"
        ),
        INTO.format("string", "struct field File.storage.files.mode of type int"): (
            "storage.files.mode must be a number, and is a text"
        ),
        INTO.format("number", "struct field Unit.systemd.units.enabled of type bool"): (
            "systemd.units.enabled must be true or false, and is a number"
        ),
        "invalid character 'h' looking for beginning of value": "it is no Ignition config",
    }.items(),
)
def test_what_ignition_says_about_an_embedded_config_is_explained(why: str, meaning: str) -> None:
    """Its own words follow."""
    answer = {**EMPTY, "faults": [{"path": "merge[0]", "why": f"error at $, line 1 col 1: {why}"}]}
    (found,) = Merged.parse(answer, {}).faults
    assert found.why.startswith(meaning)
    assert found.why.endswith(f"{why} (line 1 of that config)")


@pytest.mark.parametrize(
    ("path", "text"),
    {
        "/a": "one", "/b": None, "/c": None, "/d": "one", "/e": "", "/f": None, "/x/g": "one", "/h": None,
    }.items(),
)  # fmt: skip
def test_what_a_program_reads_at_a_path(path: str, text: str | None) -> None:
    """Also through a link; what the machine fetches, or has itself, is not known here."""
    files = [file("/a", "one"), {"path": "/b", "contents": {"source": "https://a/b"}}, file("/x//g", "one")]
    links = {"/d": "a", "/e": "/dev/null", "/f": "/usr/a", "/h": "b"}
    storage = {"files": files, "links": [{"path": path, "target": target} for path, target in links.items()]}
    assert merged({"storage": storage}).read(path) == text


UNIT = {"name": "switch.service", "enabled": True, "contents": "[Unit]"}
OURS = {"storage": {"files": [file("/etc/a", "a")]}, "systemd": {"units": [UNIT]}}


def test_what_we_add_stays_what_it_is() -> None:
    """Ignition gives every field a value; files of others do not count, nor does a drop-in for a proxy."""
    same = {**OURS["storage"]["files"][0], "user": {"id": None, "name": "root"}, "group": {}, "append": []}
    for drop_ins in ([], [{"name": "proxy.conf", "contents": "[Service]\nEnvironment=HTTPS_PROXY=http://a:3128\n"}]):
        config = {"storage": {"files": [file("/etc/b"), same]}, "systemd": {"units": [{**UNIT, "dropins": drop_ins}]}}
        assert list(displaced(merged(config), OURS)) == []


def test_our_drop_in_stays_what_it_is() -> None:
    """Beside one for a proxy, which its owner may add."""
    image = {"name": "image.conf", "contents": "[Service]\nEnvironment=IMAGE=a\n"}
    proxy = {"name": "proxy.conf", "contents": "[Service]\nEnvironment=HTTPS_PROXY=http://a:3128\n"}
    ours = {"systemd": {"units": [{**UNIT, "dropins": [image]}]}}
    for drop_ins, passes in (
        ([proxy, image], True),
        ([image, proxy], True),
        ([proxy], False),
        ([{**image, **proxy}], False),
    ):
        config = {"systemd": {"units": [{**UNIT, "dropins": drop_ins}]}}
        assert (not list(displaced(merged(config), ours))) is passes


@pytest.mark.parametrize(
    "changes",
    [
        {"append": [resource("# mine")]}, {"mode": 384}, {"contents": resource("b")}, {"path": "/etc/other"},
        {"user": {"name": "core"}}, {"group": {"id": 1000}},
    ],
)  # fmt: skip
def test_a_file_of_ours_that_others_change_is_a_fault(changes: dict[str, Any]) -> None:
    """The machine would refuse every image, or take any."""
    config = {"storage": {"files": [{**file("/etc/a", "a"), **changes}]}, "systemd": {"units": [UNIT]}}
    (found,) = displaced(merged(config), OURS)
    assert found.path == ("storage", "files[/etc/a]")


@pytest.mark.parametrize(
    "changes",
    [
        {"mask": True}, {"enabled": False}, {"contents": "[Service]"}, {"name": "x.service"},
        {"dropins": [{"name": "zz.conf", "contents": "[Service]\nEnvironment=IMAGE=x"}]},
        {"dropins": [{"name": "zz.conf", "contents": "[Service]\nEnvironment=\n"}]},
    ],
)  # fmt: skip
def test_a_unit_of_ours_that_others_change_is_a_fault(changes: dict[str, Any]) -> None:
    """The machine would never switch."""
    config = {**OURS, "systemd": {"units": [{**UNIT, **changes}]}}
    assert list(displaced(merged(config), OURS)) == [
        Finding(
            ("systemd", "units[switch.service]"),
            "the machine would never switch, or to another image: leave it out, or use ./inv ignition --no-switch",
        )
    ]
