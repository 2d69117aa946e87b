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
    # What loading zfs by its name would do, as systemd-modules-load does it: one step a line.
    modprobe --set-version "$kernel" --use-blacklist --show-depends zfs 2>&1 | while read -r step; do
        fact zfs-load "$step"
    done
    if [ "$(dd if="$tree/vmlinuz" bs=1 skip=514 count=4 2> /dev/null)" = HdrS ]; then # Linux's boot protocol for x86
        start=$(($(od -An -tu2 -j526 -N2 "$tree/vmlinuz") + 513))
        fact kernel-image "$(tail -c "+$start" "$tree/vmlinuz" | head -c 100 | tr '\0' '\n' | head -n 1)"
    fi
    contents=$(lsinitrd "$tree/initramfs.img" 2> /dev/null)
    printf '%s\n' "$contents" | sed -n 's|.* usr/lib/modules/\([^/]*\)$|\1|p' | while read -r inside; do
        fact initramfs "$inside"
    done
    case $contents in *" etc/hostid"*) fact identity "etc/hostid in initramfs.img" ;; esac
done
# Kernel arguments that the image brings, one a line; bootc reads them from these files.
cat /usr/lib/bootc/kargs.d/*.toml 2> /dev/null | grep -o '"[^"]*"' | tr -d '"' | tr ' ' '\n' | while read -r argument; do
    fact kernel-argument "$argument"
done
rpm -qa --queryformat 'package\t%{NAME} %{VERSION} %{VERSION}-%{RELEASE}.%{ARCH}\n'
presets=/usr/lib/systemd/system-preset
for preset in "$presets/50-zfs.preset" "$presets"/10-custom-coreos*.preset; do
    name=${preset##*/}
    [ ! -r "$preset" ] || while read -r state unit _ || [ -n "$state" ]; do
        case $state in
            enable | disable)
                fact preset "${name%.preset} $unit $state"
                fact unit "$unit $(systemctl is-enabled "$unit" 2> /dev/null)"
                ;;
        esac
    done < "$preset"
done
for unit in zincati.service bootc-fetch-apply-updates.timer bootc-fetch-apply-updates.service zfs.target \
    zfs-import.target zfs-import-cache.service zfs-import-scan.service zfs-mount.service; do
    fact unit "$unit $(systemctl is-enabled "$unit" 2> /dev/null)"
done
if command -v systemd-analyze > /dev/null; then fact timer-checked yes; fi
systemd-analyze verify --man=no --recursive-errors=no bootc-fetch-apply-updates.timer 2>&1 |
    grep bootc-fetch-apply-updates | while read -r line; do
    fact timer-fault "$line"
done
# The settings of timer and service, those of drop-ins last.
for kind in timer service; do
    systemd-analyze cat-config "systemd/system/bootc-fetch-apply-updates.$kind" 2> /dev/null |
        grep -E '^[[:space:]]*[A-Za-z]+[[:space:]]*=' | while read -r line; do
        fact "$kind-line" "$line"
        case $line in
            OnCalendar=?*)
                spec=${line#*=}
                systemd-analyze calendar "$spec" 2> /dev/null | grep -q 'Next elapse: [^n]' || fact timer-never "$spec"
                ;;
        esac
    done
done
[ ! -x /usr/bin/bootc ] || fact bootc /usr/bin/bootc
# Units that update the machine, by what they run.
grep -lE '^ExecStart=.*(bootc|rpm-ostree|dnf5?)[[:space:]].*(upgrade|update)([[:space:]]|$)' /etc/systemd/system/*.service \
    /usr/lib/systemd/system/*.service /usr/local/lib/systemd/system/*.service 2> /dev/null | while read -r file; do
    fact updates "${file##*/}"
done
# What else a target starts: settings in a target or its drop-ins.
grep -hE '^(Wants|Requires|Upholds|BindsTo)=' /etc/systemd/system/multi-user.target.d/*.conf \
    /etc/systemd/system/timers.target.d/*.conf /etc/systemd/system/default.target.d/*.conf \
    /usr/lib/systemd/system/multi-user.target.d/*.conf /usr/lib/systemd/system/timers.target.d/*.conf 2> /dev/null |
    sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | while read -r unit; do
    [ -z "$unit" ] || fact wanted "drop-in $unit"
done
for link in /etc/systemd/system/*.wants/* /etc/systemd/system/*.requires/* /usr/lib/systemd/system/*.wants/* \
    /usr/lib/systemd/system/*.requires/* /etc/systemd/system/*.upholds/* /usr/lib/systemd/system/*.upholds/*; do
    folder=$(basename "${link%/*}")
    if [ -L "$link" ]; then fact wanted "${folder%.*} ${link##*/}"; fi
done
systemctl --root=/ list-unit-files --no-legend 2> /dev/null | while read -r unit _ state; do
    fact first-boot "$unit $state"
done
[ ! -r /etc/modules-load.d/zfs.conf ] || while read -r line || [ -n "$line" ]; do
    fact modules-load "$line"
done < /etc/modules-load.d/zfs.conf
[ ! -e /var/lib/pcp ] || fact left-behind /var/lib/pcp
for file in /etc/hostid /etc/ssh/ssh_host_*_key /etc/zfs/zpool.cache /var/lib/systemd/random-seed /etc/nvme/hostid \
    /etc/nvme/hostnqn /etc/iscsi/initiatorname.iscsi /var/lib/tailscale/tailscaled.state; do
    [ ! -e "$file" ] || fact identity "$file"
done
if grep -qE '^[0-9a-f]{32}$' /etc/machine-id 2> /dev/null; then fact identity /etc/machine-id; fi
# Files that are missing from the packages of our own transaction, or are not as packaged: zfs is in it.
own=$(rpm -q --queryformat '%{INSTALLTID}' zfs 2> /dev/null)
rpm -qa --queryformat '%{INSTALLTID} %{NAME}\n' | while read -r transaction name; do
    [ "$transaction" = "$own" ] || continue
    rpm --verify --nodeps --noscripts --nodigest --nosignature --nomtime "$name" | while read -r word attribute path; do
        [ -n "$path" ] || path=$attribute attribute=
        case "$word $attribute $path" in
            *' c '* | *' d '* | *' g '* | *' /var/'* | *' /run/'*) ;;
            missing*) fact missing "$name $path" ;;
            *[SML5UGP]*' '*) fact missing "$name $path (changed: $word)" ;;
        esac
    done
done
# Keys and policy, hidden files that count too, and private keys that must not be there.
for file in /etc/containers/policy.json /etc/containers/registries.d/*.yaml /etc/containers/registries.d/.*.yaml \
    /etc/containers/registries.conf /etc/containers/registries.conf.d/*.conf /etc/containers/registries.conf.d/.*.conf \
    /root/.config/containers/policy.json /root/.config/containers/registries.d/*.yaml \
    /root/.config/containers/registries.conf /root/.config/containers/registries.conf.d/*.conf \
    /etc/pki/cosign/*.pub $(grep -rl 'PRIVATE KEY-----' /etc/pki/cosign 2> /dev/null); do
    [ -r "$file" ] || continue
    fact host-file "${file#/} $(base64 -w0 "$file")"
    fact file-mode "$(stat -c '%a %n' "$file")"
done
for file in /etc/containers/certs.d/*/* /etc/docker/certs.d/*/*; do
    case $file in *[[:space:]]*) continue ;; esac
    [ ! -f "$file" ] || fact host-file "${file#/} $(base64 -w0 "$file")"
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
