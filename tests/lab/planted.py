"""Secrets planted in a Butane file, each in its own place; whoever published them made them up or revoked them.

Values of _BORROWED come from the published test cases of another scanner, Yelp's detect-secrets. Each has a ¦ in the
middle, because a host may refuse a push that seems to contain tokens.
"""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

_RANDOM = "Zk3vQ8xT1mWc7RbY5nJd2HsLf9GpXa4E"
_BODY = "c3VwZXIgZHVwZXIgc2VjcmV0IHBhc3N3b3JkLCBzdXBlciBkdXBlciBzZWNyZXQgcGFzc3dvcmQhMTIzNCMkJQpzdXBlciBkdXBlcg\n"


def _pem(kind: str) -> str:
    return f"-----BEGIN {kind}-----\n{_BODY * 3}-----END {kind}-----\n"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_BORROWED = {
    "github": "ghp¦_wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "gitlab": "glpat¦-hellOworld380_testin",
    "gitlab-deploy": "gldt¦-HwllOuhfw-wu0rlD_yep",
    "azure": "AccountKey¦=lJzRc1YdHaAA2KCNJJ1tkYwF/+mKK6Ygw0NGe170Xu592euJv2wYUtBlV8z+qnlcNQSnIYVTkLWntUO1F8j8rQ==",
    "slack": "xoxb¦-34532454-e039d02840a0b9379c",
    "slack-user": "xoxp¦-523423-234243-234233-e039d02840a0b9379c",
    "stripe": "sk_live¦_ReTllpYQYfIZu2Jnf2lAPFjD",
    "stripe-restricted": "rk_live¦_5TcWfjKmJgpql9hjpRnwRXbT",
    "sendgrid": "SG¦.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "npm": "//registry.npmjs.org/:_authToken¦=743b294a-cd03-11ec-9d64-0242ac120002",
    "npm-basic": "//private.registry.com/:_auth¦=YWRtaW46cGFzc3dvcmQ=",
    "pypi": "pypi¦-AgENdGVzdC5weXBpLm9yZwIkN2YxOWZhOWEtY2FjYS00MGZhLTj2MGEtODFjMnE2MjdmMzY0AAIqWzMsImJlM2FiOWI5LTRmYUTn"
            "NEg4ZS04Mjk0LWFlY2Y2NWYzNGYzNyJdAAAGIMb5Hb8nVvhcAizcVVzA-bKKnwN7Pe0RmgPRCvrPwyJf",
    "telegram": "110201543¦:AAHdqTcvCH1vGWJxfSe1ofSAs0K5PALDsaw",
    "discord": "MTk4NjIyNDgzNDcxOTI1MjQ4¦.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "openai": "s¦k-Xi8tcNiHV9awbCcvilTeT3BlbkFJ3UDnpdEwNNm6wVBpYM0o",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9¦.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5"
           "MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "basic-auth": "https://username¦:password@yelp.com",
    "rsa-key": _pem("RSA PRIVATE KEY"),
    "pkcs8-key": "some text here\n" + _pem("PRIVATE KEY"),
    "putty-key": "some text here\nPuTTY-User-Key-File-2\nsecret key",
}  # fmt: skip
_OWN = {
    "github-fine": "github_pat¦_11AAEXAMP0" + _RANDOM[:12] + "_" + _RANDOM + _RANDOM[:27],
    "aws-key": "AKI¦AY6NQJ5SK7RWDXZ4M",
    "aws-secret": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfi¦CYzz8QdKEx",
    "gcp": json.dumps({"type": "service_account", "private_key": _pem("PRIVATE KEY"), "client_email": "a@b.c"}),
    "slack-hook": "https://hooks.slack.com/services¦/T0F4K2Q9X/B0M7P1Z3C/" + _RANDOM[:24],
    "openssh-key": _pem("OPENSSH PRIVATE KEY"),
    "signing-key": _pem("ENCRYPTED SIGSTORE PRIVATE KEY"),
    "pgp-key": _pem("PGP PRIVATE KEY BLOCK"),
    "age-key": "AGE-SECRET-KEY-¦1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE6",
    "wireguard": "[Interface]\nPrivateKey =¦ yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\nAddress = 10.0.0.2/32\n",
    "wifi": "[wifi-security]\nkey-mgmt=wpa-psk\npsk=correct horse battery staple\n",
    "wifi-8": "psk=Tr0ub4d0\n",
    "tailscale": "tskey¦-auth¦-kQ3nHv7CNTRL-8xKfWq2LmZpR5sTbVdYcGjN4aEhU6",
    "tailscale-client": "tskey-client¦-kQ3nHv7CNTRL-8xKfWq2LmZpR5sTbVdYcGjN4aEhU6",
    "tailscale-old": "tskey-8f3kd9sl2mq7xw5z",
    "yescrypt": "core:$y$j9T¦$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC:19000:::::",
    "sha512crypt": "$6¦$rounds=4096$saltsalt$Xk2ODfpPpwnMhpIsrZbdlyqRl4vIXu6hYFFSrUOVzzSHCYgjRvAPAXZBp0PMGAnSbv.",
    "bcrypt": "admin:$2y$10¦$Lz5WvQ0CjJ2b0VJ1yPZ8eOqk5m7Yc1n9wXr3tGhS6dFaKuI4oEpBi",
    "argon2": "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQxMjM$RdescudvJCsgt3ub+b3dWRWJTmaaJObG0aXk",
    "luks-pipe": "echo -n hunter2hunter | cryptsetup luksOpen /dev/sda2 data -",
    "luks-here": "cryptsetup luksAddKey /dev/sda2 <<< 'open sesame now'",
    "vault": "hvs¦.CAESIJ8kq3vXn2m7RbY5nJd2HsLf9GpXa4EwTzK1oQcUxVhFGh4KHGh2cy5QdWJsaWNLZXlGb3JUZXN0aW5nT25seQ",
    "netrc": "machine example.com login bob password Zk3vQ8xT1mWc7RbY",
    "registry-login": json.dumps({"auths": {"ghcr.io": {"auth": _base64(f"bob:{_RANDOM}")}}}),
    "kubernetes": "client-key-data: " + _base64(_pem("EC PRIVATE KEY")),
    "restic": "RESTIC_PASSWORD=Zk3vQ8xT1mWc7RbY5nJd",
    "quadlet": "[Container]\nImage=docker.io/postgres:16\nEnvironment=POSTGRES_PASSWORD=verysecret123\n",
    "cifs": "[Mount]\nWhat=//nas/x\nOptions=username=bob,password=verysecret123\n",
    "samba": "username=bob\npassword=Sommer2024!\n",
    "json": '{"user":"bob","password":"verysecret123"}',
    "compose": "services:\n  db:\n    environment:\n      - MYSQL_PASSWORD=verysecret123\n",
    "msmtp": "account gmail\nuser bob\npassword abcd efgh ijkl mnop\n",
    "passwd": "echo 'verysecret123' | passwd --stdin core",
    "chpasswd": "echo 'core:verysecret123' | chpasswd",
    "bearer": "Authorization: Bearer Zk3vQ8xT1mWc7RbY5nJd2HsLf9GpXa4E",
    "rclone": "[b2]\ntype = b2\naccount = 0012ab34cd56ef\nkey = K001Zk3vQ8xT1mWc7RbY5nJd2HsLf9G\n",
    "password-setting": "password=hope1nobody2finds3this4one",
}  # fmt: skip
VALUES = {name: value.replace("¦", "") for name, value in (_BORROWED | _OWN).items()}


