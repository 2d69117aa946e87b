"""The folder for GitHub Pages: gather its contents concurrently, and render the page."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from tasks.clients import registry, serving, signer, workspace
from tasks.clients.github import actions, repo_settings
from tasks.console import answer, as_json, say
from tasks.flows import gather, history, ignition, keys, show
from tasks.model.errors import TaskError
from tasks.model.github.repo_settings import PAGES, SettingState
from tasks.model.image import ImageRef
from tasks.model.install import page
from tasks.model.install.login import logins
from tasks.model.registry.diff import differences
from tasks.model.signing import KEYS

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.model.registry.history import Promoted
    from tasks.model.registry.sbom import Listed
    from tasks.model.solver.solve import Decision
    from tasks.settings.values import Settings

_FOLDER = workspace.ROOT / "page"


def site(settings: "Settings", out: str, address: str, *, if_ready: bool) -> None:
    """Write the folder; with `if_ready`, write nothing if a new repository still lacks something."""
    missing = _lacking(settings) if if_ready else ""
    if missing:
        say(f"no page yet: {missing}")
        actions.notice("No page yet", missing)
        return
    address, target = page.base_url(address, settings.repository), Path(out)
    workspace.require_ours(target, page.NAMES, page.MARK)
    files = folder(settings, address)
    if workspace.write_folder(target, files):
        say(f"{target} contains {len(files)} files for {address}")
        actions.output("site", str(target))
        answer(target)


def serve(settings: "Settings", address: str, port: str) -> None:
    """Write the folder to a temporary directory, and serve it until Ctrl-C."""
    with serving.listen(address, port) as server, TemporaryDirectory() as place:
        for name, content in folder(settings, server.base_url).items():
            Path(place, name).write_bytes(content)
        say(f"open this page for the install command: {server.base_url}")
        server.serve(Path(place))


def _lacking(settings: "Settings") -> str:
    """Return what a new repository lacks for a page, and the fix; empty if nothing, or if GitHub does not answer."""
    if not workspace.host_files().has_key:
        return "no signing key ships; make a key and commit it: ./inv keygen"
    pages = PAGES.standing(*repo_settings.read(settings.repository, PAGES), admin=True)
    if pages.state is SettingState.DIFFERS:
        return f"GitHub Pages come from {pages.actual}, not from a workflow; turn them on: ./inv repo-settings --apply"
    return ""


def folder(settings: "Settings", base_url: str) -> dict[str, bytes]:
    """Return every file of the folder by name; stop at a secret, or if no key ships."""
    keys.require(settings)
    with ThreadPoolExecutor(3) as pool:
        installing = pool.submit(ignition.make, settings, switch=True)
        decided = pool.submit(gather.decide, settings)
        images = pool.submit(_images, settings)
        installation, decision, past = installing.result(), decided.result(), images.result()
    ignition.require_public(installation)
    shipped = workspace.host_files()
    document = installation.document.encode()
    return {
        page.IGNITION: document,
        f"{page.IGNITION}.sha512": f"{hashlib.sha512(document).hexdigest()}  {page.IGNITION}\n".encode(),
        **{PurePosixPath(path).name: shipped.files[path] for path in shipped.keys},
        "versions.json": f"{as_json(show.decision_document(decision))}\n".encode(),
        "index.html": render(_page(settings, base_url, installation, decision, past)).encode(),
    }


def _page(
    settings: "Settings", base_url: str, installation: "ignition.Installation", decision: "Decision",
    images: "tuple[page.Shown, ...]",
) -> page.Page:  # fmt: skip
    """Return what the page shows."""
    shipped = workspace.host_files()
    current = next((each.promoted.digest for each in images if each.promoted.current), "")
    return page.Page(
        image=settings.image,
        source=settings.source,
        base_url=base_url,
        hash=installation.hash,
        logins=logins.installed(installation.on_machine),
        fetched=installation.on_machine.remote,
        keys=tuple(PurePosixPath(path).name for path in shipped.keys),
        verifying=verifying(settings.image, current),
        policy={path: shipped.files[path].decode() for path in sorted(shipped.files) if not path.startswith(KEYS)},
        images=images,
        verdict=str(decision.verdict),
        reasons=decision.reasons,
        made=datetime.now(UTC),
        max_age_days=settings.max_age_days,
    )


def verifying(image: str, digest: str) -> str:
    """Return the name of the key that signed an image, or the first key's without a digest; empty if none signed it."""
    shipped = workspace.host_files()
    signers = signer.signers(ImageRef(image, digest), shipped) if digest else shipped.keys
    return PurePosixPath(next(iter(signers), "")).name


def _images(settings: "Settings") -> tuple[page.Shown, ...]:
    """Return the newest images with what changed in each; read their SBOMs concurrently."""
    try:
        newest = history.promoted(settings).images[: page.SHOWN + 1]
    except (registry.AbsentError, registry.HiddenError) as error:  # before the first image, with a login or without
        say(f"the page shows no images: {error.what}: {error.why}")
        return ()
    with ThreadPoolExecutor(history.AT_ONCE) as pool:
        contents = list(pool.map(lambda each: _contents(settings, each), newest))
    rows = []
    for number, image in enumerate(newest[: page.SHOWN]):
        after, before = contents[number], contents[number + 1] if number + 1 < len(newest) else None
        if after and before:
            changes = differences(before, after)
            rows.append(page.Shown(promoted=image, changes=page.summary(changes), packages=page.packages(changes)))
        else:
            first = number + 1 == len(newest)
            rows.append(page.Shown(promoted=image, changes=("the first image",) if first else None))
    return tuple(rows)


def _contents(settings: "Settings", image: "Promoted") -> "tuple[Lock, Listed] | None":
    """Read an image's Lock and packages; None if cleanup has removed them."""
    try:
        return history.contents(ImageRef(settings.image, image.digest))
    except TaskError:
        return None


def render(shown: page.Page) -> str:
    """Render the page as one HTML document that loads nothing; its CSP allows its own style and script by hash."""
    texts = {name: workspace.read_text(_FOLDER / name) for name in ("style.css", "page.js", "index.html.j2")}
    csp = (
        f"default-src 'none'; style-src {_sum(texts['style.css'])}; script-src {_sum(texts['page.js'])};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    own = {"style": texts["style.css"], "script": texts["page.js"], "csp": csp}
    return template.from_string(texts["index.html.j2"]).render(page=shown, **own)


def _sum(text: str) -> str:
    """Return a text's hash in the form that a Content-Security-Policy uses."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
