#!/bin/sh
# Reports facts about an image, one per line: NAME<tab>VALUE. Runs inside the image: offline, read-only and without
# capabilities. It makes no decisions. The last line shows that the answer is complete.
set -u

fact() {
    printf '%s\t%s\n' "$1" "$2"
}

for tree in /usr/lib/modules/*/; do
    [ -d "$tree" ] || continue
    kernel=$(basename "$tree")
    fact kernel-tree "$kernel"
    for module in zfs spl; do
        file=$(find "$tree" -name "$module.ko*" | head -n 1)
        [ -n "$file" ] || continue
        fact "$module-file" "$file"
        fact "$module-vermagic" "$(modinfo -F vermagic "$file" 2> /dev/null)"
        fact "$module-version" "$(modinfo -F version "$file" 2> /dev/null)"
        fact "$module-indexed" "$(modinfo -k "$kernel" -F filename "$module" 2> /dev/null)"
    done
done
rpm -qa --queryformat 'package\t%{NAME} %{VERSION} %{VERSION}-%{RELEASE}.%{ARCH}\n'
presets=/usr/lib/systemd/system-preset
for preset in "$presets/50-zfs.preset" "$presets"/10-custom-coreos*.preset; do
    name=${preset##*/}
    [ ! -r "$preset" ] || while read -r state unit _; do
        case $state in
            enable | disable)
                fact preset "${name%.preset} $unit $state"
                fact unit "$unit $(systemctl is-enabled "$unit" 2> /dev/null)"
                ;;
        esac
    done < "$preset"
done
for unit in zincati.service bootc-fetch-apply-updates.timer; do
    fact unit "$unit $(systemctl is-enabled "$unit" 2> /dev/null)"
done
systemctl --root=/ list-unit-files --no-legend 2> /dev/null | while read -r unit _ state; do
    fact first-boot "$unit $state"
done
[ ! -r /etc/modules-load.d/zfs.conf ] || while read -r line; do
    fact modules-load "$line"
done < /etc/modules-load.d/zfs.conf
[ ! -e /var/lib/pcp ] || fact left-behind /var/lib/pcp
for file in /etc/containers/policy.json /etc/containers/registries.d/*.yaml /etc/pki/cosign/*.pub \
    /root/.config/containers/policy.json /root/.config/containers/registries.d/*.yaml; do
    [ -r "$file" ] || continue
    fact host-file "${file#/} $(base64 -w0 "$file")"
    fact file-mode "$(stat -c '%a %n' "$file")"
done
for folder in / /usr /usr/bin /usr/lib /usr/lib64 /usr/lib/modules /usr/lib/systemd /usr/lib/systemd/system \
    /usr/lib/systemd/system-preset /etc /etc/containers /etc/containers/registries.d /etc/pki /etc/pki/cosign; do
    [ ! -d "$folder" ] || fact folder-mode "$(stat -L -c '%a %n' "$folder")"
done
unset OSTREE_VERSION IMAGE_VERSION VERSION
# shellcheck source=/dev/null
. /etc/os-release
for version in "${OSTREE_VERSION:-}" "${IMAGE_VERSION:-}" "${VERSION:-}"; do
    fact os-version "$version"
done
fact end ''
