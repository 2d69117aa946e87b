"""Commands typed on a machine: those for bad days, letter by letter from docs/recovery.md, and those for a new pool."""

_ROOT = "/dev/disk/by-partlabel/root"
_FROM_TPM = f"clevis luks pass -d {_ROOT} -s 1"
RECOVERY_KEY = f"sudo sh -c 'PASSWORD=$({_FROM_TPM}) systemd-cryptenroll --recovery-key {_ROOT}'"
PASSPHRASE = f"sudo bash -c 'cryptsetup luksAddKey --key-file <({_FROM_TPM}) {_ROOT}'"
TRY_KEY = f"sudo cryptsetup open --test-passphrase {_ROOT}"
BIND_ANEW = f"sudo clevis luks regen -q -d {_ROOT} -s 1"
# Each step has a name.
POOL = (
    ("zpool create", "zpool create tank /dev/disk/by-id/virtio-tank && zfs create tank/data"),
    ("data", "dd if=/dev/urandom of=/tank/data/file bs=1M count=16 status=none && sync"),
    ("snapshot", "zfs snapshot tank/data@first && zfs list -t snapshot tank/data@first"),
    ("scrub", "zpool scrub -w tank && zpool status tank | grep 'with 0 errors'"),
    ("export", "zpool export tank && ! zpool list tank"),
    ("import", "zpool import -d /dev/disk/by-id tank && zpool list tank"),
)
