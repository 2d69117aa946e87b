#!/bin/bash
# Pushes an image that no host may take, made from the good one: foreign.sh KIND IMAGE; its digest goes to stdout.
set -euo pipefail

kind=$1
image=$2
auth=~/.docker/config.json
attachments=~/.config/containers/registries.d/foreign.yaml
work=$(mktemp -d)
trap 'rm -rf "$work" "$attachments"' EXIT
cd "$work"
mkdir -p "$(dirname "$attachments")"
printf 'docker:\n  ghcr.io:\n    use-sigstore-attachments: true\n' > "$attachments"
printf 'FROM custom-coreos:stable\nLABEL foreign="%s"\n' "$kind" > Containerfile
made=$(podman build -q .)
: > empty

push() { # TARGET [KEY]
    sign=()
    [ -z "${2:-}" ] || sign=("--sign-by-sigstore-private-key=$2" --sign-passphrase-file=empty)
    podman push -q --authfile "$auth" --digestfile digest "${sign[@]}" "$made" "docker://$1"
}

signature() { # DIGEST: the tag of its signature
    printf '%s.sig' "${1/:/-}"
}

case $kind in
    unsigned)
        push "$image:foreign"
        ;;
    wrongly-signed)
        host-policy generate-key < empty | python3 -c 'import json, sys; print(json.load(sys.stdin)["private"])' > key.key
        push "$image:foreign" key.key
        ;;
    tampered) # with the signature of another image
        push "$image:foreign"
        good=$(skopeo inspect --no-tags --format '{{.Digest}}' "docker://$image:stable")
        skopeo copy -q --authfile "$auth" "docker://$image:$(signature "$good")" "docker://$image:$(signature "$(cat digest)")"
        ;;
    differently-named) # signed with the right key, under another name
        push "$image-other:foreign" ~/.config/custom-coreos/signing.key
        skopeo copy -q --authfile "$auth" --preserve-digests "docker://$image-other:foreign" "docker://$image:foreign"
        tag=$(signature "$(cat digest)")
        skopeo copy -q --authfile "$auth" "docker://$image-other:$tag" "docker://$image:$tag"
        ;;
esac
cat digest
