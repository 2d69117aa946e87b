"""The table of secrets: what a text looks like that carries one, and the files that hold one whatever it looks like.

Each form's group `secret` is a value; a value that only names a variable or a file is no secret.
"""
# ruff: noqa: E501  (a row of the table is one line)

import re
from dataclasses import dataclass

_WORD = r"""(?:"(?P<secret>[^"\n]+)"|'(?P<quoted>[^'\n]+)'|(?P<bare>[^\s"'|;<>&)]+))"""
_TEXT = r"""(?:"(?P<secret>[^"\n]+)"|'(?P<quoted>[^'\n]+)'|(?P<bare>[^\s"'$|-][^"'|\n)]*?))"""
_TAKERS = (  # programs that read a secret from what is piped into them
    r"(?:sudo[ \t]+(?:-\w+[ \t]+)*|doas[ \t]+|/usr/s?bin/)*(?:cryptsetup|systemd-cryptenroll|clevis|passwd|chpasswd|"
    r"smbpasswd|pdbedit|zfs|zpool|kinit|gpg|openssl|restic|borg|rclone|mokutil|htpasswd|saslpasswd2|systemd-creds|"
    r"gh[ \t]+auth|vault|k3s|wg|nmcli|iwctl|(?:podman|docker|skopeo|buildah|oras|helm)(?:[ \t]+registry)?[ \t]+(?:login|"
    r"secret)|sudo[ \t]+-S|su[ \t])"
)
_ELSEWHERE = (
    r"(?:(?:podman|docker|nerdctl|kubectl|ssh|machinectl|nsenter|chroot|env|runuser|systemd-run)\b[^\n|]*?[ \t])?"
)
_ECHO = r"(?:echo|printf)[ \t]+(?:-\w+[ \t]+)*(?:[\"']?(?:%s(?:\\n)?)+[\"']?[ \t]+)?"
_USER = r"[^\s:/'\"$]{1,64}:"


@dataclass(frozen=True, slots=True)
class Form:
    """A text that carries a secret; `stem` is a lower-case word of every such text, so that others are skipped."""

    kind: str
    stem: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Place:
    """The files that hold a secret; `line` is what a line of it looks like, in a file of several lines."""

    kind: str
    pattern: re.Pattern[str]
    line: re.Pattern[str]


def _form(kind: str, stem: str, pattern: str) -> Form:
    return Form(kind, stem, re.compile(pattern, re.MULTILINE | re.IGNORECASE))


def _command(kind: str, stem: str, pattern: str) -> Form:
    return Form(kind, stem, re.compile(pattern, re.MULTILINE))


def _place(kind: str, pattern: str, line: str = r"\S") -> Place:
    return Place(kind, re.compile(pattern, re.IGNORECASE), re.compile(line))


