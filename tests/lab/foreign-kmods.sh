#!/bin/bash
# Puts kmods into our own repository that no build may take, under a pair's tag: foreign-kmods.sh KIND TAG KEY
set -euo pipefail

kind=$1
tag=$2
key=$3
there=ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-7.1.9-200.fc44.x86_64
label=io.github.samhclark.fedora-zfs-kmods.kernel.version
kernel=${tag#*_kernel-}
attachments=~/.config/containers/registries.d/foreign.yaml
work=$(mktemp -d)
trap 'rm -rf "$work" "$attachments"' EXIT
cd "$work"
mkdir -p "$(dirname "$attachments")"
printf 'docker:\n  ghcr.io:\n    use-sigstore-attachments: true\n' > "$attachments"
: > empty
sign=("--sign-by-sigstore-private-key=$key" --sign-passphrase-file=empty)
printf 'FROM %s\n' "$there" > Containerfile

case $kind in
    unsigned)
        sign=()
        ;;
    wrongly-signed)
        host-policy generate-key < empty | python3 -c 'import json, sys; print(json.load(sys.stdin)["private"])' > key.key
        sign=(--sign-by-sigstore-private-key=key.key --sign-passphrase-file=empty)
        ;;
    other-labels) # the image of another kernel as it is
        ;;
    other-packages) # the labels are right
        printf 'LABEL %s="%s"\n' "$label" "$kernel" >> Containerfile
        ;;
    other-modules) # labels and file names are right
        kmod='kmod-zfs-7.1.9-200.fc44.x86_64-2.4.4-1.fc44.x86_64.rpm'
        podman create -q --name foreign "$there" /none > /dev/null
        podman export foreign | tar -xf -
        podman rm foreign > /dev/null
        mv "$kmod" "${kmod/7.1.9-200.fc44.x86_64/$kernel}"
        printf 'FROM scratch\nCOPY *.rpm /\nCOPY other /other\n' > Containerfile
        printf 'LABEL %s="%s" io.github.samhclark.fedora-zfs-kmods.zfs.tag="zfs-2.4.4"\n' "$label" "$kernel" >> Containerfile
        ;;
esac
podman push -q --authfile ~/.docker/config.json "${sign[@]}" "$(podman build -q .)" \
    "docker://ghcr.io/samhclark/custom-coreos-kmods:$tag"
