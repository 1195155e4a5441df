package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"crosscheck/report"
	"crosscheck/rules/finding"
	"crosscheck/testdata"
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
func value(t rapid.TB, s setting[config], yaml string) any {
	c := &config{}
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

// TestPrecedence: flag above environment above file above default, for every
// setting and for every command that has a flag for it; and it is told which it was.
func TestPrecedence(t *testing.T) {
	commands := configured(t)
	for _, s := range settings {
		if _, ok := samples[s.key]; !ok {
			t.Errorf("%s has no samples", s.key)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		s := settings[rapid.IntRange(0, len(settings)-1).Draw(r, "setting")]
		make := commands[rapid.IntRange(0, len(commands)-1).Draw(r, "command")]
		cmd := make()
		var flag *pflag.Flag
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if slices.Equal(f.Annotations[flagSetting], []string{s.key}) {
				flag = f
			}
		})
		which := func(name string) (yaml, text string) {
			i := rapid.IntRange(-1, 1).Draw(r, name)
			if i < 0 {
				return "", ""
			}
			return samples[s.key][i].yaml, samples[s.key][i].text
		}
		c := defaults()
		want, from := reflect.ValueOf(s.value(c)).Elem().Interface(), origin{Kind: "default"}
		environ := []string{"AWS_REGION=x", "CROSSCHECK_TEST_MAIN=1", "CROSSCHECK_STRICT="}
		if yaml, _ := which("file"); yaml != "" {
			if err := c.file("f.yaml", []byte("\n"+inFile(s.key, yaml))); err != nil {
				r.Fatal(err)
			}
			want, from = value(r, s, yaml), origin{"file", "f.yaml", 2 + strings.Count(s.key, ".")}
		}
		if yaml, text := which("environment"); yaml != "" {
			environ = append(environ, envName(s.key)+"="+text)
			want, from = value(r, s, yaml), origin{Kind: "environment", Name: envName(s.key)}
		}
		if yaml, text := which("flag"); yaml != "" && flag != nil {
			for _, item := range strings.Split(text, ",") {
				if err := cmd.Flags().Set(flag.Name, item); err != nil {
					r.Fatal(err)
				}
			}
			want, from = value(r, s, yaml), origin{Kind: "flag", Name: "--" + flag.Name}
		}
		if _, err := c.configure(cmd, environ); err != nil {
			r.Fatal(err)
		}
		if got := reflect.ValueOf(s.value(c)).Elem().Interface(); !cmp.Equal(want, got) || c.origin(s.key) != from {
			r.Fatalf("%s of %s is %v from %v, want %v from %v", s.key, cmd.Name(), got, c.origin(s.key), want, from)
		}
		if flag == nil {
			return
		}
		// The flag has the value, whoever gave it.
		var got any = flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			got = append([]string(nil), list.GetSlice()...)
		}
		switch v := want.(type) {
		case []string:
			if len(v) == 0 {
				want = []string(nil)
			}
		default:
			want = flagText(v)
		}
		if !cmp.Equal(want, got) {
			r.Fatalf("--%s of %s is %v, want %v", flag.Name, cmd.Name(), got, want)
		}
	})
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

// configured are the commands that read the configuration.
func configured(t *testing.T) []func() *cobra.Command {
	s := &streams{out: io.Discard, err: io.Discard}
	var paths [][]string
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		if cmd.Flags().Lookup("config") != nil {
			paths = append(paths, path)
		}
		for _, sub := range cmd.Commands() {
			walk(sub, append(slices.Clone(path), sub.Name()))
		}
	}
	walk(newRootCommand(s), nil)
	if len(paths) < 9 {
		t.Fatalf("only %v read the configuration", paths)
	}
	list := make([]func() *cobra.Command, len(paths))
	for i, path := range paths {
		list[i] = func() *cobra.Command {
			cmd, _, err := newRootCommand(s).Find(path)
			if err != nil {
				t.Fatal(err)
			}
			return cmd
		}
	}
	return list
}

