#!/bin/bash
# A disk as an installer of Fedora CoreOS leaves it: four partitions, and an old ext4 on the one named root.
#   disk.sh FILE
set -euo pipefail

file=$1
truncate --size=6G "$file"
sfdisk --quiet "$file" << 'END'
label: gpt
size=1MiB, name=BIOS-BOOT, type=21686148-6449-6E6F-744E-656564454649
size=127MiB, name=EFI-SYSTEM, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
size=384MiB, name=boot
name=root
END
start=$(sfdisk --json "$file" | jq '.partitiontable.partitions[3].start')
size=$(sfdisk --json "$file" | jq '.partitiontable.partitions[3].size')
mkfs.ext4 -q -L root -E "offset=$((start * 512))" "$file" "$((size / 2))k"
