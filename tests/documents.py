"""The commands in the documents: what stands in indented blocks that no comment sends to GitHub or to a machine."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PLACES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
DOCUMENTS = [str(path.relative_to(ROOT)) for path in _PLACES]
_MARK = re.compile(r"<!-- needs: (GitHub|a machine|a terminal) -->")

# What is not typed by tests/lab/test_documents.py, and the test that does it.
ELSEWHERE = {
    "./inv test": "tests/lab/test_documents.py",  # it runs in it
    "./inv lint": "tests/lab/test_documents.py::test_lint_is_clean",
    "./inv rehearse": "tests/lab/test_lab.py",
    "./inv lab": "tests/lab/test_lab.py",
    "./inv lab -w waiting -- 'inv versions'": "tests/lab/test_versions.py",
    "./inv boot": "tests/lab/test_boot.py",
    "./inv serve": "tests/lab/test_site.py",
    "./inv rehearse-workflow build.yaml": "tests/lab/test_workflows.py",
    "./inv rehearse-workflow build.yaml -w late": "tests/lab/test_kmods_workflow.py",
    "./inv test --unit": "tests/lab/test_bare.py",
    "./inv test --unit -- tests/unit/test_lock.py -k reads_back": "tests/lab/test_launcher.py",
}


def commands(document: str, *, marked: bool = False) -> list[str]:
    """The lines of a document's blocks, without comments; with `marked` also those that need GitHub or a machine."""
    found, needs, in_block, before = [], False, False, ""
    for line in (ROOT / document).read_text().splitlines():
        in_block = line.startswith("    ") and (in_block or not before)
        if in_block and (marked or not needs):
            found.append(re.sub(r"\s{2,}# .*", "", line).strip())
        elif line and not in_block:
            needs = bool(_MARK.fullmatch(line))
        before = line
    return found
