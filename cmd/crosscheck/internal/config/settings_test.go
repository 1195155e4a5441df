package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// samples are two values of every setting, as YAML, as the environment writes them
// and as flags do.
var samples = map[string][2]struct{ yaml, text string }{
	"scan.role_name":             {{"a", "a"}, {"path/b", "path/b"}},
	"scan.external_id":           {{"x", "x"}, {"'y z'", "y z"}},
	"scan.accounts":              {{"['000000000001']", "000000000001"}, {"['000000000002', '111111111111']", "000000000002,111111111111"}},
	"scan.exclude_accounts":      {{"['000000000003']", "000000000003"}, {"['444444444444', '555555555555']", "444444444444,555555555555"}},
	"scan.account_only":          {{"false", "false"}, {"false", "false"}}, // true excludes accounts
	"scan.buckets":               {{"'a-*'", "a-*"}, {"b?", "b?"}},
	"scan.concurrency":           {{"1", "1"}, {"32", "32"}},
	"scan.account_concurrency":   {{"0", "0"}, {"16", "16"}},
	"outputs":                    {{"[json]", "json"}, {"[table, csv=x.csv]", "table,csv=x.csv"}},
	"fail_on":                    {{"high", "high"}, {"info", "info"}},
	"fail_on_new":                {{"true", "true"}, {"false", "false"}},
	"baseline":                   {{"b.jsonl", "b.jsonl"}, {"'c d'", "c d"}},
	"history":                    {{"runs", "runs"}, {"/var/lib/runs", "/var/lib/runs"}},
	"allow_incomplete":           {{"true", "true"}, {"false", "false"}},
	"strict":                     {{"true", "true"}, {"false", "false"}},
	"waivers":                    {{"w.yaml", "w.yaml"}, {"'a b.yaml'", "a b.yaml"}},
	"rules.dirs":                 {{"[a]", "a"}, {"[b, c]", "b,c"}},
	"rules.enable":               {{"[links]", "links"}, {"[access, XC047]", "access,XC047"}},
	"rules.disable":              {{"[monitoring]", "monitoring"}, {"[XC046]", "XC046"}},
	"rules.severity":             {{"{XC047: high}", "{XC047: high}"}, {"{XC001: low, XC002: medium}", "{XC001: low, XC002: medium}"}},
	"rules.parameters":           {{"{x: [1, a]}", "{x: [1, a]}"}, {"{y: {z: true}}", "{y: {z: true}}"}},
	"required_replication":       {{"[{name: a}]", "[{name: a}]"}, {"[{tags: {b: c}, ous: [r-ab12]}, {accounts: ['000000000001'], destination: {regions: [eu-west-1]}}]", "[{tags: {b: c}, ous: [r-ab12]}, {accounts: ['000000000001'], destination: {regions: [eu-west-1]}}]"}},
	"destinations.accounts":      {{"['000000000001']", "000000000001"}, {"['222222222222']", "222222222222"}},
	"destinations.regions":       {{"[eu-west-1]", "eu-west-1"}, {"[us-gov-west-1, us-east-1]", "us-gov-west-1,us-east-1"}},
	"destinations.other_account": {{"true", "true"}, {"true", "true"}}, // false alone asks for nothing
	"destinations.other_region":  {{"true", "true"}, {"true", "true"}},
	"canary.role_name":           {{"c", "c"}, {"d", "d"}},
	"canary.folder":              {{"e", "e"}, {"f-g", "f-g"}},
	"canary.timeout":             {{"1m", "1m"}, {"90s", "90s"}},
	"canary.count":               {{"2", "2"}, {"3", "3"}},
	"canary.interval":            {{"1s", "1s"}, {"2s", "2s"}},
	"canary.parallel":            {{"4", "4"}, {"5", "5"}},
	"canary.slo":                 {{"15m", "15m"}, {"1h30m", "1h30m"}},
	"canary.slo_percentile":      {{"90", "90"}, {"99.9", "99.9"}},
}

// value is what a setting's sample stands for.
func value(t rapid.TB, s setting[Config], yaml string) any {
	c := &Config{}
	if err := parse(s.key, valueNode(yaml), s.value(c), s.form); err != nil {
		t.Fatal(err)
	}
	return reflect.ValueOf(s.value(c)).Elem().Interface()
}

// inFile is a file with one setting.
func inFile(key, yaml string) string {
	if section, name, nested := strings.Cut(key, "."); nested {
		return section + ":\n  " + name + ": " + yaml + "\n"
	}
	return key + ": " + yaml + "\n"
}

