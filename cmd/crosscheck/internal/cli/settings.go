package cli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/canary"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
)

// setting is one key of a mapping in the configuration file, with its place in the
// value that the mapping becomes. What is known of a setting stands here and nowhere
// else: the file, the environment, the flags, config init, config show, the schema
// and the tables of docs/configuration.md all go by it.
type setting[T any] struct {
	key     string       // path in the mapping, as in scan.role_name
	value   func(*T) any // pointer to its value
	form    form         // of each text, or the bounds of a number
	doc     string       // one line
	example string       // as YAML
	def     string       // default as YAML; "" is what the type has for nothing
}

// form is what a value must look like.
type form struct {
	what    string             // as in "an account id"
	hint    string             // what to write instead
	pattern string             // regular expression of the whole text, for JSON schema too
	oneOf   []string           // the only values
	check   func(string) error // beyond pattern; nil where it says all
	min     float64            // lowest number
	max     float64            // highest number; 0 = any
}

var (
	accountForm = form{what: "an account id", hint: "an account id has 12 digits", pattern: `^[0-9]{12}$`}
	regionForm  = form{what: "a Region", hint: "for example eu-west-1", pattern: `^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`}
	bucketForm  = form{what: "a pattern of bucket names", hint: "a name has letters, digits, '.', '-' and '_'; '*' is any run of them and '?' is one", pattern: `^[A-Za-z0-9._*?-]{1,255}$`}
	unitForm    = form{what: "the id of a root or an organizational unit", hint: "such as ou-ab12-cdefgh34; 'aws organizations list-organizational-units-for-parent' shows them", pattern: `^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$`}
	roleForm    = form{what: "the name of a role", hint: "a name, with its path where it has one, and no ARN", pattern: `^[A-Za-z0-9_+=,.@/-]{1,512}$`}
	ruleForm    = form{what: "the id of a rule", hint: "crosscheck rules list shows the ids, such as XC046", pattern: `^[A-Z]{2,10}[0-9]{3,6}$`}
	packForm    = form{what: "the id of a rule or the name of a pack", hint: "crosscheck rules list shows both, such as XC046 and monitoring", pattern: `^([A-Z]{2,10}[0-9]{3,6}|[a-z][a-z0-9-]{0,31})$`}
	paramForm   = form{what: "the name of a parameter", hint: "crosscheck rules show ID shows the parameters of a rule", pattern: `^[a-z][a-z0-9_]{0,63}$`}
	gradeForm   = form{what: "a severity", hint: "for example high", oneOf: []string{"critical", "high", "medium", "low", "info"},
		check: func(s string) error { _, err := report.ParseSeverity(s); return err }}
	outputForm = form{what: "an output", hint: "write FORMAT or FORMAT=PATH", pattern: `^[a-z]+(=.+)?$`,
		check: func(s string) error { _, err := report.ParseOutput(s); return err }}
	folderForm = form{what: "the name of a folder", hint: "for example crosscheck-canary", check: canary.CheckFolder}
	pathForm   = form{what: "a path", hint: "it is relative to where crosscheck runs", pattern: `\S`}
	tagForm    = form{what: "a tag", hint: "a key has 1 to 128 characters, a value at most 256", pattern: `^[\s\S]{0,256}$`}
	spanForm   = form{what: "a span of time", hint: "for example 90s or 15m", pattern: `^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
)

// many is the form of how many there are of something.
func many(what string) form {
	return form{what: "a number of " + what, hint: "use 1 or more", min: 1}
}

// settings are the keys of the configuration file, in the order in which they are shown.
var settings = []setting[config]{
	{"scan.role_name", func(c *config) any { return &c.Scan.RoleName }, roleForm, "role that is assumed in every account to read", "crosscheck-audit", "crosscheck-audit"},
	{"scan.external_id", func(c *config) any { return &c.Scan.ExternalID }, form{}, "external id that is presented when roles are assumed", "org-audit-7", ""},
	{"scan.accounts", func(c *config) any { return &c.Scan.Accounts }, accountForm, "these accounts only, without listing the organization", `["111111111111"]`, ""},
	{"scan.exclude_accounts", func(c *config) any { return &c.Scan.ExcludeAccounts }, accountForm, "not these accounts; coverage says so", `["999999999999"]`, ""},
	{"scan.account_only", func(c *config) any { return &c.Scan.AccountOnly }, form{}, "the caller's own account only, with the caller's own credentials", "false", ""},
	{"scan.buckets", func(c *config) any { return &c.Scan.Buckets }, bucketForm, "source buckets that match only, with * and ?", `"*-prod"`, ""},
	{"scan.concurrency", func(c *config) any { return &c.Scan.Concurrency }, many("calls"), "calls to AWS at a time", "64", "64"},
	{"scan.account_concurrency", func(c *config) any { return &c.Scan.AccountConcurrency }, form{what: "a number of calls", hint: "use 0 or more"}, "calls at a time in one account; 0 is half of concurrency, and all of it while no other account is left", "16", "0"},
	{"outputs", func(c *config) any { return &c.Outputs }, outputForm, "what is written, as -o says it", "[table, jsonl=run.jsonl]", "[table]"},
	{"fail_on", func(c *config) any { return &c.FailOn }, gradeForm, "lowest severity that gives exit status 1", "high", "low"},
	{"fail_on_new", func(c *config) any { return &c.FailOnNew }, form{}, "exit 1 only for what fails and did not in the baseline", "true", ""},
	{"baseline", func(c *config) any { return &c.Baseline }, pathForm, "run file of an earlier run that this one is held against", "accepted.jsonl", ""},
	{"history", func(c *config) any { return &c.History }, pathForm, "folder that keeps the run file of every run", "runs", ""},
	{"allow_incomplete", func(c *config) any { return &c.AllowIncomplete }, form{}, "exit 0 although something was unknown", "false", ""},
	{"strict", func(c *config) any { return &c.Strict }, form{}, "what AWS leaves open fails instead of being unknown", "true", ""},
	{"waivers", func(c *config) any { return &c.Waivers }, pathForm, "file of failing findings that may stand for a while", "waivers.yaml", ""},
	{"rules.dirs", func(c *config) any { return &c.Rules.Dirs }, pathForm, "directories with rules of your own", "[rules]", ""},
	{"rules.enable", func(c *config) any { return &c.Rules.Enable }, packForm, "these rules and packs only", "[links, protection, XC047]", ""},
	{"rules.disable", func(c *config) any { return &c.Rules.Disable }, packForm, "not these rules and packs", "[configuration, XC046]", ""},
	{"rules.severity", func(c *config) any { return &c.Rules.Severity }, gradeForm, "severities of rules, where their own is not wanted", "{XC047: high, XC052: low}", ""},
	{"rules.parameters", func(c *config) any { return &c.Rules.Parameters }, form{}, "values of parameters that rules of your own declare", "{cold_classes: [GLACIER]}", ""},
	{"required_replication", func(c *config) any { return &c.RequiredReplication }, form{}, "which buckets must replicate: those that all of an entry's keys select", "", ""},
	{"destinations.accounts", func(c *config) any { return &c.Destinations.Accounts }, accountForm, "replicas go to these accounts only", `["333333333333"]`, ""},
	{"destinations.regions", func(c *config) any { return &c.Destinations.Regions }, regionForm, "replicas go to these Regions only", "[eu-west-1, eu-north-1]", ""},
	{"destinations.other_account", func(c *config) any { return &c.Destinations.OtherAccount }, form{}, "never to the account of the source", "true", ""},
	{"destinations.other_region", func(c *config) any { return &c.Destinations.OtherRegion }, form{}, "never to the Region of the source", "true", ""},
	{"canary.role_name", func(c *config) any { return &c.Canary.RoleName }, roleForm, "role that is assumed to put probes; never the audit role", defaultCanaryRole, defaultCanaryRole},
	{"canary.folder", func(c *config) any { return &c.Canary.Folder }, folderForm, "name under which probes lie, inside the rule's prefix", canary.Folder, canary.Folder},
	{"canary.timeout", func(c *config) any { return &c.Canary.Timeout }, spanForm, "how long to wait for a replica", "30m", spanText(canary.DefaultTimeout)},
	{"canary.count", func(c *config) any { return &c.Canary.Count }, many("probes"), "probes of each kind for each link", "10", "1"},
	{"canary.interval", func(c *config) any { return &c.Canary.Interval }, spanForm, "time between the starts of two probes of a link", "10s", "0s"},
	{"canary.parallel", func(c *config) any { return &c.Canary.Parallel }, many("probes"), "probes in flight at a time", "50", "200"},
	{"canary.slo", func(c *config) any { return &c.Canary.SLO }, spanForm, "latency that slo_percentile of a link's probes must keep", "15m", "0s"},
	{"canary.slo_percentile", func(c *config) any { return &c.Canary.SLOPercentile }, form{what: "a percentage", hint: "for example 99", min: math.SmallestNonzeroFloat64, max: 100}, "percent of probes that must keep slo", "90", "99"},
}

// requirement says which buckets must replicate: those that all of its keys select.
type requirement struct {
	Name     string            `json:"name,omitempty"` // pattern of bucket names
	Tags     map[string]string `json:"tags,omitempty"` // all of them
	Accounts []string          `json:"accounts,omitempty"`
	OUs      []string          `json:"ous,omitempty"` // roots and units, at any height over the account

	// Where a link of such a bucket must lead to.
	Destination struct {
		Accounts []string `json:"accounts,omitempty"`
		OUs      []string `json:"ous,omitempty"`
		Regions  []string `json:"regions,omitempty"`
	} `json:"destination,omitzero"`
}

// selects reports whether the requirement says which buckets it is for.
func (r *requirement) selects() bool {
	return r.Name != "" || len(r.Tags)+len(r.Accounts)+len(r.OUs) > 0
}

var requirementKeys = []setting[requirement]{
	{"name", func(r *requirement) any { return &r.Name }, bucketForm, "buckets whose name matches, with * and ?; \"*\" is every bucket", `"*-prod"`, ""},
	{"tags", func(r *requirement) any { return &r.Tags }, tagForm, "buckets that carry all of these tags", "{backup: required}", ""},
	{"accounts", func(r *requirement) any { return &r.Accounts }, accountForm, "buckets of these accounts", `["111111111111"]`, ""},
	{"ous", func(r *requirement) any { return &r.OUs }, unitForm, "buckets of accounts under these units", "[ou-ab12-cdefgh34]", ""},
	{"destination.accounts", func(r *requirement) any { return &r.Destination.Accounts }, accountForm, "to one of these accounts", `["333333333333"]`, ""},
	{"destination.ous", func(r *requirement) any { return &r.Destination.OUs }, unitForm, "to an account under one of these units", "[ou-ab12-mnopqr56]", ""},
	{"destination.regions", func(r *requirement) any { return &r.Destination.Regions }, regionForm, "to one of these Regions", "[eu-west-1]", ""},
}

// spanText is a span of time without its zeros: 15m, not 15m0s.
func spanText(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// settingOf finds a setting by its key.
func settingOf(key string) (setting[config], bool) {
	i := slices.IndexFunc(settings, func(s setting[config]) bool { return s.key == key })
	if i < 0 {
		return setting[config]{}, false
	}
	return settings[i], true
}

// valueError is a value that cannot be meant, with its line in a file; 0 where it
// does not come from one.
type valueError struct {
	line int
	text string
	hint string
}

func (e *valueError) Error() string { return e.text }

func wrong(n *yaml.Node, hint, format string, args ...any) error {
	return &valueError{n.Line, fmt.Sprintf(format, args...), hint}
}

// decode reads a mapping into what its keys stand for. Each key of the table may
// stand in it once, nothing else may. found is told of every key and its node.
func decode[T any](n *yaml.Node, to *T, keys []setting[T], found func(key string, n *yaml.Node)) error {
	return decodeUnder("", n, to, keys, found)
}

func decodeUnder[T any](under string, n *yaml.Node, to *T, keys []setting[T], found func(string, *yaml.Node)) error {
	if n = resolved(n); n.Kind != yaml.MappingNode {
		return wrong(n, "", "%sis %s, not a mapping of keys to values", subject(under), kindOf(n))
	}
	names := map[string]bool{} // true: it has keys of its own
	for _, s := range keys {
		if rest, ok := strings.CutPrefix(s.key, under); ok {
			name, _, section := strings.Cut(rest, ".")
			names[name] = section
		}
	}
	return eachKey(n, func(name string, k, v *yaml.Node) error {
		v = resolved(v)
		section, ok := names[name]
		switch key := under + name; {
		case !ok:
			return unknownKey(k, under, name, keys)
		case section:
			found(key, v)
			if isNull(v) {
				return nil // all of it is commented out
			}
			return decodeUnder(key+".", v, to, keys, found)
		default:
			s := keys[slices.IndexFunc(keys, func(s setting[T]) bool { return s.key == key })]
			found(key, v)
			return parse(key, v, s.value(to), s.form)
		}
	})
}

// subject begins a sentence about the mapping at a key.
func subject(under string) string {
	if under == "" {
		return "the configuration "
	}
	return strings.TrimSuffix(under, ".") + " "
}

// unknownKey says what may have been meant, also where the key stands elsewhere.
func unknownKey[T any](k *yaml.Node, under, name string, keys []setting[T]) error {
	var here, elsewhere []string
	for _, s := range keys {
		if rest, ok := strings.CutPrefix(s.key, under); ok {
			first, _, _ := strings.Cut(rest, ".")
			here = append(here, first)
		}
		if s.key == name || strings.HasSuffix(s.key, "."+name) {
			elsewhere = append(elsewhere, s.key)
		}
	}
	where := ""
	if under != "" {
		where = " under " + strings.TrimSuffix(under, ".")
	}
	hint := ""
	if near := rules.Nearest(name, here); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(elsewhere) > 0 {
		hint = fmt.Sprintf("did you mean %s?", elsewhere[0])
	} else {
		here = slices.Compact(here)
		hint = "there are " + strings.Join(here, ", ")
	}
	return wrong(k, hint, "unknown key %q%s", name, where)
}

// eachKey goes through a mapping in which every key is a text and stands once.
func eachKey(n *yaml.Node, visit func(name string, k, v *yaml.Node) error) error {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return wrong(k, "", "a key is %s, not a word", kindOf(k))
		}
		if line, again := seen[k.Value]; again {
			return wrong(k, "keep one of them", "the key %q stands in line %d already", k.Value, line)
		}
		seen[k.Value] = k.Line
		if err := visit(k.Value, k, v); err != nil {
			return err
		}
	}
	return nil
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// parse reads the value of a key into what to points at. The key is what messages
// call it.
func parse(key string, n *yaml.Node, to any, f form) error {
	if isNull(n) {
		return wrong(n, "give it a value or leave it out", "%s has no value", key)
	}
	switch to := to.(type) {
	case *string:
		text, err := textOf(key, n)
		if err == nil && text != "" {
			err = f.holds(key, n, text)
		}
		*to = text
		return err
	case *bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			return wrong(n, "", "%s is %s, not true or false", key, shown(n))
		}
		*to = n.Value == "true"
		return nil
	case *int:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(to) != nil {
			return wrong(n, "", "%s is %s, not a whole number", key, shown(n))
		}
		return f.within(key, n, float64(*to))
	case *float64:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(to) != nil {
			return wrong(n, "", "%s is %s, not a number", key, shown(n))
		}
		return f.within(key, n, *to)
	case *time.Duration:
		text, err := textOf(key, n)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
		}
		*to = d
		return nil
	case *[]string:
		return parseList(key, n, func(item string, v *yaml.Node) error {
			text, err := textOf(item, v)
			if err == nil {
				err = f.holds(item, v, text)
			}
			*to = append(*to, text)
			return err
		}, func(size int) { *to = make([]string, 0, size) })
	case *map[string]string:
		*to = map[string]string{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) error {
			text, err := textOf(key+"."+name, v)
			if err == nil && (name == "" || len([]rune(name)) > 128) {
				err = wrong(k, f.hint, "%s: %q is not the key of a tag", key, name)
			}
			if err == nil {
				err = f.holds(key+"."+name, v, text)
			}
			(*to)[name] = text
			return err
		})
	case *map[string]finding.Severity:
		*to = map[string]finding.Severity{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) error {
			text, err := textOf(key+"."+name, v)
			err = cmp.Or(ruleForm.holds(key, k, name), err)
			if err == nil {
				err = f.holds(key+"."+name, v, text)
			}
			(*to)[name] = finding.Severity(text)
			return err
		})
	case *map[string]any:
		*to = map[string]any{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) (err error) {
			if err := paramForm.holds(key, k, name); err != nil {
				return err
			}
			if _, ok := settingOf(name); ok || name == "destinations" {
				return wrong(k, "move it out of "+key, "%s: %s is a key of its own", key, name)
			}
			(*to)[name], err = jsonValue(key+"."+name, v)
			return err
		})
	case *[]requirement:
		return parseList(key, n, func(item string, v *yaml.Node) error {
			var r requirement
			if v.Kind != yaml.MappingNode {
				return wrong(v, "write for example {name: \"*-prod\"}", "%s is %s, not a mapping of keys to values", item, kindOf(v))
			}
			var destination *yaml.Node
			err := decode(v, &r, requirementKeys, func(key string, n *yaml.Node) {
				if key == "destination" {
					destination = n
				}
			})
			if err != nil {
				return inside(err, item)
			}
			if destination != nil && len(r.Destination.Accounts)+len(r.Destination.OUs)+len(r.Destination.Regions) == 0 {
				return wrong(destination, "give accounts, ous or regions, or leave it out", "%s: destination asks for nothing", item)
			}
			if !r.selects() {
				return wrong(v, "give a name pattern such as \"*-prod\", tags, accounts or ous; name: \"*\" means every bucket", "%s selects no buckets", item)
			}
			*to = append(*to, r)
			return nil
		}, func(size int) { *to = make([]requirement, 0, size) })
	}
	panic(fmt.Sprintf("config: no way to read %T", to))
}

// inside says in which item of a list an error is.
func inside(err error, item string) error {
	var v *valueError
	if errors.As(err, &v) {
		return &valueError{v.line, item + ": " + v.text, v.hint}
	}
	return err
}

func parseList(key string, n *yaml.Node, each func(item string, n *yaml.Node) error, begin func(size int)) error {
	if n.Kind != yaml.SequenceNode {
		return wrong(n, "write it in [ and ]", "%s is %s, not a list", key, shown(n))
	}
	begin(len(n.Content))
	for i, v := range n.Content {
		item := key
		if v.Line > 0 {
			item = fmt.Sprintf("%s[%d]", key, i)
		}
		if err := each(item, resolved(v)); err != nil {
			return err
		}
	}
	return nil
}

func parseMapping(key string, n *yaml.Node, each func(name string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "", "%s is %s, not a mapping of keys to values", key, shown(n))
	}
	return eachKey(n, func(name string, k, v *yaml.Node) error { return each(name, k, resolved(v)) })
}

// textOf is the text of a scalar as it is written: 012345678901 is an account id,
// whatever YAML says of it.
func textOf(key string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return "", wrong(n, "", "%s is %s, not text", key, kindOf(n))
	}
	return n.Value, nil
}

// shown is a node in a message: the text of a scalar, what another is.
func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return fmt.Sprintf("%q", n.Value)
	}
	return kindOf(n)
}

// jsonValue is a value of any type, as JSON has it. It takes no aliases: with them
// a small file becomes a huge value.
func jsonValue(key string, n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return nil, wrong(n, "write it out", "%s has an alias in it", key)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, v := range n.Content {
			var err error
			if list[i], err = jsonValue(key, v); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		object := map[string]any{}
		err := eachKey(n, func(name string, _, v *yaml.Node) (err error) {
			object[name], err = jsonValue(key, v)
			return err
		})
		return object, err
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			return nil, wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		return v, nil
	}
	return n.Value, nil
}

// holds holds a text against the form.
func (f form) holds(key string, n *yaml.Node, text string) error {
	switch {
	case f.check != nil:
		if err := f.check(text); err != nil {
			return wrong(n, f.hint, "%s: %s", key, err)
		}
	case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
		return wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
	}
	return nil
}

// within holds a number against the bounds of the form.
func (f form) within(key string, n *yaml.Node, x float64) error {
	if x >= f.min && (f.max == 0 || x <= f.max) {
		return nil
	}
	return wrong(n, f.hint, "%s: %s is not %s", key, n.Value, f.what)
}
