#!/bin/sh
# Lists an image's contents, one per line: `package` with fields of the RPM database, `file` with the checksums of a
# configuration file. Runs inside the image: offline, read-only and without capabilities.
set -u

rpm -qa --queryformat \
    'package\t%{NAME}\t%{EPOCHNUM}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{LICENSE}\t%{VENDOR}\t%{SOURCERPM}\n'
{
    find /etc -xdev -type f
    find /usr/lib/systemd/system -path '*.d/*' -name '*.conf' -type f
} | LC_ALL=C sort | while IFS= read -r path; do
    case $path in /etc/hostname | /etc/hosts | /etc/resolv.conf) continue ;; esac # the container's, not the image's
    [ -r "$path" ] || continue
    sums="$(sha1sum < "$path" | cut -d' ' -f1)	$(sha256sum < "$path" | cut -d' ' -f1)"
    printf 'file\t%s\t%s\n' "$sums" "$path"
done
printf 'end\n'
