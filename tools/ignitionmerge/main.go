// Command ignition-merge reads an Ignition config and prints, as JSON, what Ignition makes of it on the first boot.
//
//	config    the config after Ignition merged every embedded config into it, in the newest version
//	remote    the addresses of configs that the machine fetches, which are missing from it
//	faults    what makes the first boot fail, each with the config it is in: an empty path is the whole
//	warnings  what Ignition only warns about
//
// Reading, merging and validating are Ignition's own code; the order is that of its config fetcher.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coreos/ignition/v2/config"
	newest "github.com/coreos/ignition/v2/config/v3_7_experimental"
	"github.com/coreos/ignition/v2/config/v3_7_experimental/types"
	"github.com/coreos/vcontext/report"
	"github.com/coreos/vcontext/validate"
	"github.com/vincent-petithory/dataurl"
)

type finding struct {
	Path string `json:"path"` // of the embedded config: `merge[0]`, `merge[0].merge[1]`
	Why  string `json:"why"`
}

type answer struct {
	Config   types.Config `json:"config"`
	Remote   []string     `json:"remote"`
	Faults   []finding    `json:"faults"`
	Warnings []finding    `json:"warnings"`
}

func main() {
	given, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	made := answer{Remote: []string{}, Faults: []finding{}, Warnings: []finding{}}
	if whole, ok := made.parse(given, ""); ok {
		made.Config = made.render(whole, "")
	}
	if len(made.Faults) == 0 {
		made.note(validate.Validate(made.Config, "json"), "", "after merging: ")
	}
	made.Config.Ignition.Config = types.IgnitionConfig{} // it is all merged
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parse reads one config of any version, and notes what is wrong with it.
func (made *answer) parse(content []byte, path string) (types.Config, bool) {
	parsed, rpt, err := config.Parse(content)
	made.note(rpt, path, "")
	if err != nil && !rpt.IsFatal() {
		made.Faults = append(made.Faults, finding{path, err.Error()})
	}
	return parsed, err == nil
}

func (made *answer) note(rpt report.Report, path, prefix string) {
	for _, entry := range rpt.Entries {
		found := finding{path, prefix + strings.TrimSpace(entry.String())}
		if entry.Kind.IsFatal() {
			made.Faults = append(made.Faults, found)
		} else {
			made.Warnings = append(made.Warnings, found)
		}
	}
}

// render replaces or merges the configs that a config refers to, deepest first.
func (made *answer) render(whole types.Config, path string) types.Config {
	if replace := whole.Ignition.Config.Replace; replace.Source != nil {
		return made.child(replace, join(path, "replace"))
	}
	merged := whole
	for number, reference := range whole.Ignition.Config.Merge {
		merged = newest.Merge(merged, made.child(reference, join(path, fmt.Sprintf("merge[%d]", number))))
	}
	return merged
}

func join(path, name string) string {
	return strings.TrimPrefix(path+"."+name, ".")
}

// child returns a rendered embedded config; nothing for one that the machine must fetch or that is wrong.
func (made *answer) child(reference types.Resource, path string) types.Config {
	if reference.Source == nil {
		return types.Config{}
	}
	if !strings.HasPrefix(*reference.Source, "data:") {
		made.Remote = append(made.Remote, *reference.Source)
		return types.Config{}
	}
	content, err := read(reference)
	if err != nil {
		made.Faults = append(made.Faults, finding{path, err.Error()})
		return types.Config{}
	}
	parsed, ok := made.parse(content, path)
	if !ok {
		return types.Config{}
	}
	return made.render(parsed, path)
}

func read(reference types.Resource) ([]byte, error) {
	decoded, err := dataurl.DecodeString(*reference.Source)
	if err != nil {
		return nil, err
	}
	content := decoded.Data
	if reference.Compression != nil && *reference.Compression == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if content, err = io.ReadAll(unpacked); err != nil {
			return nil, err
		}
	}
	if hash := reference.Verification.Hash; hash != nil {
		sums := []string{fmt.Sprintf("sha256-%x", sha256.Sum256(content)), fmt.Sprintf("sha512-%x", sha512.Sum512(content))}
		if *hash != sums[0] && *hash != sums[1] {
			return nil, fmt.Errorf("its verification.hash is %s, but the content has %s", *hash, sums[1])
		}
	}
	return content, nil
}
