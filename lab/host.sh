#!/bin/sh
# Acts as a host that follows an image: the overlay's /etc over this machine's /etc, an empty store, its own home folder,
# no login. It pulls the image as bootc would: under the policy.json and registries.d that the overlay ships.
#   host.sh CHECKOUT IMAGE
set -eu

checkout=$(readlink -f "$1")
image=$2
if [ "${IN_HOST:-}" != yes ]; then
    IN_HOST=yes exec unshare --mount sh "$0" "$checkout" "$image"
fi
top=$(mktemp -d)
trap 'umount "$top/etc/hosts" /etc 2> /dev/null || true; rm -rf "$top"' EXIT
cp /etc/hosts "$top/hosts"
cp -r "$checkout/overlay-root/etc" "$top/etc" # an overlay would not see the lab's keys, which are mounted there
mount -t overlay overlay -o "lowerdir=$top/etc:/etc" /etc
mount --bind "$top/hosts" /etc/hosts
mkdir "$top/home"
echo '{}' > "$top/no-login.json"
env HOME="$top/home" XDG_RUNTIME_DIR="$top/home" REGISTRY_AUTH_FILE="$top/no-login.json" \
    podman --root "$top/graph" --runroot "$top/run" pull --quiet "$image"
umount "$top/graph/overlay" 2> /dev/null || true
