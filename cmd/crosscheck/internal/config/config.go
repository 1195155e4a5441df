// Package config is the settings of a run: defaults, above them a YAML file, the
// environment and flags. One table says what each setting is; the example file and
// the JSON schema are made from it.
package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules/finding"
	"crosscheck/rules/spelling"
	"crosscheck/rules/yamldoc"
)

// Config is the settings of a run. The table settings has one entry for each value.
// Unknown keys and variables are errors, so that a misspelled setting cannot scan
// less.
type Config struct {
	Scan struct {
		RoleName           string
		ExternalID         string
		Accounts           []string
		ExcludeAccounts    []string
		AccountOnly        bool
		Buckets            string
		Concurrency        int
		AccountConcurrency int
	}
	Outputs         []string
	FailOn          string
	FailOnNew       bool
	Baseline        string
	History         string
	AllowIncomplete bool
	Strict          bool
	Waivers         string
	Rules           struct {
		Dirs            []string
		Enable, Disable []string
		Severity        map[string]finding.Severity
		Parameters      map[string]any
	}
	RequiredReplication []Requirement
	Destinations        struct { // where replicas may go; an empty list allows every value
		Accounts     []string
		Regions      []string
		OtherAccount bool // than the source's
		OtherRegion  bool // than the source's
	}
	Canary struct {
		RoleName      string
		Folder        string
		Timeout       time.Duration
		Count         int
		Interval      time.Duration
		Parallel      int
		SLO           time.Duration
		SLOPercentile float64
	}

	name string                // of the file, "" = none
	from map[string]Origin     // where the value of a key comes from; what is not in it is the default
	node map[string]*yaml.Node // of the keys that the file or the environment give
}

// Origin is where a value comes from.
type Origin struct {
	Kind string `json:"kind"`           // flag, environment, file or default
	Name string `json:"name,omitempty"` // --fail-on, CROSSCHECK_FAIL_ON, crosscheck.yaml
	Line int    `json:"line,omitempty"` // in the file
}

func (o Origin) String() string {
	switch {
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	case o.Name != "":
		return o.Name
	}
	return o.Kind
}

// Origin gives where the value of a key comes from.
func (c *Config) Origin(key string) Origin {
	if o, ok := c.from[key]; ok {
		return o
	}
	return Origin{Kind: "default"}
}

// at is the position of a text in the value of a key: its own line, if it has one.
func (c *Config) at(key, text string) Origin {
	o := c.Origin(key)
	if n := c.node[key]; n != nil && o.Kind == "file" {
		for _, item := range n.Content {
			if item.Value == text {
				o.Line = item.Line
				break
			}
		}
	}
	return o
}

// Given reports whether the value of a key comes from a file, the environment or a flag.
func (c *Config) Given(key string) bool { return c.Origin(key).Kind != "default" }

const configHint = "docs/configuration.md lists the keys"

// Parse reads a configuration file above the defaults. Errors name the file, the line
// and the key, with a hint; name is what they call the file.
func Parse(name string, data []byte) (*Config, error) {
	c := Defaults()
	if err := c.file(name, data); err != nil {
		return nil, err
	}
	return c, c.check()
}

// Defaults is the configuration without a file, environment or flags.
func Defaults() *Config {
	c := &Config{from: map[string]Origin{}, node: map[string]*yaml.Node{}}
	for _, s := range settings {
		if s.def == "" {
			continue
		}
		if err := parse(s.key, valueNode(s.def), s.value(c), s.form); err != nil {
			panic("config: the default of " + err.Error()) // a test would have seen it
		}
	}
	return c
}

// valueNode is the node of a value written as YAML; text that is none is itself.
func valueNode(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	}
	return doc.Content[0]
}

// file lays a configuration file above what is there.
func (c *Config) file(name string, data []byte) error {
	c.name = name
	root, err := yamldoc.Root(data)
	if root != nil && err == nil {
		err = decode(root, c, settings, func(key string, n *yaml.Node) {
			c.from[key], c.node[key] = Origin{"file", name, n.Line}, n
		})
	}
	var v *yamldoc.Error
	if errors.As(err, &v) {
		return usererr.Hint(v.In(name), cmp.Or(v.Hint, configHint))
	}
	return err
}

// The variables of the environment that are settings begin with envPrefix.
const (
	envPrefix = "CROSSCHECK_"
	EnvFile   = envPrefix + "CONFIG"

	FileName = "crosscheck.yaml" // of the file that is used where none is named
)

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environment lays the variables above what is there. An empty variable counts as
// not set.
func (c *Config) environment(environ []string) error {
	byName := map[string]setting[Config]{}
	names := []string{EnvFile}
	for _, s := range settings {
		byName[envName(s.key)] = s
		names = append(names, envName(s.key))
	}
	environ = slices.Sorted(slices.Values(environ)) // the same error each time
	for _, kv := range environ {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || name == EnvFile {
			continue
		}
		s, ok := byName[name]
		if !ok {
			hint := "'crosscheck config show' lists the settings"
			if near := spelling.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			return usererr.Hint(fmt.Errorf("unknown setting %s in the environment", name), hint)
		}
		if text == "" {
			continue
		}
		n := valueNode(text)
		switch s.value(c).(type) {
		case *string, *time.Duration:
			n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
		case *[]string:
			n = listNode(text)
		}
		if err := parse(name, n, s.value(c), s.form); err != nil {
			return plainValue(err)
		}
		c.from[s.key], c.node[s.key] = Origin{Kind: "environment", Name: name}, n
	}
	return nil
}

