"""The page and its folder, made in the lab and checked with a real browser."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tasks.clients import serving
from tests.lab.conftest import ROOT, Clone, assert_three_lines, fresh_clone

PHONE, DESKTOP = (360, 740), (1280, 900)
FILES = {"index.html", "ignition.json", "ignition.json.sha512", "cosign.pub", "versions.json"}


@dataclass(frozen=True, slots=True)
class Site:
    """The clone, its folder, and the address that serves it."""

    clone: Clone
    folder: Path
    url: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the folder of a repository with a season of published images on this machine, as `inv serve` does."""
    clone = fresh_clone(tmp_path_factory.mktemp("site") / "custom-coreos")
    with serving.listen("localhost", "0") as server:
        done = clone.lab(f"cd {clone.path} && inv keygen && inv site --base-url {server.base_url}", "season")
        assert done.returncode == 0, done.stderr
        folder = clone.path / "site"
        threading.Thread(target=server.serve, args=[folder], daemon=True).start()
        yield Site(clone, folder, server.base_url)
        server.shutdown()
    clone.inv("lab-clean")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield launched
        launched.close()


def hash_of(content: bytes) -> str:
    return f"sha512-{hashlib.sha512(content).hexdigest()}"


def test_the_folder_holds_what_it_should_and_nothing_else(site: Site) -> None:
    """It has six files; the sums, the key and the answer for programs are right."""
    assert {path.name for path in site.folder.iterdir()} == FILES
    subprocess.run(["sha512sum", "--check", "--quiet", "ignition.json.sha512"], cwd=site.folder, check=True)
    shipped = site.clone.own("overlay-root/etc/pki/cosign/cosign.pub")
    assert (site.folder / "cosign.pub").read_bytes() == shipped.read_bytes()
    schema = json.loads((ROOT / "schemas/versions.json").read_text())
    jsonschema.validate(json.loads((site.folder / "versions.json").read_text()), schema)