// TestFlagDefaults: a flag's default is the setting's.
func TestFlagDefaults(t *testing.T) {
	c := defaults()
	bound := map[string]bool{}
	for _, make := range configured(t) {
		cmd := make()
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			keys := f.Annotations[flagSetting]
			if len(keys) == 0 {
				return
			}
			s, ok := settingOf(keys[0])
			if !ok {
				t.Fatalf("--%s of %s is no setting", f.Name, cmd.CommandPath())
			}
			bound[s.key] = true
			was := f.Value.String()
			if err := assign(f.Value, s.value(c)); err != nil || f.Value.String() != was {
				t.Errorf("--%s of %s: the default is %s, that of %s is %s", f.Name, cmd.CommandPath(), was, s.key, f.Value.String())
			}
		})
	}
	for _, s := range settings { // what has no flag is written in files, not on command lines
		if structured := strings.HasPrefix(s.key, "destinations.") || slices.Contains([]string{"rules.severity", "rules.parameters", "required_replication"}, s.key); bound[s.key] == structured {
			t.Errorf("%s: has a flag: %v", s.key, bound[s.key])
		}
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for kv, want := range map[string]string{
		"CROSSCHECK_FAILON=high":              "unknown setting CROSSCHECK_FAILON in the environment; did you mean CROSSCHECK_FAIL_ON?",
		"CROSSCHECK_XYZZY=":                   "unknown setting CROSSCHECK_XYZZY in the environment; 'crosscheck config show' lists",
		"CROSSCHECK_SCAN_CONCURRENCY=many":    `CROSSCHECK_SCAN_CONCURRENCY is "many", not a whole number`,
		"CROSSCHECK_STRICT=yes":               `CROSSCHECK_STRICT is "yes", not true or false`,
		"CROSSCHECK_SCAN_ACCOUNTS=1,2":        `CROSSCHECK_SCAN_ACCOUNTS: "1" is not an account id; an account id has 12 digits`,
		"CROSSCHECK_RULES_DISABLE=encrypton":  "CROSSCHECK_RULES_DISABLE: rules.disable: there is no rule or pack \"encrypton\"; did you mean encryption?",
		"CROSSCHECK_CANARY_SLO=-1s":           `CROSSCHECK_CANARY_SLO: "-1s" is not a span of time`,
		"CROSSCHECK_REQUIRED_REPLICATION=[{}": "CROSSCHECK_REQUIRED_REPLICATION is \"[{}\", not a list",
		"CROSSCHECK_CONFIG=nowhere.yaml":      "nowhere.yaml: no such file or directory; check the path given with CROSSCHECK_CONFIG",
	} {
		name, text, _ := strings.Cut(kv, "=")
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, text)
			for _, command := range [][]string{{"scan"}, {"config", "show"}, {"demo"}} {
				if status, stdout, stderr := inProcess(t.Context(), command...); status != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "crosscheck: "+want) {
					t.Errorf("%s of %v: exit status %d, %q, want %q", kv, command, status, stderr, want)
				}
			}
		})
	}
}

// TestReservedVariables: every variable that the project's tests use is reserved, and
// no setting is.
func TestReservedVariables(t *testing.T) {
	used := regexp.MustCompile(`\bCROSSCHECK_[A-Z_]+\b`)
	for _, pattern := range []string{"../../../../Makefile", "*_integration_test.go", "faults_test.go", "main_test.go", "../../../../rules/iam/*_test.go", "../../../../report/*_test.go", "../../../../testdata/integration/*.*", "../../../../testdata/integration/*/*.*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range used.FindAllString(string(text), -1) {
				if !reserved.MatchString(name) && name != envConfig && !slices.ContainsFunc(settings, func(s setting[config]) bool { return envName(s.key) == name }) {
					t.Errorf("%s uses %s, which the program refuses", file, name)
				}
			}
		}
	}
	for _, s := range settings {
		if reserved.MatchString(envName(s.key)) {
			t.Errorf("%s is reserved", envName(s.key))
		}
	}
}

// TestExampleConfig takes the # from each key of the example by itself, and from all.
func TestExampleConfig(t *testing.T) {
	prose, keyLine := regexp.MustCompile(`^# \S`), regexp.MustCompile(`^#((?:  )*)(?:- )?[a-z_]+:(.*)$`)
	schema := compiled(t, "config.schema.json")
	all, parents, keys := "", []string{}, map[string]bool{}
	for line := range strings.Lines(string(exampleConfig())) {
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
		c, err := parseConfig("one", []byte(one))
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
	if _, err := parseConfig("all", []byte(all)); err != nil {
		t.Errorf("%s\n%v", all, err)
	}
	valid(t, schema, all)
	if c, err := parseConfig("none", exampleConfig()); err != nil || len(c.from) != 0 {
		t.Errorf("with every # in place: %v, %v", c, err)
	}
}

// configSchema is the JSON schema that the settings have.
func configSchema() []byte {
	root := schemaOf(settings)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://crosscheck.invalid/schemas/config/1"
	root["title"] = "crosscheck configuration"
	root["description"] = "The file that crosscheck --config reads, as YAML."
	root["type"] = []string{"object", "null"}
	sections := root["properties"].(map[string]any)
	sections["destinations"].(map[string]any)["minProperties"] = 1
	sections["destinations"].(map[string]any)["type"] = "object"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func schemaOf[T any](keys []setting[T]) map[string]any {
	object := func(null bool) map[string]any {
		o := map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
		if null {
			o["type"] = []string{"object", "null"} // all its keys are commented out
		}
		return o
	}
	root := object(false)
	for _, s := range keys {
		at := root["properties"].(map[string]any)
		path := strings.Split(s.key, ".")
		for _, section := range path[:len(path)-1] {
			if at[section] == nil {
				at[section] = object(true)
			}
			at = at[section].(map[string]any)["properties"].(map[string]any)
		}
		p := typeSchema(s.value(new(T)), s.form)
		p["description"] = s.doc
		if s.def != "" {
			p["default"] = jsonOfYAML(s.def)
		}
		at[path[len(path)-1]] = p
	}
	return root
}

func typeSchema(value any, f form) map[string]any {
	text := map[string]any{"type": "string"}
	if f.pattern != "" {
		text["pattern"] = f.pattern
	}
	if f.oneOf != nil {
		text["enum"] = f.oneOf
	}
	switch value.(type) {
	case *string, *time.Duration:
		return text
	case *bool:
		return map[string]any{"type": "boolean"}
	case *int:
		return map[string]any{"type": "integer", "minimum": f.min}
	case *float64:
		return map[string]any{"type": "number", "exclusiveMinimum": 0, "maximum": f.max}
	case *[]string:
		return map[string]any{"type": "array", "items": text}
	case *map[string]string:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"minLength": 1, "maxLength": 128}, "additionalProperties": text}
	case *map[string]finding.Severity:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": ruleForm.pattern}, "additionalProperties": text}
	case *map[string]any:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": paramForm.pattern}}
	case *[]requirement:
		item := schemaOf(requirementKeys)
		var some []any
		for _, name := range []string{"name", "tags", "accounts", "ous"} {
			some = append(some, map[string]any{"required": []string{name}})
		}
		item["anyOf"] = some
		to := item["properties"].(map[string]any)["destination"].(map[string]any)
		to["type"], to["minProperties"] = "object", 1
		return map[string]any{"type": "array", "items": item}
	}
	panic("no schema for a type")
}

