package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

const (
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	signatureType = "application/vnd.dev.cosign.simplesigning.v1+json"
	signatureKey  = "dev.cosignproject.cosign/signature"
)

type object = map[string]any

// registry answers for one trial image and whatever is below its name; clients reach it as their proxy.
type registry struct {
	name      string
	image     []byte
	signature []byte // the manifest of the attached signature; nil: there is none
	blobs     map[string][]byte
}

// newRegistry makes an image that `by` has signed, and returns the image's digest too.
func newRegistry(name string, by signer) (*registry, string, error) {
	config := []byte("{}")
	image, err := manifest(config, nil)
	if err != nil {
		return nil, "", err
	}
	digest := sum(image)
	made := &registry{
		name:  name,
		image: image,
		blobs: map[string][]byte{sum(config): config},
	}
	if by.private == nil {
		return made, digest, nil
	}
	payload, err := json.Marshal(object{
		"critical": object{
			"type":     "cosign container image signature",
			"identity": object{"docker-reference": name + ":candidate"},
			"image":    object{"docker-manifest-digest": digest},
		},
		"optional": object{},
	})
	if err != nil {
		return nil, "", err
	}
	hashed := sha256.Sum256(payload)
	signed, err := ecdsa.SignASN1(rand.Reader, by.private, hashed[:])
	if err != nil {
		return nil, "", err
	}
	made.blobs[sum(payload)] = payload
	made.signature, err = manifest(config, []object{{
		"mediaType": signatureType, "digest": sum(payload), "size": len(payload),
		"annotations": object{signatureKey: base64.StdEncoding.EncodeToString(signed)},
	}})
	return made, digest, err
}

func manifest(config []byte, layers []object) ([]byte, error) {
	return json.Marshal(object{
		"schemaVersion": 2, "mediaType": manifestType, "layers": append([]object{}, layers...),
		"config": object{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": sum(config), "size": len(config)},
	})
}

func (held *registry) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	folder, name := path.Split(request.URL.Path)
	content, kind := held.blobs[name], "application/octet-stream"
	asked := request.Host + "/" + strings.TrimPrefix(request.URL.Path, "/v2/")
	if path.Base(folder) == "manifests" {
		content, kind = held.image, manifestType
		if strings.HasSuffix(name, ".sig") {
			content = held.signature
		}
	}
	switch {
	case request.Method == http.MethodConnect: // the client then speaks plain http
		http.Error(answer, "no TLS", http.StatusMethodNotAllowed)
	case request.URL.Path == "/v2/":
	case content == nil, !strings.HasPrefix(asked, held.name+"/"): // registries.conf may lead elsewhere
		http.NotFound(answer, request)
	default:
		answer.Header().Set("Content-Type", kind)
		answer.Write(content)
	}
}