def test_every_machine_gets_key_policy_and_switch_with_the_image_s_own_bytes(site: Site) -> None:
    """The carried config has overlay-root's files, with overwrite, and the unit with the image's name."""
    from tasks.model.install import ignition

    document = (site.folder / "ignition.json").read_text()
    carried = ignition.decode(json.loads(document)["ignition"]["config"]["merge"][0]["source"])
    files = {file["path"]: file for file in json.loads(carried)["storage"]["files"]}
    overlay = site.clone.own("overlay-root")
    shipped = [path for path in overlay.rglob("etc/**/*") if path.is_file()]
    assert {f"/{path.relative_to(overlay)}" for path in shipped} < files.keys()
    assert all(file["overwrite"] for file in files.values())
    for path in shipped:
        contents = files[f"/{path.relative_to(overlay)}"]["contents"]
        said = ignition.decode(contents["source"], compressed=contents.get("compression") == "gzip")
        assert said == path.read_text()
    (unit,) = json.loads(carried)["systemd"]["units"]
    assert unit["enabled"] is True
    assert "IMAGE=ghcr.io/samhclark/custom-coreos:stable\n" in unit["dropins"][0]["contents"]
    switched_off = site.clone.lab("inv ignition --no-switch && cat ignition.json", "season").stdout
    config = json.loads(switched_off.partition("\n")[2])["ignition"]["config"]
    assert "systemd" not in json.loads(ignition.decode(config["merge"][0]["source"]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_page_renders_for_anyone(site: Site, browser: Browser, size: tuple[int, int], scheme: str) -> None:
    """Axe-core finds no violation, the console is empty, no request leaves, nothing is wider than the screen."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url)
    for closed in page.locator("details").all():
        closed.locator("summary").click()
    page.screenshot(path=site.clone.path.parent / f"{size[0]}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert said == []
    assert all(url.startswith((site.url, "data:")) for url in asked)
    context.close()


def test_the_image_grows_older_on_a_page_that_stands_still(site: Site, browser: Browser) -> None:
    """A month later, without a new page, the age has grown, and the page says that builds may have stopped."""
    page = browser.new_page()
    page.goto(site.url)
    since = datetime.fromisoformat(page.locator("[data-since]").get_attribute("data-since") or "")
    assert page.locator("#old").is_hidden()
    page.clock.set_fixed_time(since + timedelta(days=30))
    page.reload()
    assert page.locator("[data-since]").inner_text() == "30 days"
    assert page.locator("#old").is_visible()
    page.close()


def line_of(page: Page) -> str:
    """Return the line that a person types."""
    return page.locator("#install").inner_text()


@pytest.mark.parametrize("clipboard", [True, False])
def test_the_button_copies_the_very_line(site: Site, browser: Browser, clipboard: bool) -> None:
    """The keyboard is enough; it also works if the page has no clipboard, as over http on the LAN."""
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    if not clipboard:
        page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.goto(site.url)
    page.get_by_role("button", name="Copy the line").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == line_of(page)
    context.close()


def test_without_scripts_the_line_is_there_and_is_true(site: Site, browser: Browser) -> None:
    """Its address serves the file that has its hash; the page hides a button that does nothing."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    words = shlex.split(line_of(page))
    assert words[:3] == ["sudo", "coreos-installer", "install"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    served = page.request.get(options["--ignition-url"]).body()
    assert options["--ignition-hash"] == hash_of(served)
    assert page.get_by_role("button").count() == 0
    for heading in ("What the image contains now", "Verify the signature yourself", "The last images"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert re.search(r"core: .*SHA256:", page.get_by_role("region", name="Who can log in to it").inner_text())
    assert page.get_by_text(re.compile("packages? upgraded")).first.is_visible()
    context.close()


def test_the_commands_for_a_running_machine_are_true(site: Site, browser: Browser, tmp_path: Path) -> None:
    """They run as printed, with a folder as the root and fakes of sudo, bootc and systemctl."""
    page = browser.new_page(java_script_enabled=False)
    page.goto(site.url)
    page.get_by_text("key and policy first").click()
    script = page.locator("#switch").inner_text()
    page.close()
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, body in (("sudo", 'exec "$@"'), ("bootc", f'echo "$@" > {tmp_path}/switched'), ("systemctl", "")):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    moved = re.sub(r"(?<=[\s])/etc/", f"{tmp_path}/etc/", script)
    subprocess.run(["bash", "-euc", f"PATH={tools}:$PATH\n{moved}"], check=True, capture_output=True)
    overlay = site.clone.own("overlay-root")
    for path in (path for path in overlay.rglob("etc/**/*") if path.is_file()):
        assert (tmp_path / path.relative_to(overlay)).read_bytes() == path.read_bytes()
    expected = "switch --enforce-container-sigpolicy ghcr.io/samhclark/custom-coreos:stable\n"
    assert (tmp_path / "switched").read_text() == expected


@pytest.mark.full
def test_a_base_url_with_a_path_is_taken_and_what_is_none_is_refused(site: Site) -> None:
    """The line names the file below that path; a query or a space would change what people type."""
    done = site.clone.lab("inv site --out other --base-url https://nas.example/a/b", "season")
    assert done.returncode == 0, done.stderr
    assert "--ignition-url https://nas.example/a/b/ignition.json " in (site.clone.path / "other/index.html").read_text()
    for wrong in ("nas.example", "https://nas.example/?a=b", "https://nas example/", "ftp://nas.example/"):
        assert_three_lines(site.clone.lab(f"inv site --base-url '{wrong}'", "season"), "is not a base URL")


def test_a_folder_with_anything_else_in_it_is_left_alone(site: Site) -> None:
    """It has a stray file or another project's page, or is a file itself."""
    for name, content in (("notes.txt", "mine"), ("index.html", "<p>another page")):
        folder = site.clone.path / f"foreign-{name}"
        folder.mkdir()
        (folder / name).write_text(content)
        assert_three_lines(site.clone.lab(f"inv site --out {folder.name}", "season"), "is not overwritten", name)
        assert {path.name: path.read_text() for path in folder.iterdir()} == {name: content}
    (site.clone.path / "plain").write_text("")
    assert_three_lines(site.clone.lab("inv site --out plain", "season"), "is not overwritten")
    assert not list(site.clone.path.glob(".*.??????*/new"))


SERVED = """
import subprocess, sys, time, urllib.request, http.client, signal, hashlib, re
argv = ["inv", "serve", "--port", "8123", "--address", "127.0.0.1"]
serve = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
for line in serve.stderr:
    sys.stderr.write(line)
    if line.startswith("open this page"):
        break
page = urllib.request.urlopen("http://127.0.0.1:8123/").read().decode()
url, digest = re.search(r"--ignition-url (\\S+) --ignition-hash (\\S+?)<", page).groups()
assert digest == "sha512-" + hashlib.sha512(urllib.request.urlopen(url).read()).hexdigest()
for path in ("/../invoke.yaml", "/%2e%2e/invoke.yaml", "/..%2finvoke.yaml", "//etc/passwd", "/etc/passwd"):
    asked = http.client.HTTPConnection("127.0.0.1", 8123)
    asked.request("GET", path)
    assert asked.getresponse().status == 404, path
second = subprocess.run(["inv", "serve", "--port", "8123"], capture_output=True, text=True)
assert second.returncode == 1 and "port 8123 cannot be opened" in second.stderr, second.stderr
serve.send_signal(signal.SIGINT)
sys.stderr.write(serve.stderr.read())
sys.exit(serve.wait())
"""


def test_the_same_is_served_on_the_lan_until_ctrl_c(site: Site) -> None:
    """The line's hash matches the served file; only the site is served; requests are reported; Ctrl-C ends it."""
    (site.clone.path / "served.py").write_text(SERVED)
    done = site.clone.lab(f"cd {site.clone.path} && {sys.executable} served.py", "season")
    assert done.returncode == 0, done.stderr
    assert 'GET /ignition.json HTTP/1.1" 200' in done.stderr
    assert 'GET /%2e%2e/invoke.yaml HTTP/1.1" 404' in done.stderr
    assert "open this page for the install command: http://127.0.0.1:8123/" in done.stderr
    assert done.stderr.rstrip().endswith("stopped")