FORMS = (
    # in a command
    _command("login-option", ":", rf"\b(?:curl|wget2?|https?|xh|lftp|ab|wrk|siege|httpie)\b[^\n]*?[ \t](?:-\w*[uUa]|--user|--proxy-user|--auth)[ =]?[\"']?(?:{_USER}|:){_WORD}"),
    _command("login-option", "ttyd", rf"\bttyd\b[^\n]*?[ \t](?:-c|--credential)[ =]?[\"']?{_USER}{_WORD}"),
    _command("login-option", "-u", rf"^(?!.*\b(?:podman|docker|nerdctl|chown|sudo|systemd-run|install|runuser|setpriv)\b)[^\n]*[ \t](?:-u|--user)[ =][\"']?(?P<user>[^\s:/'\"$]{{1,64}}):(?!(?P=user)\b|\d+\b|/|(?:nogroup|nobody|users|root|wheel)\b){_WORD}"),
    _command("login-option", "-creds", rf"-creds[ =][\"']?{_USER}{_WORD}"),
    _command("login-option", "login", rf"\b(?:podman|docker|skopeo|buildah|oras|helm|az|nerdctl|registry)\b[^\n]*\blogin\b[^\n]*?[ \t]-p[ =]?{_WORD}"),
    _command("login-option", "login", rf"\b(?:vault|bw|op)[ \t]+login[ \t]+(?:-\S+[ \t]+)*(?:token=)?{_WORD}"),
    _command("login-option", "login", r"\b[\w-]+[ \t]+login[ \t]+https?://\S+[ \t]+(?P<bare>(?=\S*\d)[\w-]{16,})"),
    _command("sshpass", "sshpass", rf"\bsshpass[ \t]+-p[ \t]*{_WORD}"),
    _command("database-password", "-p", rf"\b(?:mysql|mysqldump|mysqladmin|mariadb(?:-dump|-admin)?)\b[^\n]*?[ \t]-p(?![ \t\w-]*=){_WORD}"),
    _command("database-password", "redis-cli", rf"\bredis-cli\b[^\n]*?[ \t]-a[ \t]+{_WORD}"),
    _form("database-password", "identified", rf"\bidentified[ \t]+(?:with[ \t]+\w+[ \t]+)?(?:by|as)[ \t]+{_WORD}"),
    _form("database-password", "password", rf"\b(?:create|alter)[ \t]+(?:user|role)\b[^\n;]*?\bpassword[ \t]+(?!expire|history|reuse|require|null\b){_WORD}"),
    _command("directory-password", "ldap", rf"\bldap(?:search|modify|add|delete|passwd|whoami)\b[^\n]*?[ \t]-w[ \t]*{_WORD}"),
    _command("archive-password", "7z", rf"\b7z\w*\b[^\n]*?[ \t]-p{_WORD}"),
    _command("archive-password", "zip", rf"\b(?:un)?zip\b[^\n]*?[ \t]-P[ \t]*{_WORD}"),
    _command("openssl-password", "pass:", rf"\bpass:{_WORD}"),
    _command("samba-password", "%", rf"\b(?:smbclient|smbget|rpcclient|net|mount\.cifs|nmblookup)\b[^\n]*?[ \t](?:-U|--user=?)[ \t]*[\"']?[^\s%'\"]+%{_WORD}"),
    _command("htpasswd-password", "htpasswd", rf"\bhtpasswd[ \t]+-(?=\w*b)(?:\w*n\w*[ \t]+|\w+[ \t]+\S+[ \t]+)\S+[ \t]+{_WORD}"),
    _command("mqtt-password", "mosquitto", rf"\bmosquitto_(?:pub|sub|rr)\b[^\n]*?[ \t](?:-P|--pw)[ \t]+{_WORD}"),
    _command("mqtt-password", "mosquitto", rf"\bmosquitto_passwd\b[^\n]*?[ \t]-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+{_WORD}"),
    _command("bmc-password", "ipmi", rf"\b(?:ipmitool\b[^\n]*?[ \t]-P|ipmi[\w-]+\b[^\n]*?[ \t]-[Pp])[ \t]+(?!\d+\b){_WORD}"),
    _command("snmp-passphrase", "snmp", rf"\bsnmp\w+\b[^\n]*?[ \t]-[AX][ \t]+{_WORD}"),
    _command("snmp-passphrase", "createuser", rf"^[ \t]*createUser[ \t]+(?:-e[ \t]+\S+[ \t]+)?\S+[ \t]+(?:MD5|SHA\S*)[ \t]+{_WORD}"),
    _command("snmp-community", "community", r"^[ \t]*(?:r[ow]community6?|com2sec6?[ \t]+\S+[ \t]+\S+)[ \t]+(?P<bare>(?!public\b|private\b)[^\s#]{3,})"),
    _command("kubernetes-secret", "--from-literal", rf"--from-literal[ =][\"']?[\w.-]+={_WORD}"),
    _command("object-store-key", "mc", rf"\b(?:mc|mcli)[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+{_WORD}"),
    _command("rclone-password", "rclone", rf"\brclone[ \t]+(?:obscure|config[ \t]+create\b[^\n]*?[ \t](?:pass|key|secret_access_key|token|password))[ \t=]+{_WORD}"),
    _command("aws-key", "aws", rf"\baws[ \t]+configure[ \t]+set[ \t]+\S*(?:secret|token)\S*[ \t]+{_WORD}"),
    _command("wifi-passphrase", "nmcli", rf"\b(?:nmcli|iwctl)\b[^\n]*?(?:password|passphrase|psk|vpn\.secrets|wep-key\d|private-key)[\"']?[ \t]+{_WORD}"),
    _command("ups-password", "ups", rf"\bups(?:cmd|rw)\b[^\n]*?[ \t]-p[ \t]*{_WORD}"),
    _command("piped-secret", "|", rf"{_ECHO}{_TEXT}[ \t]*(?:;[^\n|]*)?[)}}]?[ \t]*\|(?:[^\n|]*\|)?[ \t]*{_ELSEWHERE}{_TAKERS}"),
    _command("piped-secret", "<<<", rf"\b{_TAKERS}[^\n]*<<<[ \t]*{_WORD}"),
    _command("piped-secret", "<<", rf"\b{_TAKERS}[^\n<]*<<-?[ \t]*[\"']?(?P<end>\w+)[\"']?[^\n]*\n(?!(?P=end))[ \t]*(?P<bare>[^\n]+)"),
    _command("piped-secret", "<(", rf"{_TAKERS}[^\n]*<\([ \t]*{_ECHO}{_TEXT}[ \t]*\)"),
    _command("password-hash", "-p", r"\b(?:useradd|usermod|groupmod)\b[^\n]*?[ \t](?:-p|--password)[ =]?[\"']?(?P<bare>[^\s\"'$!*][^\s\"']{9,})"),
    _form("bearer-token", "bearer", r"\bbearer[ \t]+(?P<bare>(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,})"),
    _form("basic-login", "basic", r"\bauthorization\b[^\n]*?\bbasic[ \t]+(?P<bare>(?-i:(?=\w*(?:[a-z][A-Z]|\d))[A-Za-z0-9+/]{8,}={0,2}))"),
    _form("api-key-header", "x-", rf"\bx-(?:[\w-]+-)?(?:api-?key|key|token|auth|secret|password)(?:-\w+)?:[ \t]*{_WORD}"),
    _command("piped-secret", "command", rf"(?i:pass(?:word|phrase)?[-_]?command)[=: ]+[\"']?(?:echo|printf)[ \t]+(?:-\w+[ \t]+)*{_WORD}"),
    _command("netbird-key", "netbird", rf"\bnetbird[ \t]+up\b[^\n]*?[ \t]-k[ =]?{_WORD}"),
    # in a file
    _form("vpn-login", "<auth-user-pass>", r"<auth-user-pass>\s*\S+\s*\n\s*(?P<bare>[^\s<][^\n]*)"),
    _form("dns-token", "dns", r"^[ \t]*(?:acme_)?dns[ \t]+[a-z_]+[ \t]+(?P<bare>(?=\S*\d)(?=\S*[A-Za-z])[\w-]{16,})"),
    _form("login-in-words", "log", r"^[^\n]*\b(?:login|log in|logged in)\b[^\n/]*[ \t]\w+[ \t]+/[ \t]+(?P<bare>(?=\w*\d)(?=\w*[A-Za-z])\w{6,})\b"),
    _form("api-key", "map", r"^[ \t]*map[ \t]+\$\w*(?:key|token|auth|secret)\w*[ \t]+\$\w+[ \t]*\{[^}]*?^[ \t]*\"?(?P<bare>[\w-]{16,})\"?[ \t]"),
    _form("router-password", "neighbor", rf"\bneighbor[ \t]+\S+[ \t]+password[ \t]+(?:\d[ \t]+)?{_WORD}"),
    _form("login-option", ":", r"^[ \t]*(?:Exec|command)[ \t]*[=:][ \t]*[\"']?[\w.-]+:(?P<bare>[^\s:]+):\d+:\d+\b"),
    _form("proxy-login", "stats", rf"^[ \t]*stats[ \t]+auth[ \t]+{_USER}{_WORD}"),
    _form("samba-password", "-u", r"[ \t=]-u[ \t]+[\"']?[\w.-]+;(?P<bare>[^\s;\"']+)"),
    _form("secret-setting", "f", r"^f[+!=$~-]*[ \t]+\S*(?:passw|secret|token|psk|passphrase|api[-_]?key)[^\s/]*(?:[ \t]+\S+){4}[ \t]+(?P<bare>\S[^\n]*)"),
    _form("snmp-community", "community", r"^[ \t]*(?:snmp_)?communit(?:y|ies)[ \t]*[:=][ \t]*\[?[\"']?(?P<bare>(?!(?:public|private|no-export|no-advertise|local-as|internet)\b)[A-Za-z][\w.!-]{3,})"),
    _form("proxy-login", "insecure-password", rf"\binsecure-password[ \t]+{_WORD}"),
    _form("proxy-login", "login=", rf"\blogin=[\"']?{_USER}{_WORD}"),
    _form("directory-password", "ldapbinddn", rf"^[ \t]*LDAPBindDN[ \t]+(?:\"[^\"]+\"|\S+)[ \t]+{_WORD}"),
    _form("systemd-credential", "setcredential=", r"^[ \t]*SetCredential=(?!(?:[\w.-]*(?:locale|timezone|keymap|hosts|hostname|authorized_keys|sysctl|tmpfiles|sysusers|motd|issue)[\w.-]*):)[^:\n]+:(?P<bare>[^\n]+)"),
    _form("systemd-credential", "setcredentialencrypted=", r"^SetCredentialEncrypted=[^:\n]+:(?P<bare>[^\n]*(?:\n[ \t]+[^\n]+)*)"),
    _form("ups-password", "monitor", rf"^[ \t]*MONITOR[ \t]+\S+[ \t]+\d+[ \t]+\S+[ \t]+{_WORD}[ \t]+(?:master|slave|primary|secondary)"),
    _form("ipsec-secret", ":", rf"^[^#\n]*:[ \t]+(?:PSK|XAUTH|EAP|NTLM)[ \t]+{_WORD}"),
    _form("ipsec-secret", "rsa", rf"^[^#\n]*:[ \t]+(?:RSA|ECDSA|PKCS8|PKCS12|P12)[ \t]+\S+[ \t]+{_WORD}"),
    _form("netrc-password", "login", rf"\b(?:login|user)[ \t\n]+\S+[ \t\n]+password[ \t\n]+{_WORD}"),
    _form("mail-password", "pass", rf"^[ \t]*(?:(?:poll|skip|server|defaults)[ \t][^#\n]*?[ \t])?user(?:name)?[ \t]+\S+[ \t]+(?:there[ \t]+)?(?:with[ \t]+)?pass(?:word)?[ \t]+{_WORD}"),
    _form("mail-password", "static:", r"_password_maps[ \t]*=[^\n]*\bstatic:[^\s:]+:(?P<bare>\S+)"),
    _form("password-hash", "hash", r"\buser(?:name)?[\"']?:[^\n]*\n[ \t]*[\"']?hash[\"']?:[ \t]*[\"']?(?P<bare>[0-9a-f]{32,})"),
    _form("directory-password", "rootpw", r"^[ \t]*(?:olcRootPW:?|rootpw|bindpw)[ \t]+(?P<bare>[^\s#]+)"),
    _form("directory-password", "{", r"(?<!\$)\{(?:S?SHA\d*|S?MD5|SMD5|CRYPT|PLAIN|PLAIN-MD5|CLEARTEXT|ARGON2ID?|BLF-CRYPT|SHA512-CRYPT)(?:\.(?:b64|hex))?\}(?P<bare>[^\s:$][^\s:]{3,}|\$\S+)"),
    _form("dns-key", "secret", r"\bsecret[ \t]+\"(?P<bare>[A-Za-z0-9+/=]{12,})\""),
    _form("b2-key", "k00", r"(?-i:\bK00\d[A-Za-z0-9+/]{24,28})(?![\w+/])(?P<bare>)"),
    _form("nvme-key", "dhhc-1", r"\bDHHC-1:\d\d:(?P<bare>[A-Za-z0-9+/=]{20,})"),
    _form("cluster-key", "encrypt", r"^[ \t{]*\"?encrypt\"?[ \t]*[:=][ \t]*\"(?P<bare>[A-Za-z0-9+/]{22,}={1,2})\""),
    _form("radio-key", "network_key", r"\bnetwork_key\"?:[ \t]*\[?(?:[\s,-]*\d{1,3}\b){16}(?P<bare>)"),
    _form("ceph-key", "aq", r"(?-i:\bAQ[A-Za-z0-9+/]{36}==)(?P<bare>)"),
    _form("registry-login", "auth", r"\"auth\"[ \t]*:[ \t]*\"(?P<bare>[A-Za-z0-9+/=]{8,})\""),
    _form("proxy-login", "acl", rf"^[^#\n]*\brequirepass[ \t]+{_WORD}"),
    _form("database-password", "user", r"^user[ \t]+\S+[ \t][^\n]*[ \t]>(?P<bare>\S+)"),
    _form("kubernetes-secret", "kind", r"kind\"?:[ \t]*\"?Secret\b(?:(?!^---)[\s\S])*?^[ \t]*\"?(?:data|stringData)\"?:[ \t{]*\n?[ \t]+\"?[\w.-]+\"?:[ \t]*(?:[|>][-+]?[ \t]*\n[ \t]+)?(?P<bare>[^\s{}]+)"),
    _form("kubernetes-secret", "kind", r"^\"?(?:data|stringData)\"?:[ \t]*\n[ \t]+[\w.-]+:[ \t]*(?P<bare>[^\s{}|>]+)(?:(?!^---)[\s\S])*^kind:[ \t]*Secret\b"),
    _form("pin", "pin", r"^[ \t]*(?:sim-)?pin[ \t]*[=:][ \t]*[\"']?(?P<bare>\d{4,8})\b"),
    _form("wep-key", "wep", rf"\bwep[-_]key\d?[ \t]*=[ \t]*{_WORD}"),
    _form("private-key", "private-key", r"^(?:[ \t]*<?|.*[\"'])private-?key(?:-data)?[\"']?[ \t]*[:=][ \t]*[\"']?(?P<bare>[A-Za-z0-9+/]{40,}={0,2})"),
    _form("private-key", "client-key-data", r"client-key-data[\"']?:[ \t]*[\"']?(?P<bare>[A-Za-z0-9+/]{20,})"),
    _form("ansible-login", "ansible_", rf"\bansible_(?:ssh_|become_|sudo_)?pass(?:word)?[ \t]*[:=][ \t]*{_WORD}"),
    _form("one-time-password", "otpauth", r"\botpauth://\S*?[?&]secret=(?P<bare>[A-Za-z2-7]{8,})"),
    _form("login-in-address", "@", r"\b[a-z][a-z0-9+.-]*://(?!\$)[^\s/:@\"'<>]{0,100}:(?P<bare>[^\s/?@\"'<]{1,200})@[^\s/\"'@]+"),
    _form("token-in-address", "@", r"\b(?!s?ssh|sftp|git|scp|rsync)[a-z][a-z0-9+]*://(?P<bare>(?=[^\s/:@]*\d)[\w.~-]{16,})@[^\s/\"']+"),
    _form("token-in-address", "://", r"\b(?:discord|gotifys?|join|ntfys?|pbul|pover|slack|teams|telegram|tgram)://\S*?(?P<bare>(?=[\w-]*\d)[\w-]{16,})"),
    _form("password-in-address", "?", r"\b[a-z][a-z0-9+]*://[^\s?\"']+\?(?:[^\s\"']*?&)?(?:p(?!=\d+\b)|pw|pwd|pass|passw(?:or)?d)=(?P<bare>[^\s&\"']{4,})"),
    _form("webhook", "webhook", r"\bhttps://(?:\w+\.)?(?:discord(?:app)?\.com/api/webhooks/\d+/(?P<bare>[\w-]{20,})|[\w.-]+/(?:api/)?webhooks?/(?P<quoted>[\w-]{16,}))"),
    _form("webhook", "ping", r"\bhttps?://(?:hc-ping\.com|[\w.-]+/ping)/(?P<bare>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"),
    _form("webhook", "/api/push/", r"\bhttps?://[\w.:-]+/api/push/(?P<bare>\w{10,})"),
)  # fmt: skip

