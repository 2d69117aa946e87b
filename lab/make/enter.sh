#!/bin/sh
# Runs a command in another root file system, as one of its users, with devices, /proc, /sys and run-time folders.
#   enter.sh ROOT USER [cgroup2] [ro] [SOURCE:TARGET]... -- COMMAND...
# cgroup2: mount control groups of version 2, as on today's systems. ro: make the root read-only.
# The caller provides a mount namespace and a PID namespace. The script uses pivot_root: the kernel allows no user
# namespaces in a chroot, and an ordinary user's podman needs one.
set -eu

root=$1 user=$2
shift 2
cgroup2='' ro=''

# bind SOURCE TARGET: mount a file or a folder; create the target if it is missing
bind() {
    if [ -d "$1" ]; then
        mkdir -p "$2"
    else
        mkdir -p "$(dirname "$2")"
        [ -e "$2" ] || : > "$2"
    fi
    mount --bind "$1" "$2"
}

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm"
while read -r device major minor; do
    mknod -m 666 "$root/dev/$device" c "$major" "$minor"
done << EOT
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
fuse 10 229
net/tun 10 200
EOT
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
while [ "$1" != -- ]; do
    case $1 in
        cgroup2) cgroup2=yes ;;
        ro) ro=yes ;;
        *) bind "${1%%:*}" "$root${1#*:}" ;;
    esac
    shift
done
shift
[ -z "$cgroup2" ] || mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mkdir -p "$root/mnt"
[ -z "$ro" ] || mount -o remount,bind,ro "$root"
cd "$root"
pivot_root . mnt
umount -l /mnt
mount --make-rshared / # as systemd does: an ordinary user's podman requires it
id=$(id -u "$user")
mkdir -p "/run/user/$id"
chown "$user:" "/run/user/$id"
chmod 700 "/run/user/$id"
cd "$(getent passwd "$user" | cut -d: -f6)"
exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
