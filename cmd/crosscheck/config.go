package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// config is the file given with --config (crosscheck.yaml). A flag stands above
// it. Unknown keys are errors, so that a misspelled setting cannot scan less.
type config struct {
	Scan struct {
		RoleName        string   `yaml:"role_name"`
		ExternalID      string   `yaml:"external_id"`
		Accounts        []string `yaml:"accounts"`
		ExcludeAccounts []string `yaml:"exclude_accounts"`
		Buckets         string   `yaml:"buckets"`
		Concurrency     int      `yaml:"concurrency"`
	} `yaml:"scan"`
	FailOn string `yaml:"fail_on"`
	Strict bool   `yaml:"strict"`
	Rules  struct {
		Dirs    []string `yaml:"dirs"`
		Disable []string `yaml:"disable"`
	} `yaml:"rules"`
	// Parameters of the rules; they reach Rego as data.crosscheck.config.
	RequiredReplication []requiredReplication `yaml:"required_replication"`
	Destinations        *destinations         `yaml:"destinations"`
}

// destinations says where replicas may go. An empty list allows every value.
type destinations struct {
	Accounts     []string `yaml:"accounts"` // account ids
	Regions      []string `yaml:"regions"`
	OtherAccount bool     `yaml:"other_account"` // than the source's
	OtherRegion  bool     `yaml:"other_region"`  // than the source's
}

// requiredReplication says which buckets must replicate: those whose name
// matches the glob and that carry all the tags.
type requiredReplication struct {
	Name string            `yaml:"name"`
	Tags map[string]string `yaml:"tags"`
}

// loadConfig reads a configuration file; "" is the empty configuration.
func loadConfig(path string) (*config, error) {
	if path == "" {
		return &config{}, nil
	}
	data, err := readFile(path)
	if err != nil {
		return nil, withHint(err, "check the path given with --config")
	}
	return parseConfig(path, data)
}

func parseConfig(name string, data []byte) (*config, error) {
	c := &config{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, withHint(fmt.Errorf("%s: %s", name, yamlMessage(err)), "docs/configuration.md lists the keys")
	}
	for i, r := range c.RequiredReplication {
		if r.Name == "" && len(r.Tags) == 0 {
			return nil, withHint(fmt.Errorf("%s: required_replication[%d] has neither name nor tags", name, i),
				"give a name pattern such as \"*-prod\", or tags; name: \"*\" means every bucket")
		}
	}
	for i, id := range c.Rules.Disable {
		if !ruleIDPattern.MatchString(id) {
			return nil, withHint(fmt.Errorf("%s: rules.disable[%d]: %q is not the id of a rule", name, i, id), "crosscheck rules list shows the ids, such as XC046")
		}
	}
	if d := c.Destinations; d != nil {
		return c, d.check(name)
	}
	return c, nil
}

var (
	ruleIDPattern = regexp.MustCompile(`^[A-Z]+[0-9]+$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
)

// check refuses what would allow everything, or nothing, by mistake.
func (d *destinations) check(name string) error {
	if len(d.Accounts) == 0 && len(d.Regions) == 0 && !d.OtherAccount && !d.OtherRegion {
		return withHint(fmt.Errorf("%s: destinations asks for nothing", name), "give accounts, regions, other_account: true or other_region: true, or leave it out")
	}
	for i, id := range d.Accounts {
		if !accountIDPattern.MatchString(id) {
			return withHint(fmt.Errorf("%s: destinations.accounts[%d]: %q is not an account id", name, i, id), "an account id has 12 digits")
		}
	}
	for i, region := range d.Regions {
		if !regionPattern.MatchString(region) {
			return withHint(fmt.Errorf("%s: destinations.regions[%d]: %q is not a Region", name, i, region), "for example eu-west-1")
		}
	}
	return nil
}

var yamlField = regexp.MustCompile(`field (\S+) not found in type .*`)

// yamlMessage says what the YAML library found in a person's words.
func yamlMessage(err error) string {
	var typeErr *yaml.TypeError
	if errors.As(err, &typeErr) {
		lines := make([]string, len(typeErr.Errors))
		for i, e := range typeErr.Errors {
			lines[i] = yamlField.ReplaceAllString(e, "unknown key \"$1\"")
		}
		return strings.Join(lines, "; ")
	}
	return strings.TrimPrefix(err.Error(), "yaml: ")
}

// parameters are what rules may ask of the configuration.
func (c *config) parameters() map[string]any {
	required := []any{}
	for _, r := range c.RequiredReplication {
		tags := map[string]any{}
		for k, v := range r.Tags {
			tags[k] = v
		}
		name := r.Name
		if name == "" {
			name = "*"
		}
		required = append(required, map[string]any{"name": name, "tags": tags})
	}
	params := map[string]any{"required_replication": required}
	if d := c.Destinations; d != nil {
		params["destinations"] = map[string]any{
			"accounts": anys(d.Accounts), "regions": anys(d.Regions),
			"other_account": d.OtherAccount, "other_region": d.OtherRegion,
		}
	}
	return params
}

// anys is a list as Rego's store wants it.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// readFile reads a regular file; a directory is said to be one.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plainPathError(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory, not a file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, plainPathError(err)
	}
	return data, nil
}

// plainPathError turns "open x: no such file or directory" into "x: no such file or directory".
func plainPathError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}
