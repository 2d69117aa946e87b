package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

// Tags that a host can name; a policy may have rules for more, which are tried too.
var tags = []string{"stable", "candidate", "latest"}

// A decision of the policy on one reference. Signer is a key's path, "none", or "foreign" for a key that nobody trusts.
type decision struct {
	Reference string                       `json:"reference"`
	Signer    string                       `json:"signer"`
	Refusal   string                       `json:"refusal"` // empty if the image is accepted
	Rule      signature.PolicyRequirements `json:"rule"`    // what the policy requires of this reference
}

// A signer of trial images, with a key pair made for this run.
type signer struct {
	name    string
	private *ecdsa.PrivateKey // nil: it signs nothing
}

// decide tries the policy on trial images in a registry of its own. Pairs made for this run replace the shipped keys,
// because their private halves are elsewhere.
func decide(policyPath, registriesPath, name string, keys []string) error {
	if err := check(policyPath, keys); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "host-policy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	signers, replaced, err := standIns(folder, keys)
	if err != nil {
		return err
	}
	shipped, err := signature.NewPolicyFromFile(policyPath)
	if err != nil {
		return err
	}
	policy, err := replaceKeys(policyPath, replaced)
	if err != nil {
		return err
	}
	decisions := []decision{}
	for _, each := range signers {
		made, err := tryAll(policy, policyPath, registriesPath, folder, name, keys, each)
		if err != nil {
			return err
		}
		for _, each := range made {
			if each.Rule, err = rule(shipped, each.Reference); err != nil {
				return err
			}
			decisions = append(decisions, each)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(decisions)
}

// standIns makes a key pair for every shipped key, and one for a stranger.
func standIns(folder string, keys []string) ([]signer, map[string]string, error) {
	signers, replaced := []signer{{name: "none"}}, map[string]string{}
	for number, name := range append([]string{"foreign"}, keys...) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		public, err := x509.MarshalPKIXPublicKey(private.Public())
		if err != nil {
			return nil, nil, err
		}
		path := filepath.Join(folder, fmt.Sprintf("%d.pub", number))
		content := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, nil, err
		}
		signers = append(signers, signer{name, private})
		replaced[name] = path
	}
	return signers, replaced, nil
}

// replaceKeys reads a policy with other files in place of its keys.
func replaceKeys(policyPath string, replaced map[string]string) (*signature.Policy, error) {
	content, err := os.ReadFile(policyPath)
	if err != nil {
		return nil, err
	}
	var document any
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	content, err = json.Marshal(withReplaced(document, replaced))
	if err != nil {
		return nil, err
	}
	return signature.NewPolicyFromBytes(content)
}

func withReplaced(value any, replaced map[string]string) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = withReplaced(inner, replaced)
		}
	case []any:
		for number, inner := range value {
			value[number] = withReplaced(inner, replaced)
		}
	case string:
		if path, ok := replaced[value]; ok {
			return path
		}
	}
	return value
}

// tryAll asks the policy about every reference of one signer's image.
func tryAll(policy *signature.Policy, policyPath, registriesPath, folder, name string, keys []string, by signer) ([]decision, error) {
	registry, digest, err := newRegistry(name, by)
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(registry)
	defer server.Close()
	proxy, err := url.Parse(server.URL)
	if err != nil {
		return nil, err
	}
	system := &types.SystemContext{
		RegistriesDirPath: registriesPath, SystemRegistriesConfPath: besides(policyPath, "registries.conf", os.DevNull),
		SystemRegistriesConfDirPath: besides(policyPath, "registries.conf.d", folder),
		DockerAuthConfig: &types.DockerAuthConfig{}, DockerProxyURL: proxy,
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue, // the trial registry speaks plain http
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	decisions := []decision{}
	for _, reference := range references(policy, name, digest) {
		if !strings.HasSuffix(reference, digest) && !strings.HasPrefix(reference, name+":") && slices.Contains(keys, by.name) {
			continue // another image, whose signature would be another
		}
		made := decision{Reference: reference, Signer: by.name}
		if err := judge(ctx, policy, reference, system); err != nil {
			made.Refusal = err.Error()
		}
		decisions = append(decisions, made)
	}
	return decisions, nil
}

// besides returns the path of what lies in the policy's folder, or another path if it is missing.
func besides(policyPath, name, otherwise string) string {
	path := filepath.Join(filepath.Dir(policyPath), name)
	if _, err := os.Stat(path); err != nil {
		return otherwise
	}
	return path
}

// references names the image in every way that a host can, and in every way for which the policy has a rule.
func references(policy *signature.Policy, name, digest string) []string {
	named := []string{name + "@" + digest}
	for _, tag := range tags {
		named = append(named, name+":"+tag)
	}
	for scope := range policy.Transports["docker"] {
		if rest, ok := strings.CutPrefix(scope, name); ok && rest != "" && strings.Contains(":@/", rest[:1]) {
			named = append(named, scope)
		}
	}
	slices.Sort(named)
	return slices.Compact(named)
}

// rule returns the requirements that containers/image would choose: the reference's, its nearest parent's, the defaults.
func rule(policy *signature.Policy, name string) (signature.PolicyRequirements, error) {
	reference, err := docker.ParseReference("//" + name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	scopes := append([]string{reference.PolicyConfigurationIdentity()}, reference.PolicyConfigurationNamespaces()...)
	for _, scope := range append(scopes, "") {
		if required, ok := policy.Transports["docker"][scope]; ok {
			return required, nil
		}
	}
	return policy.Default, nil
}

func sum(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}
