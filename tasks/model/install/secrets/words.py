"""Names and values: which names say that their value is a secret, and which values are one."""

import math
import re
from collections import Counter
from collections.abc import Iterator

# What a name ends with, and how short its value can be: anyone can guess a short password, and it is one all the same.
_LONG = r"pass[-_]?(?:w(?:or)?d|phrase|code|wort)|kennwort|psk|pre_?shared_?key|authtok|sae_password"
_SHORT = r"pass|pwd|pw|secret|token|masterauth"
_KEY = (
    r"(?:api|app|auth|account|access|admin|agent|authorization|cipher|client|cookie|deploy|encrypt(?:ion)?|hmac|jwt|"
    r"license|licence|master|pre_?shared|private|join|secret(?:access)?|service|session|setup|shared|signing_?secret|"
    r"storage|tsig|user|wep|zone)[-_.]?key"
)
_TAIL = (
    r"(?:[-_.]?(?:\d{1,3}|base|base64|b64|default|dev|hash|hex|initial|main|md5|new|old|pbkdf2|plain|prod|sha\d{1,3}|"
    r"test|text|value))?"
)
STEMS = ("pass", "psk", "pw", "secret", "token", "key", "authtok", "masterauth", "kennwort")
NAME = rf"(?i:(?:(?P<long>{_LONG})|(?P<short>{_SHORT})|(?P<key>{_KEY})){_TAIL})"
_FEWEST = {"long": 1, "short": 4, "key": 8}
_OTHER_NAME = re.compile(  # names that end like a secret's, but name something else
    r"(?:^|[._-])(?:by|com|en|sur|tres)pass$|(?:existing|image_?pull|(?:^|[\W_])(?:tls|get|max|min|num|csrf|next|page))[-_.]?"
    r"(?:secret|token)$|sort_?key|encrypt-key$|(?:git|user\.)signingkey|_pass$(?<=(?:cgi|oxy|rpc|hed)_pass)|^(?:%|\$)|(?:no|disable|require|allow|has|is|use|show|change)"
    r"[-_](?:pass(?:w(?:or)?d|phrase)?|psk|token|secret)$",
    re.IGNORECASE,
)
_SHORT_WORD = re.compile(r"(?:pass|pwd|pw)\d*$", re.IGNORECASE)
_SHORT_ALONE = re.compile(  # as a word of its own, or after a word that passwords belong to
    r"(?:^|[\W_\d]|(?-i:[a-z](?=P))|admin|auth|bind|db|ftp|http|imap|ldap|mail|my|proxy|require|root|smtp|sql|user|web|"
    r"wifi|wpa)(?:pass|pwd|pw)\d*$",
    re.IGNORECASE,
)
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^${}]+)\}")  # a variable with a value for the case that it is not set
_REFERENCE = re.compile(
    r"""\${1,2}(?:[A-Za-z_].*|[{(@*!?].*|\d)|`.*|%[A-Za-z](?:[/\\].*)?|%\w+%|%\(.*|\{[{%].*|"""  # variables
    r"""<[^>]*>.*|@\w+@|@\{.*|__\w+__|\{[\w.$:/-]*\}|[*.…xX-]{3,}|[-?~\\]|"""  # placeholders and masks
    r"""!\w+.*|[&*][A-Za-z]\w*|[|>][-+\d]?|[({\[].?|[)}\]],?|\[[^\]]*\]?|"""  # YAML and JSON
    r"""-{1,2}[a-zA-Z][\w-]*=?.*|"""  # another flag
    r"""<<.*|<[(\s/~$].*|@network\.\S+|ext:\w+|%prompt|"""  # a shell's input; other programs' words for a place
    r"""(?:op|vault|env|ref\+\w+|ssm|arn:aws|file|secret|keyring|cmd|fd):.*|"""  # where it is kept
    r"""(?:os|process|self|config|settings|args|env|secrets|vars)\.[A-Za-z_].*|[A-Za-z_][\w.]*\(.*|\w+\)[);,]*""",
    re.DOTALL,
)
_SWITCH = re.compile(  # the value of a setting about secrets
    r"true|false|yes|no|y|n|on|off|[01]|null|nil|none|undef(?:ined)?|unset|empty|auto|ask|prompt|stdin|any|all|default|"
    r"enabled?|disabled?|required?|requisite|sufficient|optional|include|substack|prohibit-password|without-password|"
    r"str(?:ing)?|bytes|int|bool|text|object|optional\[.*|sha-?\d*|md5|bcrypt|argon2\w*|yescrypt|plain|crypt|hashed|"
    r"pam_\w+\.so|files|sss|compat|systemd|redacted|masked|omitted|hidden|wpa-\w+|sae|\d+/(?:tcp|udp)|tpm2.*|keyring|"
    r"aes(?:[-_:]?(?:128|192|256|gcm|cbc|ctr|xts|siv|ccm|plain64|sha\d+))*(?:@\S+)?",  # the name of a cipher
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?-i:[A-Z][A-Z0-9_-]*(?:PASS|PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|KEY|PSK)(?:_?(?:HERE|\d))?)|"
    r"(?-i:PASSWORD|PASSPHRASE|TOKEN|SECRET|KEY|CHANGE_?ME\w*|TODO|FIXME|EXAMPLE)|"
    r"(?:your|my|the|insert|enter|replace|put|fill)[-_ ](?:\w+[-_ ])*(?:pass\w*|token|secret|key|here|me)\b.*|"
    r"replace-?me",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:|%[a-zA-Z])?[\\/][\w.@%{}<>$:+\\/-]*")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?![^/\s]*:[^/\s]+@)\S*", re.IGNORECASE)