// TestPrecedence: flag above environment above file above default, for every setting;
// the origin says which it was, and the flag has the value in each case.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, s := range settings {
		if _, ok := samples[s.key]; !ok {
			t.Errorf("%s has no samples", s.key)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		s := settings[rapid.IntRange(0, len(settings)-1).Draw(r, "setting")]
		which := func(name string) (yaml, text string) {
			i := rapid.IntRange(-1, 1).Draw(r, name)
			if i < 0 {
				return "", ""
			}
			return samples[s.key][i].yaml, samples[s.key][i].text
		}
		c := Defaults()
		want, from := reflect.ValueOf(s.value(c)).Elem().Interface(), Origin{Kind: "default"}
		environ := []string{"AWS_REGION=x", "CROSSCHECK_STRICT="}
		if yaml, _ := which("file"); yaml != "" {
			if err := c.file("f.yaml", []byte("\n"+inFile(s.key, yaml))); err != nil {
				r.Fatal(err)
			}
			want, from = value(r, s, yaml), Origin{"file", "f.yaml", 2 + strings.Count(s.key, ".")}
		}
		if yaml, text := which("environment"); yaml != "" {
			environ = append(environ, envName(s.key)+"="+text)
			want, from = value(r, s, yaml), Origin{Kind: "environment", Name: envName(s.key)}
		}
		var flags []Flag
		flag := flagFor(s)
		if flag != nil {
			flags = []Flag{{Key: s.key, Name: "--flag", Value: flag}}
			if yaml, text := which("flag"); yaml != "" {
				for i, item := range strings.Split(text, ",") {
					if list, ok := flag.(pflag.SliceValue); ok && i > 0 {
						if err := list.Append(item); err != nil {
							r.Fatal(err)
						}
						continue
					}
					if err := flag.Set(item); err != nil {
						r.Fatal(err)
					}
				}
				flags[0].Typed = true
				want, from = value(r, s, yaml), Origin{Kind: "flag", Name: "--flag"}
			}
		}
		if err := c.Load("", environ, flags); err != nil {
			r.Fatal(err)
		}
		if got := reflect.ValueOf(s.value(c)).Elem().Interface(); !cmp.Equal(want, got) || c.Origin(s.key) != from {
			r.Fatalf("%s is %v from %v, want %v from %v", s.key, got, c.Origin(s.key), want, from)
		}
		if flag == nil || from.Kind == "default" {
			return
		}
		var got any = flag.String()
		if list, ok := flag.(pflag.SliceValue); ok {
			got = list.GetSlice()
		} else {
			want = flagText(want)
		}
		if !cmp.Equal(want, got) {
			r.Fatalf("the flag of %s is %v, want %v", s.key, got, want)
		}
	})
}

// flagFor is a flag for a setting, nil for those that have none.
func flagFor(s setting[Config]) FlagValue {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	switch s.value(&Config{}).(type) {
	case *[]string:
		fs.StringArray("flag", nil, "")
	case *string:
		fs.String("flag", "", "")
	case *bool:
		fs.Bool("flag", false, "")
	case *int:
		fs.Int("flag", 0, "")
	case *float64:
		fs.Float64("flag", 0, "")
	case *time.Duration:
		fs.Duration("flag", 0, "")
	default:
		return nil
	}
	return fs.Lookup("flag").Value
}

func flagText(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return v.String()
	case string:
		return v
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// TestExampleConfig takes the # from each key of the example by itself, and from all.
func TestExampleConfig(t *testing.T) {
	t.Parallel()
	prose, keyLine := regexp.MustCompile(`^# \S`), regexp.MustCompile(`^#((?:  )*)(?:- )?[a-z_]+:(.*)$`)
	schema := compiled(t, "config.schema.json")
	all, parents, keys := "", []string{}, map[string]bool{}
	for line := range strings.Lines(string(Example())) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line == "#" || prose.MatchString(line) {
			continue
		}
		m := keyLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("neither a key nor a comment: %s", line)
		}
		depth := len(m[1]) / 2
		parents = append(parents[:depth], line[1:])
		all += line[1:] + "\n"
		if value, _, _ := strings.Cut(m[2], " #"); strings.TrimSpace(value) == "" {
			continue // the head of a section
		}
		one := strings.Join(parents, "\n") + "\n"
		c, err := Parse("one", []byte(one))
		if err != nil {
			t.Errorf("%s\n%v", one, err)
			continue
		}
		for key := range c.from {
			keys[key] = true
		}
		valid(t, schema, one)
		if at := strings.Index(line, " # "); at != commentColumn {
			t.Errorf("the comment stands at %d, not %d: %s", at, commentColumn, line)
		}
	}
	for _, s := range settings {
		if !keys[s.key] {
			t.Errorf("the example has no %s", s.key)
		}
	}
	if _, err := Parse("all", []byte(all)); err != nil {
		t.Errorf("%s\n%v", all, err)
	}
	valid(t, schema, all)
	if c, err := Parse("none", Example()); err != nil || len(c.from) != 0 {
		t.Errorf("with every # in place: %v, %v", c, err)
	}
}

