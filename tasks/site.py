"""Site: the page from which a machine is installed."""

from pathlib import Path

from invoke import Context, task

from tasks.console import answer, say


@task(
    help={
        "out": "folder to write (default: site)",
        "base-url": "where the folder will be found (default: the repository's GitHub Pages)",
        "if-ready": "where no key ships or Pages is off, say what to do and write nothing; for the workflow",
    }
)
def site(c: Context, out: str = "site", base_url: str = "", if_ready: bool = False) -> None:
    """Write the folder for GitHub Pages: the page, the Ignition file and its hash, the public key, versions.json."""
    from tasks.clients import workspace
    from tasks.clients.github import actions
    from tasks.flows import site as pages
    from tasks.model.install import page
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    address, folder = page.base_url(base_url, settings.repository), Path(out)
    lacking = pages.lacking(settings) if if_ready else ""
    if lacking:
        say(f"no page is made yet: {lacking}")
        actions.notice("No page yet", lacking)
        return
    workspace.require_ours(folder, page.NAMES, page.MARK)
    files = pages.folder(settings, address)
    if workspace.write_folder(folder, files):
        say(f"{folder} holds {len(files)} files for {address}")
        actions.output("site", str(folder))
        answer(folder)


@task(
    help={
        "address": "this machine's address on the LAN (default: the one that leads out)",
        "port": "port to listen at (default: 8000)",
    }
)
def serve(c: Context, address: str = "", port: str = "8000") -> None:
    """Serve the same folder over HTTP on the LAN, for an install without Pages, until Ctrl-C."""
    from tasks.clients import serving
    from tasks.flows import site as pages
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    with serving.listen(address, port) as server:
        files = pages.folder(settings, server.base_url)
        say(f"the page, with the line to type: {server.base_url}")
        server.serve(files)
