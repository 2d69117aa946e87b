// Command host-policy does with containers/image what a host does, and makes the keys for it.
//
//	host-policy generate-key PREFIX                   writes PREFIX.key (0600) and PREFIX.pub; passphrase on stdin
//	host-policy decide POLICY REGISTRIES_D NAME KEY... prints as JSON what the policy decides on trial images of NAME
//	host-policy accepts POLICY REGISTRIES_D IMAGE     exit status 0 when the policy accepts the image; pulls nothing
//
// `accepts` sends no credentials: a host has none. IMAGE is name@digest. `decide` uses no network; KEY is a path as in
// the policy.
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
	case len(arguments) >= 4 && arguments[0] == "decide":
		return decide(arguments[1], arguments[2], arguments[3], arguments[4:])
	case len(arguments) == 4 && arguments[0] == "accepts":
		return accepts(arguments[1], arguments[2], arguments[3])
	}
	return fmt.Errorf("usage: host-policy generate-key PREFIX | host-policy decide POLICY REGISTRIES_D NAME KEY... | host-policy accepts POLICY REGISTRIES_D IMAGE")
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
	system := &types.SystemContext{RegistriesDirPath: registriesPath, DockerAuthConfig: &types.DockerAuthConfig{}}
	return judge(ctx, policy, name, system)
}

// judge asks the policy about the image that a registry holds; no error means that it is accepted.
func judge(ctx context.Context, policy *signature.Policy, name string, system *types.SystemContext) error {
	decision, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer decision.Destroy()
	reference, err := docker.ParseReference("//" + name)
	if err != nil {
		return err
	}
	source, err := reference.NewImageSource(ctx, system)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = decision.IsRunningImageAllowed(ctx, image.UnparsedInstance(source, nil))
	return err
}