_UUID = "5f3c1d2e-aaaa-4bbb-8ccc-123456789abc"
_SUM = "0a1b2c3d" * 8
_PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
INNOCENT = {
    "/etc/ssh/sshd_config.d/x.conf": "PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
    "/etc/pam.d/system-auth": "password    requisite     pam_pwquality.so\npassword  [default=die]  pam_faillock.so\n",
    "/etc/containers/systemd/a.container": f"[Container]\nImage=docker.io/library/caddy@sha256:{_SUM}\n"
    "Secret=db-password,type=env,target=POSTGRES_PASSWORD\nEnvironment=POSTGRES_PASSWORD_FILE=/run/secrets/db\n",
    "/etc/samba/smb.conf": "passwd program = /usr/bin/passwd %u\nencrypt passwords = yes\npassdb backend = tdbsam\n",
    "/etc/fstab": f"UUID={_UUID} /var/tank xfs nofail 0 0\n//nas/x /var/mnt/x cifs nofail,cred=/etc/creds 0 0\n",
    "/etc/sysctl.d/a.conf": "net.ipv4.ip_forward=1\n",
    "/etc/NetworkManager/system-connections/e.nmconnection": f"[connection]\nid=e\nuuid={_UUID}\ntype=ethernet\n",
    "/etc/pki/ca-trust/source/anchors/a.pem": f"-----BEGIN CERTIFICATE-----\nMIIB{_BODY}-----END CERTIFICATE-----\n",
    "/etc/yum.repos.d/t.repo": "gpgkey=https://pkgs.tailscale.com/stable/fedora/repo.gpg\nrepo_gpgcheck=1\n",
    "/usr/local/bin/unlock": 'read -rs password\necho "$password" | cryptsetup luksOpen /dev/sda data -\n'
    "TOKEN=$(cat /run/secrets/token)\nsudo tailscale up --authkey=$TS_KEY\n",
    "/etc/zfs/zed.d/zed.rc": 'ZED_EMAIL_ADDR="root"\nZED_PUSHBULLET_ACCESS_TOKEN=""\n',
    "/etc/wireguard/wg0.conf": "PostUp = wg set %i private-key /etc/wireguard/key\n[Peer]\n"
    "PublicKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n",
    "/etc/motd.d/a": "The password policy: at least 12 characters.\nPassword: ask your administrator for it\n",
    "/etc/crypttab": f"data UUID={_UUID} none tpm2-device=auto\ndata2 /dev/sdb /etc/keys/data2.key luks\n",
    "/etc/ssh/ssh_known_hosts": f"github.com {_PUBLIC_KEY}\n",
    "/root/.ssh/authorized_keys": f"{_PUBLIC_KEY} me\n",
    "/root/.ssh/id_ed25519.pub": f"{_PUBLIC_KEY} me\n",
    "/etc/prometheus/token.yml": "bearer_token_file: /etc/prometheus/token\n",
    "/etc/secrets/README": "Secrets are put here after installing; see the manual of the machine.\n",
}