_FILE = re.compile(
    r"[\w.-]+\.(?:pem|key|crt|cer|pub|json|ya?ml|gpg|asc|txt|conf|env|age|p12|so|sock|service|target)|id_\w+"
)
_DIGEST = re.compile(r"(?:\S*@)?(?:sha(?:1|256|384|512)|md5|blake2b)[:-]\S+|[\w./-]+@sha256\b.*")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PLAIN = re.compile(  # words, also in a row; numbers and dates; names of hosts and packages; networks
    r"[A-Za-z]?[a-z_./:@+-]*|[A-Z_-]*|[A-Za-z]+\d{0,4}(?:[-_.][A-Za-z]*\d{0,4})+|\d[\d./:,T+Z-]*|"
    r"[\w-]+(?:\.[a-z][\w-]*)+(?::\d+)?(?:/\S*)?|[0-9a-f:.]+/\d+|arn:aws:.*|v?\d+(?:\.\d+)+[\w.+-]*|[0-9A-F]{40}|"
    r"(?:b2|s3|gs|azure|swift|rclone):\S*|(?:[a-z]\w*:)?[\w.+-]+@[\w.-]+(?::[\w./~-]*)?"  # a place of a host
)
_PUBLIC_KEY = re.compile(r"AAAA[BCE][3-9A-Za-z+/]\S*|age1[a-z0-9]{50,}|RW[QT][\w+/]{50,}|(?:ssh|ecdsa|sk)-\S+")
ABOUT_A_SECRET = re.compile(  # the end of the name of a setting that says where a secret is, or what it is called
    r"(?:file|path|dir|url|uri|name|id|host|user|command|cmd|fingerprint|hash|hint|sum|digest|type|endpoint|server|image|"
    r"policy|store|pub(?:lic)?[-_]?key)$",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\b(?:the|your|is|are|at|for|to|of|in|with|and|or|must|be|an|ask|see|should|will|from|not|this|has|it|by)\b|\.$"
)
_SHORTEST_WORD = 10
_BITS = 3.1  # of entropy per character: words of a language and paths have less


def fewest(name: str, kind: str) -> int:
    """How many characters the value of that name has at least, if it is a secret; 0 if the name names none.

    `kind` is the group of NAME that matched the end of the name.
    """
    if _OTHER_NAME.search(name) or (_SHORT_WORD.search(name) and not _SHORT_ALONE.search(name)):
        return 0
    return _FEWEST[kind]


def is_literal(value: str) -> bool:
    """Whether a value is written out, and does not only name the place where it is kept."""
    text = value.strip().strip("\"'").strip()
    return is_written(text) and is_written(text.split()[0].rstrip(",;:)]"))


def is_written(text: str) -> bool:
    """Whether a whole text is no variable, path, address, digest, switch or placeholder."""
    if default := _DEFAULT.fullmatch(text):
        return is_literal(default[1])
    public = (_REFERENCE, _SWITCH, _PLACEHOLDER, _PATH, _URL, _FILE, _DIGEST)
    return bool(text) and not any(pattern.fullmatch(text) for pattern in public)


def is_prose(text: str) -> bool:
    """Whether words are a sentence of a language, such as a hint about passwords."""
    return text.strip().count(" ") > 1 and bool(_PROSE.search(text.lower()))


def random_words(text: str) -> Iterator[str]:
    """The words of a text that look random and are no address, digest, number, version or public key."""
    for word in re.split(r"[\s\"'`,;()\[\]{}<>|]+", text):
        name, separator, value = word.partition("=" if "=" in word.rstrip("=") else ":")
        is_address = _URL.match(word) or _DIGEST.match(word) or word.startswith("arn:")
        if separator and re.fullmatch(r"[A-Za-z_][\w.-]*", name) and not is_address:
            word = "" if ABOUT_A_SECRET.search(name) else value  # noqa: PLW2901  (only the value can be a secret)
        if len(word) >= _SHORTEST_WORD and _is_random(word):
            yield word


def _is_random(word: str) -> bool:
    known = (_PLAIN, _PATH, _URL, _DIGEST, _UUID, _PUBLIC_KEY, _FILE, _REFERENCE)
    if any(pattern.fullmatch(word) for pattern in known) or entropy(word) < _BITS:
        return False
    turns = len(re.findall(r"[a-z][A-Z]|[A-Z]{2}[a-z]", word))
    return bool(re.search(r"\d", word) and re.search(r"[A-Za-z]", word)) or turns > len(word) / 5


def entropy(word: str) -> float:
    """Shannon's entropy, in bits per character."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
