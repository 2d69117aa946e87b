"""The reason why a program ended, in its own words."""

import pytest

from tasks.clients.shell import failed

TRACE = """
goroutine 1 gp=0xc000002380 m=0 mp=0x2f3a9c0 [running]:
main.main()
	/src/cmd/skopeo/main.go:131 +0x1d
exit status 2
"""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it printed nothing"),
        ("first\n\nlast\n\n", "last"),
        ('time="2026-11-26T18:22:49Z" level=fatal msg="reading \\"x\\": denied"\n', "reading 'x': denied"),
        (f"a word before\npanic: out of range\n[signal SIGSEGV]\n{TRACE}", "panic: out of range"),
        (f"fatal error: all goroutines are asleep\n{TRACE}", "fatal error: all goroutines are asleep"),
        (f"panic: first [recovered]\n\tpanic: second\n{TRACE}Error: no answer\n", "panic: first [recovered]"),
        ("fatal error: too many errors emitted\nmake: *** [Makefile:3] Error 1\n", "make: *** [Makefile:3] Error 1"),
    ],
)  # fmt: skip
def test_a_failure_tells_the_last_words_or_the_first_of_a_panic(said: str, why: str) -> None:
    """After a Go program's panic comes a trace, which does not help its user."""
    assert failed(["x"], "it broke", 2, said).why == f"x ended with 2: {why}"