@dataclass
class Plan:
    """A Butane file with secrets, the files that it includes, and the place of each secret."""

    files: list[dict[str, Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    merge: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)

    def butane(self) -> str:
        """Return the file as JSON, which is also YAML."""
        storage = {"files": self.files, **self.more.get("storage", {})}
        rest = {key: value for key, value in self.more.items() if key != "storage"}
        whole = {
            "variant": "fcos", "version": "1.6.0", "ignition": {"config": {"merge": self.merge}},
            "passwd": {"users": self.users}, "storage": storage, "systemd": {"units": self.units}, **rest,
        }  # fmt: skip
        return json.dumps(whole, indent=1)

    def file(self, name: str, path: str = "", **contents: Any) -> None:
        """Add a file whose contents hold the secret of that name."""
        path = path or f"/etc/planted/{name}"
        self.files.append({"path": path, "contents": contents})
        self.expected[name] = f"storage.files[{path}].contents.source"


def values(plan: Plan) -> None:
    """Put every value into a plain file."""
    for name, value in VALUES.items():
        plan.file(f"value/{name}", inline=f"# a comment\n{value}\n")


def _data(content: bytes, kind: str = ";base64") -> str:
    return f"data:{kind},{base64.b64encode(content).decode()}"


def _config(content: str, *children: str) -> str:
    """Return an Ignition file that carries others."""
    files = [{"path": "/etc/inner", "contents": {"source": _data(content.encode())}}]
    merge = [{"source": _data(child.encode())} for child in children]
    return json.dumps({"ignition": {"version": "3.5.0", "config": {"merge": merge}}, "storage": {"files": files}})


ENCODINGS: dict[str, Callable[[str], dict[str, Any]]] = {
    "percent": lambda text: {"source": f"data:,{quote(text, safe='')}"},
    "base64": lambda text: {"source": _data(text.encode())},
    "media-type": lambda text: {"source": _data(text.encode(), "text/plain;charset=utf-8;base64")},
    "gzip": lambda text: {"source": _data(gzip.compress(text.encode())), "compression": "gzip"},
    "gzip-percent": lambda text: {
        "source": "data:," + "".join(f"%{byte:02x}" for byte in gzip.compress(text.encode())), "compression": "gzip",
    },
    "gzip-undeclared": lambda text: {"source": _data(gzip.compress(text.encode()))},
    "gzip-by-butane": lambda text: {"inline": 500 * "nothing to see here\n" + text},
    "utf-16": lambda text: {"source": _data(text.encode("utf-16"))},
    "utf-16-unmarked": lambda text: {"source": _data(text.encode("utf-16-le"))},
    "latin-1": lambda text: {"source": _data(b"caf\xe9\n" + text.encode())},
    "crlf": lambda text: {"inline": f"first\r\n{text}\r\nlast\r\n"},
    "base64-inside": lambda text: {"inline": f"data:\n  value: {base64.b64encode(text.encode()).decode()}\n"},
    "base64-twice": lambda text: {"source": _data(base64.b64encode(text.encode()))},
    "ignore-comment": lambda text: {"inline": f"{text} # gitleaks:allow"},
    "one-long-line": lambda text: {"inline": f"{'x y ' * 5000}{text}"},
}  # fmt: skip


def encodings(plan: Plan) -> None:
    """Put two tokens into files, in every encoding of a file's content."""
    for name, encode in ENCODINGS.items():
        for value in ("github", "tailscale"):
            plan.file(f"{name}/{value}", **encode(VALUES[value]))


def places(plan: Plan) -> None:
    """Put a secret at every place of a Butane file that can hold one."""
    token, hashed = VALUES["github"], VALUES["sha512crypt"]
    plan.local |= {"planted/local": token, "planted/merged": _config(token, _config(token))}
    plan.file("from-local", local="planted/local")
    plan.merge.append({"local": "planted/merged"})
    inner = "storage.files[/etc/inner].contents.source"
    plan.expected["merged"] = f"ignition.config.merge[0].{inner}"
    plan.expected["merged-twice"] = f"ignition.config.merge[0].ignition.config.merge[0].{inner}"
    plan.units.append(
        {"name": "a.service", "contents": f"[Service]\nEnvironment=TOKEN={token}\n",
         "dropins": [{"name": "b.conf", "contents": f"[Service]\nEnvironment=TOKEN={token}\n"}]}
    )  # fmt: skip
    plan.expected["unit"] = "systemd.units[a.service].contents"
    plan.expected["drop-in"] = "systemd.units[a.service].dropins[b.conf].contents"
    plan.users += [{"name": "bob", "password_hash": hashed}, {"name": "eve", "gecos": token}]
    plan.expected["password-hash"] = "passwd.users[bob].passwordHash"
    plan.expected["gecos"] = "passwd.users[eve].gecos"
    plan.files.append({"path": "/etc/appended", "append": [{"inline": "nothing"}, {"inline": token}]})
    plan.expected["append"] = "storage.files[/etc/appended].append[1].source"
    header = {"name": "Authorization", "value": "Basic Ym9iOnNlc2FtZQ=="}
    plan.file("header", source="https://example.com/a", http_headers=[header])
    plan.expected["header"] = "storage.files[/etc/planted/header].contents.httpHeaders[Authorization].value"
    plan.file("user-in-url", source="https://bob:sesame77@example.com/a")
    plan.file("signed-url", source="https://example.com/a?X-Amz-Signature=" + "0a1b2c3d" * 8)
    plan.file("random", path="/etc/backup/secret.txt", inline=f"{_RANDOM}\n")
    plan.file("zfs-key", path="/etc/zfs/tank.key", inline="correct horse battery staple\n")
    plan.file("pgpass", path="/root/.pgpass", inline="localhost:5432:db:bob:s3cr3tPassw0rd\n")
    plan.file("key-file", path="/etc/luks/data.key", source=_data(bytes(range(7, 250, 3))))
    plan.more["kernel_arguments"] = {"should_exist": [f"custom.token={token}"]}
    plan.expected["kernel-argument"] = "kernelArguments.shouldExist[0]"
    plan.more["storage"] = {
        "luks": [{"name": "data", "device": "/dev/sdb", "key_file": {"inline": "open sesame"}}],
        "links": [{"path": "/etc/link", "target": f"/opt/{token}"}],
    }
    plan.expected["luks-key"] = "storage.luks[data].keyFile.source"
    plan.expected["link"] = "storage.links[/etc/link].target"


def everything() -> Plan:
    """Put all of them into one file."""
    plan = Plan()
    for plant in (values, encodings, places):
        plant(plan)
    return plan
