// Command host-policy does with containers/image what a host does, and makes the keys for it.
//
//	host-policy generate-key                          prints a key pair as JSON; passphrase on stdin
//	host-policy restore-key                           the same, from a written key on stdin's first line
//	host-policy public-key                            prints the public half of a private key; both on stdin, as JSON
//	host-policy decide POLICY REGISTRIES_D NAME KEY... prints as JSON what the policy decides on trial images of NAME
//	host-policy accepts POLICY REGISTRIES_D IMAGE     exit status 0 when the policy accepts the image; pulls nothing
//
// `accepts` sends no credentials: a host has none. IMAGE is name@digest. `decide` uses no network; KEY is a path as in
// the policy. It also reads registries.conf and registries.conf.d in the policy's folder.
package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
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
	case len(arguments) == 1 && arguments[0] == "generate-key":
		return generateKey()
	case len(arguments) == 1 && arguments[0] == "restore-key":
		return restoreKey()
	case len(arguments) == 1 && arguments[0] == "public-key":
		return publicKey()
	case len(arguments) >= 4 && arguments[0] == "decide":
		return decide(arguments[1], arguments[2], arguments[3], arguments[4:])
	case len(arguments) == 4 && arguments[0] == "accepts":
		return accepts(arguments[1], arguments[2], arguments[3])
	}
	return fmt.Errorf("usage: host-policy generate-key | host-policy restore-key | host-policy public-key | host-policy decide POLICY REGISTRIES_D NAME KEY... | host-policy accepts POLICY REGISTRIES_D IMAGE")
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
