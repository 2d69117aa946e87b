#!/bin/sh
# Reports facts about an image, one per line: NAME<tab>VALUE. Runs inside the image: offline, read-only and without
# capabilities. It makes no decisions. The last line shows that the answer is complete.
set -u

unit_folders='/etc/systemd/system.control /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'

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
# What systemd's calendar says about each time of the timer: when it comes, and when again.
for folder in $unit_folders; do
    cat "$folder"/bootc-fetch-apply-updates.timer "$folder"/bootc-*.timer.d/*.conf "$folder"/timer.d/*.conf 2> /dev/null
done | sed -e ':a' -e '/\\$/{N;s/\\\n/ /;ba' -e '}' | sed -n 's/^[[:space:]]*OnCalendar[[:space:]]*=[[:space:]]*//p' |
    sed -E 's/[[:space:]]+/ /g; s/ $//' | sort -u | while read -r spec; do
    [ -z "$spec" ] || fact calendar "$spec => $(systemd-analyze calendar --iterations=2 "$spec" 2> /dev/null | tr '\n' ' ')"
done
[ ! -x /usr/bin/bootc ] || fact bootc /usr/bin/bootc
# The programs that units start, if they are there and executable.
# shellcheck disable=SC2086  # a list of folders
grep -rhE '^[[:space:]]*Exec[A-Za-z]*[[:space:]]*=' $unit_folders 2> /dev/null |
    sed -E 's/^[^=]*=[[:space:]]*[-@:+!|]*"?([^[:space:]"]*).*/\1/' | sort -u | while read -r program; do
    case $program in
        /*) [ -d "$program" ] || [ ! -x "$program" ] || fact program "$program" ;;
        ?*)
            for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
                [ ! -x "$folder/$program" ] || fact program "$program"
            done
            ;;
    esac
done
# Paths that conditions of units name, and the folders of / where they begin, if they are there.
# shellcheck disable=SC2086
grep -rhE '^[[:space:]]*(Condition|Assert)' $unit_folders 2> /dev/null | grep -oE '/[^[:space:]]+' |
    sed -E 'p; s|^(/[^/]*).*|\1|' | sort -u | while read -r path; do
        [ ! -e "$path" ] || fact exists "$path"
    done
# One archive of the configuration that the contract reads, and of the scripts that units and cron name.
config="$unit_folders /usr/lib/systemd/system-preset /etc/systemd/system-preset /usr/lib/bootc /usr/lib/modprobe.d
    /etc/modprobe.d /usr/lib/modules-load.d /etc/modules-load.d /etc/cron.d /etc/cron.hourly /etc/cron.daily
    /etc/cron.weekly /etc/cron.monthly /etc/crontab /etc/anacrontab /etc/rc.d/rc.local /etc/rc.local /etc/fstab
    /etc/crypttab /etc/NetworkManager/dispatcher.d /usr/lib/NetworkManager/dispatcher.d"
text() { # passes on the names of ordinary small files
    while read -r path; do
        [ ! -f "$path" ] || printf '%s\0' "$path"
    done | xargs -0r grep -lIsE "$1"
}
fact tree "$({
    printf '%s\n' /etc/systemd /etc/containers /etc/pki/cosign /usr/lib/bootc
    # shellcheck disable=SC2086
    find $config -size -512k 2> /dev/null
    # shellcheck disable=SC2086
    find $config -type l -exec readlink -f {} + 2> /dev/null | grep -v /systemd/system/ | text .
    # shellcheck disable=SC2086
    {
        grep -rhoE '/[A-Za-z0-9_.@+/-]+' $config 2> /dev/null
        grep -rhE '^[[:space:]]*Exec[A-Za-z]*[[:space:]]*=' $unit_folders 2> /dev/null |
            sed -nE 's|^[^=]*=[[:space:]]*[-@:+!]*"?([A-Za-z0-9_.+-]+).*|/usr/local/sbin/\1\n/usr/local/bin/\1\n/usr/sbin/\1\n/usr/bin/\1|p'
    } | sort -u | text 'bootc|ostree|dnf|yum|systemctl|uupd|ublue|topgrade|reboot'
} | sort -u | tar --create --gzip --hard-dereference --no-recursion --ignore-failed-read --files-from=- 2> /dev/null |
    base64 -w 0)"
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
host_file() {
    [ ! -r "$1" ] || fact host-file "$(base64 -w0 "$1"):${1#/}" # the path may have blanks
}
# Keys and policy, and hidden files that count too.
for file in /etc/containers/policy.json /etc/containers/registries.d/*.yaml /etc/containers/registries.d/.*.yaml \
    /etc/containers/registries.conf /etc/containers/registries.conf.d/*.conf /etc/containers/registries.conf.d/.*.conf \
    /root/.config/containers/policy.json /root/.config/containers/registries.d/*.yaml \
    /root/.config/containers/registries.conf /root/.config/containers/registries.conf.d/*.conf \
    /etc/pki/cosign/*.pub; do
    [ -r "$file" ] || continue
    host_file "$file"
    fact file-mode "$(stat -c '%a %n' "$file")"
    [ "$(stat -L -c %u "$file")" = 0 ] || fact foreign "$file"
done
# Private keys that must not be there.
grep -rl 'PRIVATE KEY-----' /etc/pki/cosign 2> /dev/null | while read -r file; do
    host_file "$file"
done
for file in /etc/containers/certs.d/*/* /etc/docker/certs.d/*/*; do
    [ ! -f "$file" ] || host_file "$file"
done
for folder in / /usr /usr/bin /usr/sbin /usr/lib /usr/lib64 /usr/lib/modules /usr/lib/systemd /usr/lib/systemd/system \
    /usr/lib/systemd/system-preset /etc /etc/containers /etc/containers/registries.d /etc/pki /etc/pki/cosign; do
    [ -d "$folder" ] || continue
    fact folder-mode "$(stat -L -c '%a %n' "$folder")"
    [ "$(stat -L -c %u "$folder")" = 0 ] || fact foreign "$folder"
done
unset OSTREE_VERSION IMAGE_VERSION VERSION
# shellcheck source=/dev/null
. /etc/os-release
for version in "${OSTREE_VERSION:-}" "${IMAGE_VERSION:-}" "${VERSION:-}"; do
    fact os-version "$version"
done
fact end ''
