"""Ports that SELinux does not give to sshd."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.builders.merged_configs import ED25519, unit_of, user, warned

DROP_IN = "/etc/ssh/sshd_config.d/10-a.conf"
NOBODY = "so nobody could log in with SSH: leave it out, or take one from 32768 to 60999"


def config(text: str, **files: str) -> dict[str, Any]:
    stored = {DROP_IN: text, **files}
    items = [{"path": path, "contents": {"source": f"data:,{quote(text)}"}} for path, text in stored.items()]
    return user() | {"storage": {"files": items}}


@pytest.mark.parametrize(
    ("text", "ports", "nobody"),
    [
        ("Port 2222", [2222], True), ("port=2222\nPort 443", [2222, 443], True), ("Port 22\nPort 2222", [2222], False),
        ("Port 2222\nPort 50022", [2222], False), ("ListenAddress 0.0.0.0:2222", [2222], True),
        ("ListenAddress [::]:2222\nListenAddress 10.0.0.1", [2222], False),
        ("ListenAddress 10.0.0.1\nPort 2222", [2222], True), ("ListenAddress a:22\nPort 2222", [], False),
        ("Port 22", [], False), ("Port 50022", [], False), ("Port 32768", [], False), ("Port 60999", [], False),
        ("Port 32767", [32767], True), ("Port 61000", [61000], True), ("Port 5901", [], False),
        ("ListenAddress ::", [], False), ("ListenAddress 10.0.0.1", [], False), ("# Port 2222", [], False),
    ],
)  # fmt: skip
def test_a_port_that_selinux_refuses_is_named(text: str, ports: list[int], nobody: bool) -> None:
    """The kernel asks SELinux for no port of the range from which it takes ports itself."""
    said = warned(config(text))
    assert [why.partition(":")[0].partition(",")[0] for why in said] == [
        f"SELinux does not let sshd listen on port {port}" for port in ports
    ]
    assert all((NOBODY in why) is nobody for why in said)


@pytest.mark.parametrize(
    "more",
    [
        {"/usr/local/bin/x": "semodule -i /etc/mine.cil\n"},
        {"/etc/mine.cil": "(portcon tcp 2222 (system_u object_r ssh_port_t ((s0) (s0))))\n"},
        {"/etc/selinux/config": "# mine\nSELINUX=permissive\n"},
        {"/etc/systemd/system/a.service": "[Service]\nExecStart=semanage port -a -t ssh_port_t -p tcp 2222\n"},
    ],
)
def test_a_config_that_changes_the_policy_passes(more: dict[str, str]) -> None:
    """Nobody knows here what its module says; Fedora's own comment does not count."""
    assert warned(config("Port 2222", **more)) == []
    for argument in ("selinux=0", "enforcing=0"):
        assert warned(config("Port 2222") | {"kernelArguments": {"shouldExist": [f"quiet {argument}"]}}) == []
    assert warned(config("# semanage port -a -t ssh_port_t -p tcp #PORTNUMBER\nPort 2222"))


@pytest.mark.parametrize(
    ("text", "ports"),
    {
        "ListenStream=\nListenStream=2222": [2222], "ListenStream=2222": [2222], "ListenStream=\nListenStream=22": [],
        "ListenStream=[::]:2222": [2222], "ListenStream=50022": [], "ListenStream=/run/a": [], "Accept=yes": [],
    }.items(),
)  # fmt: skip
def test_the_ports_of_the_socket_count_if_it_starts_sshd(text: str, ports: list[int]) -> None:
    """Systemd gives up all of them if it cannot have one, and sshd's own files do not count."""
    socket = unit_of("sshd.socket", f"[Socket]\n{text}\n", enabled=True)
    said = warned(config("Port 443") | socket)
    assert [NOBODY in why for why in said] == [True for _ in ports]
    assert all(f"port {port}" in why for port, why in zip(ports, said, strict=True))
    waiting = unit_of("sshd.socket", f"[Socket]\n{text}\n")
    assert warned(user(sshAuthorizedKeys=[ED25519]) | waiting) == []
