"""What is typed on a machine so that its disk opens on a bad day too: README.md has it letter by letter."""

_ROOT = "/dev/disk/by-partlabel/root"
_FROM_TPM = f"clevis luks pass -d {_ROOT} -s 1"
RECOVERY_KEY = f"sudo sh -c 'PASSWORD=$({_FROM_TPM}) systemd-cryptenroll --recovery-key {_ROOT}'"
PASSPHRASE = f"sudo bash -c 'cryptsetup luksAddKey --key-file <({_FROM_TPM}) {_ROOT}'"
TRY_KEY = f"sudo cryptsetup open --test-passphrase {_ROOT}"
BIND_ANEW = f"sudo clevis luks regen -q -d {_ROOT} -s 1"
