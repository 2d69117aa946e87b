"""Gitleaks (https://github.com/gitleaks/gitleaks), whose rules know the tokens of about 200 services."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from tasks.clients import shell
from tasks.model.errors import TaskError

_RULES = Path(__file__).with_name("gitleaks.toml")


def leaks(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The index of each text that holds a secret, and the rule that found it; writes no file."""
    what = "the secret scan failed"
    starts = [1, *accumulate((text.count("\n") + 2 for text in texts), initial=1)][1:]
    options = ["--report-format=json", "--report-path=-", "--no-banner", "--log-level=error", "--exit-code=0"]
    argv = ["gitleaks", "stdin", f"--config={_RULES}", "--ignore-gitleaks-allow", *options]
    report = shell.query([*argv, "--gitleaks-ignore-path=/dev/null"], what=what, stdin="\n\n".join(texts))
    try:
        for leak in json.loads(report):
            yield bisect_right(starts, leak["StartLine"]) - 1, leak["RuleID"]
    except (ValueError, KeyError, TypeError) as error:
        raise TaskError(what, f"gitleaks' report has an unknown form: {error}", "check: gitleaks version") from error
