package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"crosscheck/rules"
	"crosscheck/rules/finding"
)

// config is what a run is configured with: defaults, above them the file given with
// --config (crosscheck.yaml), the environment, and the flags. Unknown keys and
// variables are errors, so that a misspelled setting cannot scan less. The table
// settings has one entry for each value.
type config struct {
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
	RequiredReplication []requirement
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
	from map[string]origin     // where the value of a key comes from; what is not in it is the default
	node map[string]*yaml.Node // of the keys that the file or the environment give
}

// origin is where a value comes from.
type origin struct {
	Kind string `json:"kind"`           // flag, environment, file or default
	Name string `json:"name,omitempty"` // --fail-on, CROSSCHECK_FAIL_ON, crosscheck.yaml
	Line int    `json:"line,omitempty"` // in the file
}

func (o origin) String() string {
	switch {
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	case o.Name != "":
		return o.Name
	}
	return o.Kind
}

// origin tells where the value of a key comes from.
func (c *config) origin(key string) origin {
	if o, ok := c.from[key]; ok {
		return o
	}
	return origin{Kind: "default"}
}

// at is where a text stands in the value of a key: its own line, where it has one.
func (c *config) at(key, text string) origin {
	o := c.origin(key)
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

// given reports whether a value was chosen by anybody.
func (c *config) given(key string) bool { return c.origin(key).Kind != "default" }

const configHint = "docs/configuration.md lists the keys"

// parseConfig reads a configuration file above the defaults.
func parseConfig(name string, data []byte) (*config, error) {
	c := defaults()
	if err := c.file(name, data); err != nil {
		return nil, err
	}
	return c, c.check()
}

// defaults is the configuration where nobody says anything.
func defaults() *config {
	c := &config{from: map[string]origin{}, node: map[string]*yaml.Node{}}
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
func (c *config) file(name string, data []byte) error {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if more := dec.Decode(&yaml.Node{}); !errors.Is(more, io.EOF) {
			err = errors.New("more than one YAML document")
		}
	}
	if err != nil {
		at, text := yamlFault(err)
		return withHint(fmt.Errorf("%s: %s", origin{Name: name, Line: at}, text), configHint)
	}
	c.name = name
	if len(doc.Content) != 1 || isNull(doc.Content[0]) {
		return nil // all of it is commented out
	}
	err = decode(doc.Content[0], c, settings, func(key string, n *yaml.Node) {
		c.from[key], c.node[key] = origin{"file", name, n.Line}, n
	})
	var v *valueError
	if errors.As(err, &v) {
		return withHint(fmt.Errorf("%s: %s", origin{Name: name, Line: v.line}, v.text), cmp.Or(v.hint, configHint))
	}
	return err
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?(?s:(.*))$`)

// yamlFault is the line and the text of an error of the YAML library.
func yamlFault(err error) (line int, text string) {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(m[1])
	return line, m[2]
}

// The variables of the environment that are settings begin with envPrefix.
const (
	envPrefix = "CROSSCHECK_"
	envConfig = envPrefix + "CONFIG"
)

// reserved are variables that are no settings: those of the project's own tests,
// which run the program in their environment.
var reserved = regexp.MustCompile(`^CROSSCHECK_(TEST_.*|VENV|CACHE|FAULTS|SPEC_.*|PEER_.*)$`)

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environment lays the variables above what is there. An empty variable counts as
// not set.
func (c *config) environment(environ []string) error {
	byName := map[string]setting[config]{}
	names := []string{envConfig}
	for _, s := range settings {
		byName[envName(s.key)] = s
		names = append(names, envName(s.key))
	}
	environ = slices.Sorted(slices.Values(environ)) // the same error each time
	for _, kv := range environ {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envConfig || reserved.MatchString(name) {
			continue
		}
		s, ok := byName[name]
		if !ok {
			hint := "'crosscheck config show' lists the settings"
			if near := rules.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			return withHint(fmt.Errorf("unknown setting %s in the environment", name), hint)
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
		c.from[s.key], c.node[s.key] = origin{Kind: "environment", Name: name}, n
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

// plainValue is the error of a value that stands in no file.
func plainValue(err error) error {
	var v *valueError
	if errors.As(err, &v) && v.hint != "" {
		return withHint(err, v.hint)
	}
	return err
}

// flagSetting is the annotation of a flag that says which setting it is.
const flagSetting = "crosscheck_setting"

// bind says which settings flags of a command are: flag, key, flag, key.
func bind(cmd *cobra.Command, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if err := cmd.Flags().SetAnnotation(pairs[i], flagSetting, []string{pairs[i+1]}); err != nil {
			panic(err) // no such flag
		}
	}
}

// flags lays the flags of a command above what is there, and gives those that
// nobody typed the values from elsewhere. A setting for which the command has no
// flag keeps its value.
func (c *config) flags(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		keys := f.Annotations[flagSetting]
		if err != nil || len(keys) == 0 {
			return
		}
		s, ok := settingOf(keys[0])
		switch {
		case !ok:
			panic("config: --" + f.Name + " is no setting")
		case f.Changed:
			n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.Value.String()}
			switch s.value(c).(type) {
			case *[]string:
				n = listNodeOf(f.Value.(pflag.SliceValue).GetSlice())
			case *bool, *int, *float64:
				n = valueNode(f.Value.String())
			}
			if err = plainValue(parse("--"+f.Name, n, s.value(c), s.form)); err == nil {
				c.from[s.key] = origin{Kind: "flag", Name: "--" + f.Name}
			}
		case c.given(s.key):
			err = assign(f.Value, s.value(c))
		}
	})
	return err
}

func listNodeOf(items []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, item := range items {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: item})
	}
	return n
}

// assign gives a flag a value that did not come from the command line.
func assign(flag pflag.Value, value any) error {
	switch v := value.(type) {
	case *[]string:
		return flag.(pflag.SliceValue).Replace(*v)
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

const configUsage = "configuration `file` (crosscheck.yaml; also: " + envConfig + "); flags stand above it"

func addConfigFlag(cmd *cobra.Command) { cmd.Flags().String("config", "", configUsage) }

// configure gives the configuration of a command: flags above the environment above
// the file above the defaults. The command's flags have its values afterwards.
func configure(cmd *cobra.Command) (*config, error) { return defaults().configure(cmd, os.Environ()) }

// configure lays file, environment and flags above what is there.
func (c *config) configure(cmd *cobra.Command, environ []string) (*config, error) {
	path, where := cmd.Flag("config").Value.String(), "--config"
	if path == "" {
		for _, kv := range environ {
			if text, ok := strings.CutPrefix(kv, envConfig+"="); ok {
				path, where = text, envConfig
			}
		}
	}
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return nil, withHint(err, "check the path given with "+where)
		}
		if err := c.file(path, data); err != nil {
			return nil, err
		}
	}
	if err := c.environment(environ); err != nil {
		return nil, err
	}
	if err := c.flags(cmd); err != nil {
		return nil, err
	}
	return c, c.check()
}

// check refuses what settings together would allow or leave out by mistake.
func (c *config) check() error {
	d := &c.Destinations
	if c.given("destinations") && len(d.Accounts) == 0 && len(d.Regions) == 0 && !d.OtherAccount && !d.OtherRegion {
		return withHint(fmt.Errorf("%s: destinations asks for nothing", c.origin("destinations")), "give accounts, regions, other_account: true or other_region: true, or leave it out")
	}
	if c.Scan.AccountOnly && len(c.Scan.Accounts) > 0 {
		only, accounts := c.origin("scan.account_only"), c.origin("scan.accounts")
		return withHint(fmt.Errorf("%s and %s exclude each other", named(only, "scan.account_only"), named(accounts, "scan.accounts")), "use --accounts with the one account's id")
	}
	return nil
}

// named is a setting in a sentence: the flag or variable, or the key with its line.
func named(o origin, key string) string {
	if o.Kind == "file" {
		return key + " (" + o.String() + ")"
	}
	return o.String()
}

// engine compiles the rules of the configuration.
func (c *config) engine() (*rules.Engine, error) {
	engine, err := rules.New(rules.Options{
		Dirs: c.Rules.Dirs, Enabled: c.Rules.Enable, Disabled: c.Rules.Disable, Severities: c.Rules.Severity,
		Strict: c.Strict, Parameters: c.parameters(),
	})
	var e *rules.OptionError
	if errors.As(err, &e) {
		hint := "crosscheck rules list shows the rules and their packs"
		if e.Near != "" {
			hint = fmt.Sprintf("did you mean %s?", e.Near)
		}
		key := "rules." + e.Option
		return nil, withHint(fmt.Errorf("%s: %s: %w", c.at(key, e.Name), key, err), hint)
	}
	return engine, err
}

// parameters are what rules may ask of the configuration.
func (c *config) parameters() map[string]any {
	params := map[string]any{}
	for name, v := range c.Rules.Parameters {
		params[name] = v
	}
	required := []any{}
	for _, r := range c.RequiredReplication {
		tags := map[string]any{}
		for k, v := range r.Tags {
			tags[k] = v
		}
		to := map[string]any{}
		for key, list := range map[string][]string{"accounts": r.Destination.Accounts, "ous": r.Destination.OUs, "regions": r.Destination.Regions} {
			if len(list) > 0 {
				to[key] = anys(list)
			}
		}
		required = append(required, map[string]any{
			"name": cmp.Or(r.Name, "*"), "tags": tags, "accounts": anys(r.Accounts), "ous": anys(r.OUs), "destination": to,
		})
	}
	params["required_replication"] = required
	if d := &c.Destinations; len(d.Accounts) > 0 || len(d.Regions) > 0 || d.OtherAccount || d.OtherRegion {
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

// jsonOf is a setting's value as config show prints it.
func jsonOf(value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case *time.Duration:
		return json.Marshal(spanText(*v))
	}
	text, err := json.Marshal(value)
	if string(text) == "null" { // nobody gave a list or mapping
		text = []byte("[]")
		if reflect.TypeOf(value).Elem().Kind() == reflect.Map {
			text = []byte("{}")
		}
	}
	return text, err
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
