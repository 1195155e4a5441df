package config

import (
	"math"
	"slices"
	"strings"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/report/output"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// The roles that are assumed in every account where no other is named.
const (
	AuditRole  = "crosscheck-audit"
	CanaryRole = "crosscheck-canary"
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
	accountForm = form{what: "an account id", hint: "an account id has 12 digits", pattern: `^` + fact.AccountID + `$`}
	regionForm  = form{what: "a Region", hint: "for example eu-west-1", pattern: `^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`}
	bucketForm  = form{what: "a pattern of bucket names", hint: "a name has letters, digits, '.', '-' and '_'; '*' is any run of them and '?' is one", pattern: `^[A-Za-z0-9._*?-]{1,255}$`}
	unitForm    = form{what: "the id of a root or an organizational unit", hint: "such as ou-ab12-cdefgh34; 'aws organizations list-organizational-units-for-parent' shows them", pattern: `^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$`}
	roleForm    = form{what: "the name of a role", hint: "a name, with its path where it has one, and no ARN", pattern: `^[A-Za-z0-9_+=,.@/-]{1,512}$`}
	ruleForm    = form{what: "the id of a rule", hint: "crosscheck rules list shows the ids, such as XC046", pattern: `^` + finding.RuleID + `$`}
	packForm    = form{what: "the id of a rule or the name of a pack", hint: "crosscheck rules list shows both, such as XC046 and monitoring", pattern: `^(` + finding.RuleID + `|` + rules.PackName + `)$`}
	paramForm   = form{what: "the name of a parameter", hint: "crosscheck rules show ID shows the parameters of a rule", pattern: `^` + rules.ParameterName + `$`}
	gradeForm   = form{what: "a severity", hint: "for example high", oneOf: severities(),
		check: func(s string) error { _, err := finding.ParseSeverity(s); return err }}
	outputForm = form{what: "an output", hint: "write FORMAT or FORMAT=PATH", pattern: `^[a-z]+(=.+)?$`,
		check: func(s string) error { _, err := output.ParseOutput(s); return err }}
	folderForm = form{what: "a prefix of probe objects", hint: "for example crosscheck-canary", check: journal.CheckFolder}
	pathForm   = form{what: "a path", hint: "it is relative to where crosscheck runs", pattern: `\S`}
	tagForm    = form{what: "a tag", hint: "a key has 1 to 128 characters, a value at most 256", pattern: `^[\s\S]{0,256}$`}
	spanForm   = form{what: "a duration", hint: "for example 90s or 15m", pattern: `^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
)

// severities are the names of all severities, the worst first.
func severities() []string {
	names := make([]string, len(finding.Severities))
	for i, s := range finding.Severities {
		names[i] = string(s)
	}
	return names
}

// many is the form of how many there are of something.
func many(what string) form {
	return form{what: "a number of " + what, hint: "use 1 or more", min: 1}
}

// settings are the keys of the configuration file, in the order in which they are shown.
var settings = []setting[Config]{
	{"scan.role_name", func(c *Config) any { return &c.Scan.RoleName }, roleForm, "role to assume in every account for reading", AuditRole, AuditRole},
	{"scan.external_id", func(c *Config) any { return &c.Scan.ExternalID }, form{}, "external id to present when assuming roles", "org-audit-7", ""},
	{"scan.accounts", func(c *Config) any { return &c.Scan.Accounts }, accountForm, "only these accounts, without listing the organization", `["111111111111"]`, ""},
	{"scan.exclude_accounts", func(c *Config) any { return &c.Scan.ExcludeAccounts }, accountForm, "exclude these accounts (listed under coverage)", `["999999999999"]`, ""},
	{"scan.account_only", func(c *Config) any { return &c.Scan.AccountOnly }, form{}, "only the caller's own account, with the caller's own credentials", "false", ""},
	{"scan.buckets", func(c *Config) any { return &c.Scan.Buckets }, bucketForm, "only source buckets whose name matches, with * and ?", `"*-prod"`, ""},
	{"scan.concurrency", func(c *Config) any { return &c.Scan.Concurrency }, many("calls"), "concurrent calls to AWS", "64", "64"},
	{"scan.account_concurrency", func(c *Config) any { return &c.Scan.AccountConcurrency }, form{what: "a number of calls", hint: "use 0 or more"}, "concurrent calls in one account; 0 is half of concurrency, or all of it once a single account is left", "16", "0"},
	{"outputs", func(c *Config) any { return &c.Outputs }, outputForm, "formats and files of the report, as for -o", "[table, jsonl=run.jsonl]", "[table]"},
	{"fail_on", func(c *Config) any { return &c.FailOn }, gradeForm, "lowest severity that gives exit status 1", "high", "low"},
	{"fail_on_new", func(c *Config) any { return &c.FailOnNew }, form{}, "exit 1 only for failures that the baseline does not have", "true", ""},
	{"baseline", func(c *Config) any { return &c.Baseline }, pathForm, "run file of an earlier run to compare with", "accepted.jsonl", ""},
	{"history", func(c *Config) any { return &c.History }, pathForm, "directory that keeps the run file of every run", "runs", ""},
	{"allow_incomplete", func(c *Config) any { return &c.AllowIncomplete }, form{}, "exit 0 even if something is unknown", "false", ""},
	{"strict", func(c *Config) any { return &c.Strict }, form{}, "treat behavior AWS does not document as a failure, not as unknown", "true", ""},
	{"waivers", func(c *Config) any { return &c.Waivers }, pathForm, "waivers file: waived findings do not affect the exit status", "waivers.yaml", ""},
	{"rules.dirs", func(c *Config) any { return &c.Rules.Dirs }, pathForm, "directories of custom rules", "[rules]", ""},
	{"rules.enable", func(c *Config) any { return &c.Rules.Enable }, packForm, "only these rules and packs", "[links, protection, XC047]", ""},
	{"rules.disable", func(c *Config) any { return &c.Rules.Disable }, packForm, "suppress findings of these rules and packs; link verdicts are unaffected", "[configuration, XC046]", ""},
	{"rules.severity", func(c *Config) any { return &c.Rules.Severity }, gradeForm, "severities that replace those of the rules", "{XC047: high, XC052: low}", ""},
	{"rules.parameters", func(c *Config) any { return &c.Rules.Parameters }, form{}, "parameters that custom rules declare", "{cold_classes: [GLACIER]}", ""},
	{"required_replication", func(c *Config) any { return &c.RequiredReplication }, form{}, "buckets that must replicate: those that match all keys of an entry", "", ""},
	{"destinations.accounts", func(c *Config) any { return &c.Destinations.Accounts }, accountForm, "replicas may go only to these accounts", `["333333333333"]`, ""},
	{"destinations.regions", func(c *Config) any { return &c.Destinations.Regions }, regionForm, "replicas may go only to these Regions", "[eu-west-1, eu-north-1]", ""},
	{"destinations.other_account", func(c *Config) any { return &c.Destinations.OtherAccount }, form{}, "the destination must be in another account than the source", "true", ""},
	{"destinations.other_region", func(c *Config) any { return &c.Destinations.OtherRegion }, form{}, "the destination must be in another Region than the source", "true", ""},
	{"canary.role_name", func(c *Config) any { return &c.Canary.RoleName }, roleForm, "role to assume for probing; must not be the audit role", CanaryRole, CanaryRole},
	{"canary.folder", func(c *Config) any { return &c.Canary.Folder }, folderForm, "prefix of probe objects, after the prefix of the replication rule", canary.Folder, canary.Folder},
	{"canary.timeout", func(c *Config) any { return &c.Canary.Timeout }, spanForm, "how long to wait for a replica", "30m", spanText(canary.DefaultTimeout)},
	{"canary.count", func(c *Config) any { return &c.Canary.Count }, many("probes"), "probes of each kind per link", "10", "1"},
	{"canary.interval", func(c *Config) any { return &c.Canary.Interval }, spanForm, "time between the starts of two probes of a link", "10s", "0s"},
	{"canary.parallel", func(c *Config) any { return &c.Canary.Parallel }, many("probes"), "concurrent probes", "50", "200"},
	{"canary.slo", func(c *Config) any { return &c.Canary.SLO }, spanForm, "latency that slo_percentile of a link's probes must meet", "15m", "0s"},
	{"canary.slo_percentile", func(c *Config) any { return &c.Canary.SLOPercentile }, form{what: "a percentage", hint: "for example 99", min: math.SmallestNonzeroFloat64, max: 100}, "percentage of probes that must meet slo", "90", "99"},
}

// Requirement says which buckets must replicate: those that all of its keys select.
type Requirement struct {
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
func (r *Requirement) selects() bool {
	return r.Name != "" || len(r.Tags)+len(r.Accounts)+len(r.OUs) > 0
}

var requirementKeys = []setting[Requirement]{
	{"name", func(r *Requirement) any { return &r.Name }, bucketForm, "buckets whose name matches, with * and ?; \"*\" is every bucket", `"*-prod"`, ""},
	{"tags", func(r *Requirement) any { return &r.Tags }, tagForm, "buckets that have all of these tags", "{backup: required}", ""},
	{"accounts", func(r *Requirement) any { return &r.Accounts }, accountForm, "buckets of these accounts", `["111111111111"]`, ""},
	{"ous", func(r *Requirement) any { return &r.OUs }, unitForm, "buckets of accounts under these units", "[ou-ab12-cdefgh34]", ""},
	{"destination.accounts", func(r *Requirement) any { return &r.Destination.Accounts }, accountForm, "to one of these accounts", `["333333333333"]`, ""},
	{"destination.ous", func(r *Requirement) any { return &r.Destination.OUs }, unitForm, "to an account under one of these units", "[ou-ab12-mnopqr56]", ""},
	{"destination.regions", func(r *Requirement) any { return &r.Destination.Regions }, regionForm, "to one of these Regions", "[eu-west-1]", ""},
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
func settingOf(key string) (setting[Config], bool) {
	i := slices.IndexFunc(settings, func(s setting[Config]) bool { return s.key == key })
	if i < 0 {
		return setting[Config]{}, false
	}
	return settings[i], true
}