// listNode is a list as variables write it: with commas between the items.
func listNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for item := range strings.SplitSeq(text, ",") {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(item)})
	}
	return n
}

// plainValue is the error of a value that is not from a file.
func plainValue(err error) error {
	var v *yamldoc.Error
	if errors.As(err, &v) && v.Hint != "" {
		return usererr.Hint(err, v.Hint)
	}
	return err
}

// Flag is a flag of a command that is a setting.
type Flag struct {
	Key   string // of the setting
	Name  string // as it is typed: --fail-on
	Typed bool   // on the command line
	Value FlagValue
}

// FlagValue is the value of a flag. That of a list has the methods of listValue too.
type FlagValue interface {
	String() string
	Set(text string) error
}

type listValue interface {
	GetSlice() []string
	Replace(items []string) error
}

// flags lays the flags of a command above what is there, and gives those that were
// not typed the values from elsewhere. A setting for which the command has no flag
// keeps its value.
func (c *Config) flags(flags []Flag) error {
	for _, f := range flags {
		s, ok := settingOf(f.Key)
		switch {
		case !ok:
			panic("config: " + f.Name + " is not a setting")
		case f.Typed:
			n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.Value.String()}
			switch s.value(c).(type) {
			case *[]string:
				n = listNodeOf(f.Value.(listValue).GetSlice())
			case *bool, *int, *float64:
				n = valueNode(f.Value.String())
			}
			if err := parse(f.Name, n, s.value(c), s.form); err != nil {
				return plainValue(err)
			}
			c.from[s.key] = Origin{Kind: "flag", Name: f.Name}
		case c.Given(s.key):
			if err := assign(f.Value, s.value(c)); err != nil {
				return err
			}
		}
	}
	return nil
}

func listNodeOf(items []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, item := range items {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: item})
	}
	return n
}

// assign gives a flag a value that did not come from the command line.
func assign(flag FlagValue, value any) error {
	switch v := value.(type) {
	case *[]string:
		return flag.(listValue).Replace(*v)
	case *string:
		return flag.Set(*v)
	case *bool:
		return flag.Set(strconv.FormatBool(*v))
	case *int:
		return flag.Set(strconv.Itoa(*v))
	case *float64:
		return flag.Set(strconv.FormatFloat(*v, 'g', -1, 64))
	case *time.Duration:
		return flag.Set(v.String())
	}
	panic(fmt.Sprintf("config: no flag for %T", value))
}

// Load lays the file, the environment and flags above what is there, each above the
// one before, and checks the whole. path is the file's; without one the environment
// may name it.
func (c *Config) Load(path string, environ []string, flags []Flag) error {
	where := "--config"
	if path == "" {
		for _, kv := range environ {
			if text, ok := strings.CutPrefix(kv, EnvFile+"="); ok {
				path, where = text, EnvFile
			}
		}
	}
	if path != "" {
		data, err := usererr.ReadFile(path)
		if err != nil {
			return usererr.Hint(err, "check the path given with "+where)
		}
		if err := c.file(path, data); err != nil {
			return err
		}
	}
	if err := c.environment(environ); err != nil {
		return err
	}
	if err := c.flags(flags); err != nil {
		return err
	}
	return c.check()
}

// check refuses what settings together would allow or leave out by mistake.
func (c *Config) check() error {
	d := &c.Destinations
	if c.Given("destinations") && len(d.Accounts) == 0 && len(d.Regions) == 0 && !d.OtherAccount && !d.OtherRegion {
		return usererr.Hint(fmt.Errorf("%s: destinations asks for nothing", c.Origin("destinations")), "give accounts, regions, other_account: true or other_region: true, or leave it out")
	}
	if c.Scan.AccountOnly && len(c.Scan.Accounts) > 0 {
		only, accounts := c.Origin("scan.account_only"), c.Origin("scan.accounts")
		return usererr.Hint(fmt.Errorf("%s and %s exclude each other", named(only, "scan.account_only"), named(accounts, "scan.accounts")), "use --accounts with the one account's id")
	}
	return nil
}

// named is a setting in a sentence: the flag or variable, or the key with its line.
func named(o Origin, key string) string {
	if o.Kind == "file" {
		return key + " (" + o.String() + ")"
	}
	return o.String()
}

// jsonOf is a setting's value as config show prints it.
func jsonOf(value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case *time.Duration:
		return json.Marshal(spanText(*v))
	}
	text, err := json.Marshal(value)
	if string(text) == "null" { // no list or mapping was given
		text = []byte("[]")
		if reflect.TypeOf(value).Elem().Kind() == reflect.Map {
			text = []byte("{}")
		}
	}
	return text, err
}

// Value is a setting as it is in force.
type Value struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
	From  Origin          `json:"from"`
}

// Values are all settings as they are in force, in the order of the table.
func (c *Config) Values() ([]Value, error) {
	all := make([]Value, len(settings))
	for i, s := range settings {
		value, err := jsonOf(s.value(c))
		if err != nil {
			return nil, err
		}
		all[i] = Value{s.key, value, c.Origin(s.key)}
	}
	return all, nil
}