// TestConfigSchema: the published schema is the settings' own, and says of files what
// the program says.
func TestConfigSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "..", "testdata", "schemas", "config.schema.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(Schema()), string(text)); diff != "" {
		t.Errorf("%s is not current; run UPDATE=1 go test ./cmd/crosscheck/internal/config -run ConfigSchema: %s", path, diff)
	}
	schema := compiled(t, "config.schema.json")
	for _, s := range settings {
		for _, sample := range samples[s.key] {
			valid(t, schema, inFile(s.key, sample.yaml))
		}
	}
	for _, file := range []string{
		"scan: {role: x}", "strikt: true", "strict: maybe", "scan: {accounts: [x]}", "scan: {concurrency: 0}", "fail_on: severe", "outputs: table", "outputs: ['=x']",
		"destinations: {}", "destinations: null", "destinations: {regions: [Frankfurt]}", "required_replication: [{}]", "required_replication: [{name: a, destination: {}}]", "required_replication: [{name: a, destination: null}]", "required_replication: [{ous: [prod]}]", "required_replication: [{tag: {a: b}}]", "required_replication: [{name: '{a}'}]",
		"rules: {severity: {metrics: low}}", "rules: {severity: {XC047: severe}}", "rules: {enable: [Links]}", "rules: {parameters: {A: 1}}", "canary: {slo: soon}", "canary: {slo_percentile: 0}", "canary: {count: 1.5}", "scan: {accounts: null}", "- x",
	} {
		if _, err := Parse("file", []byte(file)); err == nil {
			t.Errorf("%s is read", file)
		}
		if schema.Validate(jsonOfYAML(file)) == nil {
			t.Errorf("%s is valid", file)
		}
	}
}

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "..", "..", "testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, file string) {
	t.Helper()
	if err := schema.Validate(jsonOfYAML(file)); err != nil {
		t.Errorf("%s\n%v", file, err)
	}
}

// TestConfigFields: every field of the configuration is a setting, once.
func TestConfigFields(t *testing.T) {
	t.Parallel()
	c := &Config{}
	at := map[any]string{}
	for _, s := range settings {
		if other, ok := at[s.value(c)]; ok {
			t.Errorf("%s and %s are the same", s.key, other)
		}
		at[s.value(c)] = s.key
	}
	var fields func(v reflect.Value, path string)
	fields = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case !f.IsExported():
			case f.Type.Kind() == reflect.Struct:
				fields(v.Field(i), path+f.Name+".")
			case at[v.Field(i).Addr().Interface()] == "":
				t.Errorf("%s%s is no setting", path, f.Name)
			}
		}
	}
	fields(reflect.ValueOf(c).Elem(), "")
}

// TestSeveritiesOfForm: the schema lists the severities that there are.
func TestSeveritiesOfForm(t *testing.T) {
	t.Parallel()
	for _, s := range gradeForm.oneOf {
		if _, err := finding.ParseSeverity(s); err != nil {
			t.Error(err)
		}
	}
}

// FuzzConfig: no file makes the reader fail otherwise than with one error, and what
// it reads is of the form that it asks for.
func FuzzConfig(f *testing.F) {
	f.Add(Example())
	f.Add([]byte("a: &a [*a]\nscan: &s {<<: *s}\n"))
	f.Add([]byte("rules: {parameters: {x: &x [1], y: *x}, severity: {XC047: high}}"))
	for key, two := range samples {
		for _, s := range two {
			f.Add([]byte(inFile(key, s.yaml)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if err != nil {
			if err.Error() == "" || strings.Contains(text.Visible(err.Error()), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		for _, s := range settings {
			text, err := jsonOf(s.value(c))
			if err != nil {
				t.Fatalf("%s: %v", s.key, err)
			}
			n := valueNode(string(text))
			if list, ok := s.value(c).(*[]string); ok {
				n = listNodeOf(*list)
			}
			again := &Config{}
			if _, isText := s.value(c).(*string); isText {
				n.Tag = "!!str"
			}
			if err := parse(s.key, n, s.value(again), s.form); err != nil {
				t.Fatalf("%s: %s is read and not read again: %v", s.key, text, err)
			}
		}
		_ = c.parameters()
	})
}
