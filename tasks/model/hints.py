"""What to type next after a program failed, by the words of its error."""

import re

_NETWORK = (
    "no such host|name resolution|could(n't| not) resolve|dial tcp|network is unreachable|connection re(fused|set)|"
    r"i/o timeout|TLS handshake|\bEOF$|unexpected EOF|timed? ?out|deadline exceeded|broken pipe|GOAWAY|INTERNAL_ERROR|"
    r"blob upload (unknown|invalid)|too ?many ?requests|all mirrors were tried|no urls in mirrorlist|no route to host|"
    r"clos(ed|ing) (idle |network )?connection|connection (was )?closed|unexpected end of JSON|"
    r"(status|http|code|answered|error)( code)?\W*(429|50[0234])\b|(?<![\w.-])50[0234] (?-i:[A-Z][a-z])|"
    r"bad gateway|service unavailable"
)
_LOGIN = r"unauthorized|authentication required|(?<![\w.-])40[13](?![\w.-])|denied"
_SIGNATURE = r"signature|rejected|\bpolicy\b"
_HINTS = {  # the first that matches
    "no space left|disk quota exceeded": "free some space, then run it again: df -h; podman system prune",
    "nothing provides kernel-": "no kmods fit this kernel: ./inv versions shows which release can be built",
    "no match for argument|unable to find a match|nothing provides|no package .* available": (
        "correct `packages` in invoke.yaml; Fedora's names are at packages.fedoraproject.org"
    ),
    _NETWORK: "check the network, or try again in a few minutes",
    "x509:|certificate": "check this machine's clock, and whether a proxy replaces certificates",
    "permission denied|operation not permitted": "check who owns that file or folder, then run it again",
    _LOGIN: "check the login and its rights: ./inv doctor",
}
ANY = "correct what the error above names, then run it again"


def after(cause: str) -> str:
    """The next step after an error with these words; `ANY` if they are not known."""
    return next((hint for words, hint in _HINTS.items() if re.search(words, cause, re.IGNORECASE)), ANY)


def following(cause: str, given: str) -> str:
    """The next step after a cause; `given` if the cause is unknown, or about a login, which a caller knows better."""
    return given if given and (after(cause) == ANY or is_about_login(cause)) else after(cause)


def is_passing(cause: str) -> bool:
    """Whether an error with these words may be gone a moment later."""
    return re.search(_NETWORK, cause, re.IGNORECASE) is not None


def is_about_signature(cause: str) -> bool:
    """Whether a policy has refused a signature or its lack; one that could not be read is not refused."""
    return re.search(_SIGNATURE, cause, re.IGNORECASE) is not None and after(cause) == ANY


def is_about_login(cause: str) -> bool:
    """Whether the words are about a login or its rights, and no other cause is known."""
    return after(cause) == _HINTS[_LOGIN]
