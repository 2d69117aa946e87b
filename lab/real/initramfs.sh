#!/bin/bash
# Turns the root that it runs in into an initramfs with Ignition, wired as Ignition's own dracut module wires it.
#   initramfs.sh IGNITION OUT
set -euo pipefail

ignition=$1 out=$2
units=/usr/lib/systemd/system
cp /etc/os-release /etc/initrd-release
ln -sf lib/systemd/systemd /init
mkdir -p /sysroot
: > /etc/fstab
install -m 755 "$ignition/ignition" /usr/bin/
install -m 644 "$ignition"/30ignition/*.service "$ignition"/30ignition/*.target $units/
install -D -m 755 "$ignition/30ignition/ignition-generator" /usr/lib/systemd/system-generators/ignition-generator
install -m 755 "$ignition/30ignition/ignition-kargs-helper.sh" /usr/sbin/ignition-kargs-helper
install -m 644 "$ignition/30ignition/99-xx-ignition-systemd-cryptsetup.rules" /usr/lib/udev/rules.d/
install -D -m 644 "$ignition/30ignition/ignition-luks.conf" /etc/security/pwquality.conf.d/ignition-luks.conf
for stage in fetch fetch-offline kargs disks mount files; do
    systemctl add-requires ignition-complete.target "ignition-$stage.service"
done
systemctl add-requires ignition-diskful.target ignition-remount-sysroot.service
systemctl add-wants cryptsetup.target clevis-luks-askpass.path
systemctl enable lab-first-tree lab-next-tree lab-pcr7
systemctl mask systemd-timesyncd systemd-networkd systemd-resolved systemd-pcrphase-initrd systemd-pcrphase \
    systemd-repart systemd-firstboot ldconfig apt-daily.timer dpkg-db-backup.timer
rm -rf /var/cache/* /var/lib/apt/* /var/lib/dpkg /usr/lib/udev/hwdb.d /usr/share/{doc,man,locale,info,i18n} \
    /etc/machine-id
find / -xdev -not -path '/run/*' -not -path '/tmp/*' -not -path /etc/hostname -print0 | cpio --null --create --format=newc --quiet |
    zstd --quiet -3 --threads=0 > "$out"
