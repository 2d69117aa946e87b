#!/bin/bash
# Reports the facts of a booted machine, one a line: NAME<tab>VALUE. It runs there as root and judges nothing.
set -u

fact() {
    printf '%s\t%s\n' "$1" "$(tr '\n\t' '  ' <<< "$2" | sed 's/ *$//')"
}

for _ in {1..90}; do # wait until the boot has settled; ignore the switch, which takes as long as a download
    systemctl list-jobs --plain --no-legend | grep -qv -e custom-coreos-switch -e multi-user.target -e graphical.target \
        -e systemd-update-utmp || break
    sleep 1
done
device=$(readlink -f /dev/disk/by-partlabel/root)
header=$(cryptsetup luksDump --dump-json-metadata "$device")
fact kernel "$(uname -r)"
fact hostname "$(hostname)"
fact hostname-file "$(cat /etc/hostname) $(stat -c %a /etc/hostname)"
fact root "$(findmnt -no SOURCE,FSTYPE,LABEL / | tr -s ' ')"
fact luks "$(blkid -p -s TYPE -o value "$device") $(blkid -p -s VERSION -o value "$device") $(blkid -p -s LABEL -o value "$device")"
fact luks-uuid "$(blkid -p -s UUID -o value "$device")"
fact luks-tokens "$(jq -r '[.tokens[] | .type + ":" + (.keyslots | join(","))] | join(" ")' <<< "$header")"
fact luks-keyslots "$(jq -r '.keyslots | keys | join(" ")' <<< "$header")"
fact core-keys "$(cat ~core/.ssh/authorized_keys.d/ignition)"
fact core-groups "$(id -nG core)"
for module in spl zfs; do
    fact "$module-loaded" "$(cat /sys/module/$module/version 2> /dev/null)"
    fact "$module-file" "$(modinfo -F filename $module 2> /dev/null)"
    fact "$module-package" "$(rpm -qf "$(modinfo -F filename $module 2> /dev/null)" --queryformat '%{NAME}' 2> /dev/null)"
done
fact modules-load "$(systemctl show --property=Result --value systemd-modules-load)"
fact modules-load-said "$(journalctl --boot --output=cat --unit=systemd-modules-load | tail -n 3)"
fact pool "$(zpool list -H -o name,health 2> /dev/null | tr -s '\t' ' ')"
fact imported-by "$(systemctl show --property=Result,ActiveState --value zfs-import-cache | tr '\n' ' ')"
fact data "$(sha256sum /tank/data/file 2> /dev/null | cut -d ' ' -f 1)"
for unit in tailscaled.service zincati.service bootc-fetch-apply-updates.timer; do
    fact "$unit" "$(systemctl is-enabled "$unit" 2> /dev/null) $(systemctl is-active "$unit" 2> /dev/null)"
done
fact failed "$(systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1)"
fact bootc "$(cat /var/lib/lab-bootc/calls 2> /dev/null)"
fact policy "$(sha256sum /etc/containers/policy.json | cut -d ' ' -f 1)"
fact end end