func jsonOfYAML(text string) any {
	v, err := jsonValue("default", valueNode(text))
	if err != nil {
		panic(err)
	}
	return v
}

// TestConfigSchema: the published schema is the settings' own, and says of files what
// the program says.
func TestConfigSchema(t *testing.T) {
	path := filepath.Join(repo, "testdata", "schemas", "config.schema.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, configSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(configSchema()), string(text)); diff != "" {
		t.Errorf("%s is not current; run UPDATE=1 go test ./cmd/crosscheck/internal/cli -run ConfigSchema: %s", path, diff)
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
		if _, err := parseConfig("file", []byte(file)); err == nil {
			t.Errorf("%s is read", file)
		}
		if schema.Validate(jsonOfYAML(file)) == nil {
			t.Errorf("%s is valid", file)
		}
	}
	if !bytes.Equal(testdata.ConfigSchema, text) {
		t.Error("the program carries another schema")
	}
}

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(repo, "testdata", "schemas", name))
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

// settingsTable is the table of docs/configuration.md.
func settingsTable(t *testing.T) string {
	flags := map[string][]string{}
	for _, make := range configured(t) {
		make().Flags().VisitAll(func(f *pflag.Flag) {
			for _, key := range f.Annotations[flagSetting] {
				if text := "`--" + f.Name + "`"; !slices.Contains(flags[key], text) {
					flags[key] = append(flags[key], text)
				}
			}
		})
	}
	var b strings.Builder
	b.WriteString("| key | is | default | flag |\n|---|---|---|---|\n")
	for _, s := range settings {
		def := ""
		if s.def != "" {
			def = "`" + s.def + "`"
		}
		slices.Sort(flags[s.key])
		b.WriteString("| `" + s.key + "` | " + s.doc + " | " + def + " | " + strings.Join(flags[s.key], ", ") + " |\n")
	}
	return b.String()
}

// TestConfigPage: the table is current, and the example is read and valid.
func TestConfigPage(t *testing.T) {
	path := filepath.Join(repo, "docs", "configuration.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, rest, ok := strings.Cut(string(text), "ConfigPage -->\n")
	_, end, closed := strings.Cut(rest, "<!-- end -->")
	if !ok || !closed {
		t.Fatal("docs/configuration.md has no place for the table")
	}
	want := begin + "ConfigPage -->\n" + settingsTable(t) + "<!-- end -->" + end
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("run UPDATE=1 go test ./cmd/crosscheck/internal/cli -run ConfigPage: %s", diff)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if c, err := parseConfig("example", []byte(example)); err != nil || len(c.from) < 10 {
		t.Errorf("%v, %v", c, err)
	}
	valid(t, compiled(t, "config.schema.json"), example)
}

// TestConfigFields: every field of the configuration is a setting, once.
func TestConfigFields(t *testing.T) {
	c := &config{}
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
	for _, s := range gradeForm.oneOf {
		if _, err := report.ParseSeverity(s); err != nil {
			t.Error(err)
		}
	}
}

// FuzzConfig: no file makes the reader fail otherwise than with one error, and what
// it reads is of the form that it asks for.
func FuzzConfig(f *testing.F) {
	f.Add(exampleConfig())
	f.Add([]byte("a: &a [*a]\nscan: &s {<<: *s}\n"))
	f.Add([]byte("rules: {parameters: {x: &x [1], y: *x}, severity: {XC047: high}}"))
	for key, two := range samples {
		for _, s := range two {
			f.Add([]byte(inFile(key, s.yaml)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig("fuzz", data)
		if err != nil {
			if err.Error() == "" || strings.Contains(oneLine(err.Error()), "\n") {
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
			again := &config{}
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
