"""Gitleaks (https://github.com/gitleaks/gitleaks), whose rules know the tokens of about 200 services."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import shell
from tasks.model.errors import TaskError
from tasks.model.install.secrets.scan import Leak

_RULES = Path(__file__).with_name("gitleaks.toml")
_TOKEN = re.compile(r"(?=[A-Za-z0-9]*[A-Z0-9])[A-Za-z0-9]{10}|.{100}|\n")  # shorter texts, such as paths, hold no token
_MEMORY = Path("/dev/shm")  # noqa: S108  (the folder that is made in it is ours only)


def leaks(texts: Sequence[str]) -> Iterator[Leak]:
    """What gitleaks finds in each text, read by one process from one file per text, in memory."""
    what = "the secret scan failed"
    options = ["--report-format=json", "--report-path=-", "--no-banner", "--log-level=error", "--exit-code=0"]
    argv = ["gitleaks", "dir", f"--config={_RULES}", "--ignore-gitleaks-allow", "--gitleaks-ignore-path=/dev/null"]
    with TemporaryDirectory(prefix="ignition-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        for number, text in enumerate(texts):
            if _TOKEN.search(text):
                # The line break hides the first bytes: gitleaks skips what begins like an archive.
                Path(folder, str(number)).write_bytes(b"\n" + text.encode(errors="replace"))
        report = shell.query([*argv, *options, folder], what=what)
    try:
        for leak in json.loads(report):
            yield Leak(int(Path(leak["File"]).name), leak["RuleID"], leak["Match"], leak["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise TaskError(what, f"gitleaks' report has an unknown form: {error}", "check: gitleaks version") from error
