#!/bin/bash
# Builds the lab's kernel once for each KERNEL, `6.12.100-200.fc44.x86_64`, and packs each as Fedora packs its own. The
# source is Debian's; the names are the world's. Runs in a container, from the folder with source and configuration.
#   kernel.sh OUT KERNEL…
set -euo pipefail

out=$1
shift
here=$PWD
trap 'rm -rf "$here"/*' EXIT # what is left would become part of an image
mkdir linux
tar --directory=linux --strip-components=1 -xf linux.tar.xz
cd linux
make -s tinyconfig
scripts/kconfig/merge_config.sh -m .config kernel/configs/kvm_guest.config "$here/kernel.config" > merge.log
make -s olddefconfig
sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y$/\1/p' "$here/kernel.config" | while read -r option; do
    grep -q "^$option=y" .config || { echo "$option cannot be set in this source" >&2; exit 1; }
done
for kernel in "$@"; do
    number=${kernel%%-*} packaged=${kernel#*-}
    packaged=${packaged%.*}
    options=(LOCALVERSION= "SUBLEVEL=${number##*.}")
    scripts/config --set-str LOCALVERSION "-${kernel#*-}"
    make -s -j "$(nproc)" "${options[@]}" bzImage modules
    [ "$(cat include/config/kernel.release)" = "$kernel" ] || { echo "the source is not that of $kernel" >&2; exit 1; }
    tree=$here/tree-$kernel modules=usr/lib/modules/$kernel
    mkdir -p "$tree/$modules"
    make -s "${options[@]}" INSTALL_MOD_PATH="$tree/usr" modules_install
    cp arch/x86/boot/bzImage "$tree/$modules/vmlinuz"
    devel=usr/src/kernels/$kernel
    make -s "${options[@]}" run-command \
        KBUILD_RUN_COMMAND="scripts/package/install-extmod-build $tree/$devel"
    rpmbuild -bb --quiet --define "_rpmdir $out" --define "tree $tree" --define "kernel $kernel" \
        --define "number $number" --define "packaged $packaged" \
        --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" "$here/kernel.spec"
done
