// Command host-policy does with containers/image what a host does, and makes the keys for it.
//
//	host-policy generate-key PREFIX                   writes PREFIX.key (0600) and PREFIX.pub; passphrase on stdin
//	host-policy check POLICY KEY...                   exit status 0 when a host can read the policy and the keys
//	host-policy accepts POLICY REGISTRIES_D IMAGE     exit status 0 when the policy accepts the image; pulls nothing
//
// `accepts` sends no credentials: a host has none. IMAGE is name@digest.
package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/signature/sigstore"
	"go.podman.io/image/v5/types"
)

const patience = 90 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "generate-key":
		return generateKey(arguments[1])
	case len(arguments) >= 2 && arguments[0] == "check":
		return check(arguments[1], arguments[2:])
	case len(arguments) == 4 && arguments[0] == "accepts":
		return accepts(arguments[1], arguments[2], arguments[3])
	}
	return fmt.Errorf("usage: host-policy generate-key PREFIX | host-policy check POLICY KEY... | host-policy accepts POLICY REGISTRIES_D IMAGE")
}

func generateKey(prefix string) error {
	passphrase, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	pair, err := sigstore.GenerateKeyPair(passphrase)
	if err != nil {
		return err
	}
	if err := writeNew(prefix+".key", pair.PrivateKey, 0o600); err != nil {
		return err
	}
	return writeNew(prefix+".pub", pair.PublicKey, 0o644)
}

func writeNew(path string, content []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func check(policyPath string, keys []string) error {
	if _, err := signature.NewPolicyFromFile(policyPath); err != nil {
		return err
	}
	for _, path := range keys {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		block, _ := pem.Decode(content)
		if block == nil {
			return fmt.Errorf("%s is no PEM file", path)
		}
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func accepts(policyPath, registriesPath, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	policy, err := signature.NewPolicyFromFile(policyPath)
	if err != nil {
		return err
	}
	decision, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer decision.Destroy()
	reference, err := docker.ParseReference("//" + name)
	if err != nil {
		return err
	}
	system := &types.SystemContext{RegistriesDirPath: registriesPath, DockerAuthConfig: &types.DockerAuthConfig{}}
	source, err := reference.NewImageSource(ctx, system)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = decision.IsRunningImageAllowed(ctx, image.UnparsedInstance(source, nil))
	return err
}
