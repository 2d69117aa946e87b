#!/bin/sh
# Builds the packages that replace OpenZFS's own, for one kernel, into this folder.
#   quick.sh 7.1.9-200.fc44.x86_64
set -eu

kernel=$1
arch=${kernel##*.}
rest=${kernel%.*}
filled() {
    sed "s/@KERNEL@/${rest%.*}/g; s/@DIST@/${rest##*.}/g; s/@ARCH@/$arch/g" "$1"
}

modules=packages/kmod-zfs-/tree/usr/lib/modules/$kernel/extra/zfs
mkdir -p "$modules"
for name in spl zfs; do
    filled "modules/$name.c" | gcc -x c -c -o "$modules/$name.ko" -
done
for package in packages/*; do
    mkdir -p "$package/tree"
    filled "$package/package.spec" > "$package/filled.spec"
    rpmbuild -bb --quiet --target "$(sed -n 's/^BuildArch: //p' "$package/filled.spec")" \
        --define "_topdir $PWD/top" --define "_sourcedir $PWD/$package/tree" --define "_rpmdir $PWD" \
        --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
        --define '__strip /bin/true' --define '_build_id_links none' --define 'debug_package %{nil}' \
        "$package/filled.spec"
done
for package in zfs-kmod-src-*.rpm; do
    mv "$package" "${package%.*.rpm}.src.rpm"
done
