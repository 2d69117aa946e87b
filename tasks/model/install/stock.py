"""What stock Fedora CoreOS has when Ignition runs, from https://github.com/coreos/fedora-coreos-config.

The lists hold what has been there for years: they may lack something, but what they name is there.
"""

# Its root is read-only.
TOP = frozenset(["boot", "etc", "home", "media", "mnt", "opt", "root", "srv", "usr", "var"])
LINKS_TO_USR = ("/bin", "/lib", "/lib64", "/sbin")
LINKS = {
    "/home": "/var/home", "/media": "/run/media", "/mnt": "/var/mnt", "/opt": "/var/opt", "/root": "/var/roothome",
    "/srv": "/var/srv", "/usr/local": "/var/usrlocal",
}  # fmt: skip
LOST = frozenset(["dev", "ostree", "proc", "run", "sys", "sysroot", "tmp"])  # of the kernel, of one boot, of ostree

FILES = frozenset(
    f"/etc/{name}"
    for name in (
        "NetworkManager/NetworkManager.conf", "aliases", "audit/auditd.conf", "bashrc", "chrony.conf", "chrony.keys",
        "containers/policy.json", "containers/registries.conf", "containers/registries.d/default.yaml",
        "default/useradd", "environment", "exports", "fuse.conf", "group", "gshadow", "host.conf", "hosts",
        "idmapd.conf", "inputrc", "iscsi/iscsid.conf", "krb5.conf", "ld.so.conf", "login.defs",
        "logrotate.conf", "lvm/lvm.conf", "mke2fs.conf", "motd", "nfs.conf", "nfsmount.conf", "nsswitch.conf",
        "pam.d/sshd", "pam.d/sudo", "passwd", "profile", "protocols", "rpm-ostreed.conf",
        "security/limits.conf", "selinux/config", "services", "shadow", "shells", "ssh/ssh_config",
        "ssh/sshd_config", "ssh/sshd_config.d/40-disable-passwords.conf", "ssh/sshd_config.d/50-redhat.conf",
        "subgid", "subuid", "sudo.conf", "sudoers", "sudoers.d/coreos-sudo-group", "sysctl.conf",
    )
)  # fmt: skip
DOUBTFUL_FILES = frozenset(
    ["/etc/modprobe.d/blacklist-nouveau.conf", "/etc/resolv.conf", "/etc/sysconfig/nftables.conf"]
)  # it shipped them in 2024, and may have given them up
PARTITIONS = {3: "boot", 4: "root"}  # of the disk it boots from; 1 and 2 depend on the kind of machine
NO_SHELLS = frozenset(["csh", "dash", "fish", "ksh", "mksh", "nu", "tcsh", "xonsh", "zsh"])  # its packages lack them

_BOTH = frozenset(
    """
    adm avahi-autoipd bin ceph chrony clevis cockpit-ws core daemon dbus dnsmasq dockerroot etcd ftp fwupd-refresh games
    kube lp mail nfsnobody nobody passim polkitd root rpc rpcuser sshd sssd systemd-bus-proxy systemd-coredump
    systemd-network systemd-oom systemd-resolve systemd-timesync tcpdump tss unbound zincati
    """.split()  # noqa: SIM905  (a list of words)
)
USERS = _BOTH | {"halt", "operator", "shutdown", "sync"}
GROUPS = _BOTH | frozenset(
    """
    audio cdrom cgred dialout dip disk docker floppy input kmem kvm lock man mem printadmin render sgx ssh_keys sudo sys
    systemd-journal tape tty users utempter utmp video wbpriv wheel
    """.split()  # noqa: SIM905  (a list of words)
)
ETC_GROUPS = frozenset(["adm", "core", "docker", "root", "sudo", "systemd-journal", "wheel"])  # others: /usr/lib/group
GIDS = {
    0: "root", 4: "adm", 6: "disk", 10: "wheel", 16: "sudo", 18: "dialout", 39: "video", 63: "audio", 100: "users",
}  # fmt: skip
