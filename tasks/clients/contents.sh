#!/bin/sh
# Lists what an image is made of, one line each: `package` with the RPM database's fields, `file` with the sums of a
# file of configuration. Runs inside the image, offline, read-only and without capabilities.
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