PLACES = (
    _place("systemd-credential", r"/credstore/(?!(?:[\w.-]*(?:locale|timezone|keymap|hosts|hostname|authorized_keys|sysctl|tmpfiles|sysusers|motd|issue|network\.\w+)[\w.-]*)$)"),
    _place("null-key-credential", r"/credstore\.encrypted/"),
    _place("ppp-secret", r"/(?:ppp/)?(?:chap|pap|srp|l2tp)-secrets$", r"^\S+\s+\S+\s+\S+"),
    _place("mail-login", r"/(?:sasl_?passwd|sasl/passwd|relay_?passwd|smtp_auth|passwd\.client|smtppass)(?:\.\w+)?$", r":.*\S"),
    _place("disk-key", r"/zfs/(?:keys?(?:\.d)?/|[^/]*\.key$)|/(?:cryptsetup-keys\.d|luks-keys|keyfiles|dm-crypt)/|/luks[^/.]*$"),
    _place("disk-key", r"\.(?:keyfile|luks|lukskey)$|/(?:keyfile|passphrase|luks\.key|crypto_keyfile\.bin)$"),
    _place("password-file", r"^(?!.*/(?:iwd|ipsec\.d)/).*\.(?:pass|passwd|passphrase|passwort|password|pwd|pw|psk|secret|token|apikey)$"),
    _place("password-file", r"^(?!.*/(?:iwd|ipsec\.d)/)(?:.*[/._-])?(?:password|passwd|passphrase|token|(?<!ipsec.)secrets?|api[_-]?key|authkey|setup[_-]key|psk|pat|credential)(?:\.(?:txt|key|b64|base64|raw|secret|token))?$", r"^(?![^:\s]+:[^:]*:\d+:)\S+(?:[ \t]+\S+){0,4}$"),
    _place("rclone-password", r"/rclone\.conf$", r"^(?:key|pass(?:word2?)?|token|client_secret|secret_access_key|sas_url)\s*=\s*\S"),
    _place("key-file", r"\.(?:key|privkey|keytab|p12|pfx|jks|kdbx|ovpnkey|tsig)$"),
    _place("http-login", r"/\.?(?:htpasswd|htdigest|users\.htpasswd)$|\.htpasswd$", r"^[^:\s]+:.{4,}"),
    _place("database-password", r"/\.?pgpass(?:\.conf)?$", r"^(?:[^:\n]*:){4}.*[^\s*]"),
    _place("git-login", r"/\.?git-credentials$", r"://[^:/\s]*:[^@\s]+@"),
    _place("rsync-login", r"/rsyncd?\.(?:secrets|scrt|pass)\w*$", r"^[^:\s]+:.+|^\S+$"),
    _place("password-hash", r"/g?shadow-?$", r"^[^:]+:[^:*!x\s][^:]{8,}:"),
    _place("password-hash", r"/smbpasswd$", r"^[^:]+:\d+:[0-9A-FX]{32}:"),
    _place("vpn-login", r"/(?:openvpn|vpn)/.*(?:auth|login|pass|credentials?)[^/]*$|/auth-user-pass\w*(?:\.txt)?$", r"^\S+$"),
    _place("vpn-key", r"/(?:openvpn/.*)?(?:ta|tls-auth|tls-crypt|static)\.key$"),
    _place("vpn-key", r"/wireguard/(?!.*pub)[^/]*(?:private|preshared|psk|\.key)[^/]*$"),
    _place("time-key", r"/(?:chrony|ntp)\.keys$", r"^\s*\d+\s+(?:\S+\s+)?\S{6,}"),
    _place("cluster-key", r"/(?:corosync/authkey|ha\.d/authkeys|munge/munge\.key|\.erlang\.cookie|ceph/[^/]*\.keyring)$"),
    _place("cluster-token", r"/rancher/(?:node/password|k3s/server/(?:agent-)?token|k3s/cluster-token)$|/k0s/token[^/]*$"),
    _place("one-time-password", r"/\.?google_authenticator$|/oath/users\.oath$|/users\.oath$", r"^[A-Z2-7]{16,}$|^\d{8}$|^HOTP"),
    _place("vault-token", r"/\.?vault-token$|/\.vault_?pass(?:word)?(?:\.txt)?$"),
    _place("ups-password", r"/upsd\.users$", r"password\s*=\s*\S"),
    _place("vnc-password", r"/\.?vnc/passwd$|/vncpasswd$"),
    _place("iscsi-secret", r"/iscsi/.*(?:chap|secret)[^/]*$"),
    _place("secrets-file", r"/secrets\.(?:ya?ml|json|toml)$", r"^[ \t\"]*[\w.-]+\"?\s*[:=]\s*(?!(?:[\d.]+|[a-z][a-z-]*(?:\.[a-z][a-z-]*)+|https?://[^@\s]+|[A-Z][a-z]+/[A-Z]\w+)[\",]*$)\S"),
    _place("container-secret", r"/(?:containers/(?:storage/)?secrets|run/secrets|var/lib/secrets|etc/secrets)/[^/.]+$"),
)  # fmt: skip

REMEDY = "put it on the machine after installing, or publish it encrypted (systemd-creds, sops, age)"
_ON_MACHINE = "create the key on the machine, and leave it there"
INSTEAD = {
    "password-hash": "log in with an SSH key; set a password on the machine: sudo passwd core",
    "grub-password-hash": "set it on the machine, in /boot/grub2/user.cfg",
    "luks-key": "unlock with clevis (TPM or tang); add a passphrase on the machine: sudo cryptsetup luksAddKey",
    "disk-key": "create the key on the machine, or unlock with clevis (TPM or tang)",
    "private-key": _ON_MACHINE,
    "putty-key": _ON_MACHINE,
    "wireguard-key": _ON_MACHINE,
    "vpn-key": _ON_MACHINE,
    "tailscale-key": "log in on the machine: sudo tailscale up",
    "http-header": "put the file where it can be fetched without a login, or copy it after installing",
    "systemd-credential": "encrypt it on the machine: systemd-creds encrypt --with-key=host+tpm2",
    "null-key-credential": "encrypt it with the machine's key: systemd-creds encrypt --with-key=host+tpm2",
}
ELSE = f"{REMEDY}, and have its issuer revoke this one"
