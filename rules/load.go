package rules

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/internal/builtin"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission/rows"
)

//go:embed policy
var embedded embed.FS

// Scopes of a rule: what it is asked about.
const (
	ScopeBucket       = "bucket"       // every bucket
	ScopeSource       = "source"       // every bucket with a replication configuration
	ScopeLink         = "link"         // every link
	ScopeOrganization = "organization" // records collected from all documents, at the end
)

// Rule is what the engine asks: a Rego rule with its METADATA, or a permission rule.
type Rule struct {
	ID           string           `json:"id"`
	Title        string           `json:"title"`
	Description  string           `json:"description"`
	Severity     finding.Severity `json:"severity"`
	Scope        string           `json:"scope"`
	Pack         string           `json:"pack"`          // the group by which it is switched on and off; "" = none
	Needs        []string         `json:"needs"`         // facts without which every answer is unknown
	Uses         []string         `json:"uses"`          // facts the rule judges by itself; where it gave no answer, the unread one is named
	When         []string         `json:"when"`          // what must be so for the rule to apply; else it is not applicable
	Decides      bool             `json:"decides"`       // its failure breaks the link, or the objects of its class
	Class        finding.Class    `json:"class"`         // of the objects that a failure is about, where the rule decides
	Unreadable   bool             `json:"unreadable"`    // its failure says that replicas arrive, but that the destination cannot read them
	FailureCodes []string         `json:"failure_codes"` // S3's codes it can predict
	Controls     []string         `json:"controls"`
	Remediation  string           `json:"remediation"`
	Evidence     string           `json:"evidence"` // recorded, documented, inferred
	Sources      []string         `json:"sources"`
	File         string           `json:"file"`
	// Parameters are what the configuration may set for the rule, with their
	// defaults; it reads them as data.crosscheck.config.NAME.
	Parameters map[string]any `json:"parameters,omitempty"`

	user       bool       // from a directory of the user
	line       int        // of its package, in File
	pkg        string     // the package below crosscheck.rules: links.source_versioning
	permission *rows.Rule // nil of a Rego rule
	needs      []need
	uses       []need
	when       []condition
}

// About is what all findings of the rule have in common.
func (r *Rule) About() finding.About {
	return finding.About{
		ID: r.ID, Title: r.Title, Severity: r.Severity,
		Description: r.Description, Remediation: r.Remediation, Sources: r.Sources,
	}
}

// Error is a fault of a rule file.
type Error struct {
	File string
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// source is one Rego file as it was read.
type source struct {
	name string // path for messages
	text []byte
	user bool // from a directory of the user
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

// sourcesOf lists the embedded files and those of the user's directories, in a stable order.
func sourcesOf(dirs []string) ([]source, error) {
	var all []source
	err := fs.WalkDir(embedded, "policy", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		all = append(all, source{name: "rules/" + name, text: text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		found := 0
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("read rules: %s is a file; name the directory that holds it", dir)
		}
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".rego" {
				return err
			}
			text, err := readRego(path)
			if err != nil {
				return err
			}
			found++
			all = append(all, source{name: path, text: text, user: true})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		if found == 0 {
			return nil, fmt.Errorf("read rules: no .rego file under %s", dir)
		}
	}
	return all, nil
}

// maxRego is the size of the largest file of rules that is read, in bytes.
const maxRego = 1 << 20

// readRego reads a file of the user. One that is no regular file might never end.
func readRego(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxRego:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxRego>>20)
	}
	return os.ReadFile(path)
}

// load parses the files and reads the rules' METADATA; tests are parsed only where wanted.
func load(files []source, tests bool) (map[string]*ast.Module, []*Rule, error) {
	modules := make(map[string]*ast.Module, len(files))
	byPackage := map[string]source{} // packages below data.crosscheck
	list, err := permissionRules()
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]*Rule{}
	for _, r := range list {
		byID[r.ID] = r
	}
	for _, f := range files {
		if isTest(f.name) && !tests {
			continue
		}
		if _, ok := modules[f.name]; ok {
			continue // the same directory named twice
		}
		m, err := ast.ParseModuleWithOpts(f.name, string(f.text), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities()})
		if err != nil {
			return nil, nil, ruleError(f.name, err)
		}
		if m == nil {
			return nil, nil, &Error{f.name, 1, errors.New("the file is empty")}
		}
		modules[f.name] = m
		if isTest(f.name) {
			continue
		}
		pkg := strings.TrimPrefix(m.Package.Path.String(), "data.")
		ours := pkg == "crosscheck" || strings.HasPrefix(pkg, "crosscheck.")
		if ours {
			if other, ok := byPackage[pkg]; ok {
				return nil, nil, &Error{f.name, m.Package.Location.Row, fmt.Errorf("package %s is taken by %s", pkg, other.name)}
			}
			byPackage[pkg] = f
		}
		r, line, err := metadata(m)
		if err != nil {
			return nil, nil, &Error{f.name, line, err}
		}
		if r == nil {
			if f.user && ours {
				return nil, nil, &Error{f.name, m.Package.Location.Row, fmt.Errorf("package %s has no METADATA with custom.id: a rule needs one, a helper needs a package outside crosscheck", pkg)}
			}
			continue
		}
		r.File, r.user, r.line = f.name, f.user, m.Package.Location.Row
		if err := r.place(f, pkg); err != nil {
			return nil, nil, &Error{f.name, m.Package.Location.Row, err}
		}
		if other, ok := byID[r.ID]; ok {
			return nil, nil, &Error{f.name, line, fmt.Errorf("rule %s exists already in %s", r.ID, other.File)}
		}
		byID[r.ID] = r
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return modules, list, nil
}

// place checks the package of a rule. A rule of the user is in crosscheck.rules.ID, or in
// crosscheck.rules.PACK.NAME if it has a pack; an embedded one is the file
// rules/policy/PACK/ID_NAME.rego and in the latter package, which gives it its pack.
func (r *Rule) place(f source, pkg string) error {
	id := strings.ToLower(r.ID)
	r.pkg = strings.TrimPrefix(pkg, "crosscheck.rules.")
	dir, file := path.Split(strings.TrimPrefix(f.name, "rules/policy/"))
	if f.user {
		name, ok := strings.CutPrefix(r.pkg, r.Pack+".")
		if r.pkg == id || r.Pack != "" && ok && ruleName.MatchString(name) {
			return nil
		}
		return fmt.Errorf("rule %s is in package %s; it must be crosscheck.rules.%s", r.ID, pkg, id)
	}
	if r.Pack != "" {
		return fmt.Errorf("rule %s has custom.pack: the directory of an embedded rule is its pack", r.ID)
	}
	r.Pack = strings.TrimSuffix(dir, "/")
	name := strings.TrimSuffix(strings.TrimPrefix(file, id+"_"), ".rego")
	if file != id+"_"+name+".rego" || r.pkg != r.Pack+"."+name {
		return fmt.Errorf("rule %s is in package %s and file %s; a rule crosscheck.rules.PACK.NAME is in PACK/%s_NAME.rego", r.ID, pkg, f.name, id)
	}
	return nil
}

// Forms of names, as regular expressions of the whole name.
const (
	PackName      = `[a-z][a-z0-9-]{0,31}` // of a pack of rules
	ParameterName = `[a-z][a-z0-9_]{0,63}` // of a parameter of a rule
)

var (
	ruleName  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	packWord  = regexp.MustCompile(`^` + PackName + `$`)
	paramWord = regexp.MustCompile(`^` + ParameterName + `$`)
	scopes    = []string{ScopeBucket, ScopeSource, ScopeLink, ScopeOrganization}
	evidences = []string{"recorded", "documented", "inferred"}
)

// metadata reads the package annotation of a module; nil when it is no rule.
func metadata(m *ast.Module) (*Rule, int, error) {
	var a *ast.Annotations
	for _, x := range m.Annotations {
		if x.Scope == "package" {
			a = x
		}
	}
	if a == nil || a.Custom["id"] == nil {
		return nil, m.Package.Location.Row, nil
	}
	line := a.Location.Row
	text, err := json.Marshal(a.Custom)
	if err != nil {
		return nil, line, err
	}
	var c struct {
		ID           string           `json:"id"`
		Severity     finding.Severity `json:"severity"`
		Scope        string           `json:"scope"`
		Pack         string           `json:"pack"`
		Needs        []string         `json:"needs"`
		Uses         []string         `json:"uses"`
		When         []string         `json:"when"`
		Decides      bool             `json:"decides"`
		Class        finding.Class    `json:"class"`
		Unreadable   bool             `json:"unreadable"`
		FailureCodes []string         `json:"failure_codes"`
		Controls     []string         `json:"controls"`
		Remediation  string           `json:"remediation"`
		Evidence     string           `json:"evidence"`
		Sources      []string         `json:"sources"`

		Parameters map[string]any `json:"parameters"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, line, fmt.Errorf("METADATA custom: %w", err)
	}
	r := &Rule{
		ID: c.ID, Title: a.Title, Description: strings.TrimSpace(a.Description),
		Severity: c.Severity, Scope: c.Scope, Pack: c.Pack, Needs: c.Needs, Uses: c.Uses, When: c.When, Decides: c.Decides, Class: c.Class, Unreadable: c.Unreadable,
		FailureCodes: c.FailureCodes, Controls: c.Controls, Remediation: c.Remediation,
		Evidence: c.Evidence, Sources: c.Sources, Parameters: c.Parameters,
	}
	if err := r.check(); err != nil {
		return nil, line, fmt.Errorf("METADATA %w", err)
	}
	defined := "answers"
	if !slices.ContainsFunc(m.Rules, func(x *ast.Rule) bool { return x.Head.Name.String() == defined || x.Head.Ref().String() == defined }) {
		return nil, m.Package.Location.Row, errors.New("the rule defines no answers: write `answers contains {…} if {…}`")
	}
	if r.Scope == ScopeOrganization && !slices.ContainsFunc(m.Rules, func(x *ast.Rule) bool { return x.Head.Name.String() == "records" || x.Head.Ref().String() == "records" }) {
		return nil, m.Package.Location.Row, errors.New("a rule of scope organization defines records, which are kept of every document, beside answers")
	}
	return r, line, nil
}

// check refuses a rule that says what does not exist, and reads its needs.
func (r *Rule) check() error {
	switch {
	case !finding.IsRuleID(r.ID):
		return fmt.Errorf("custom.id %q: an id is capitals and digits, such as XC101 or ACME001", r.ID)
	case r.Title == "":
		return errors.New("has no title")
	case !r.Severity.Valid():
		return fmt.Errorf("custom.severity %q: use critical, high, medium, low or info", r.Severity)
	case !slices.Contains(scopes, r.Scope):
		return fmt.Errorf("custom.scope %q: use %s", r.Scope, strings.Join(scopes, ", "))
	case r.Pack != "" && !packWord.MatchString(r.Pack):
		return fmt.Errorf("custom.pack %q: a pack is one word in small letters, such as encryption", r.Pack)
	case r.Decides && r.Scope != ScopeLink:
		return fmt.Errorf("custom.decides: only a rule of scope link decides a link, not one of scope %s", r.Scope)
	case r.Unreadable && (r.Decides || r.Scope != ScopeLink):
		return errors.New("custom.unreadable: only a rule of scope link without custom.decides is about links whose replicas arrive")
	case r.Class != "" && !slices.Contains(finding.Classes, r.Class):
		return fmt.Errorf("custom.class %q: use %s", r.Class, classNames())
	case r.Class != "" && !r.Decides:
		return errors.New("custom.class: a rule without custom.decides decides no objects")
	case !slices.Contains(evidences, r.Evidence):
		return fmt.Errorf("custom.evidence %q: use %s", r.Evidence, strings.Join(evidences, ", "))
	}
	for _, c := range r.FailureCodes {
		if _, ok := codeOf(c); !ok {
			return fmt.Errorf("custom.failure_codes: %q is no failure code of S3 (crosscheck rules codes lists them)", c)
		}
	}
	for name, value := range r.Parameters {
		switch _, ours := ownParameters[name]; {
		case ours:
			return fmt.Errorf("custom.parameters: %s is a parameter of crosscheck itself", name)
		case !paramWord.MatchString(name):
			return fmt.Errorf("custom.parameters: %q: a name is small letters, digits and _", name)
		case value == nil:
			return fmt.Errorf("custom.parameters: %s has no default, which also says of what type it is", name)
		}
	}
	for _, x := range []struct {
		names []string
		to    *[]need
	}{{r.Needs, &r.needs}, {r.Uses, &r.uses}} {
		for _, name := range x.names {
			n, err := parseNeed(name, r.Scope)
			if err != nil {
				return fmt.Errorf("custom.%w", err)
			}
			*x.to = append(*x.to, n)
		}
	}
	for _, text := range r.When {
		w, err := parseCondition(text, r.Scope)
		if err != nil {
			return fmt.Errorf("custom.%w", err)
		}
		r.when = append(r.when, w)
	}
	return nil
}

// classNames lists the classes of objects.
func classNames() string {
	names := make([]string, len(finding.Classes))
	for i, c := range finding.Classes {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

// ruleError turns OPA's errors into the first one with its file and line.
func ruleError(file string, err error) error {
	var list ast.Errors
	if errors.As(err, &list) && len(list) > 0 {
		e := list[0]
		line := 1
		if e.Location != nil {
			line = e.Location.Row
			if e.Location.File != "" {
				file = e.Location.File
			}
		}
		msg := strings.ReplaceAll(e.Message, "\n", " ")
		if len(list) > 1 {
			msg += fmt.Sprintf(" (and %d more)", len(list)-1)
		}
		return &Error{file, line, errors.New(msg)}
	}
	return &Error{file, 1, err}
}

// forbidden are the builtins that reach out of the evaluation, or make it
// answer differently twice, beyond those that OPA itself calls nondeterministic. What could
// use up the memory at once is [opa.Unbounded].
var forbidden = []string{"http.", "net.", "opa.", "rand.", "time.now_ns", "trace", "uuid.", "io.jwt.", "crypto.x509.", "providers.", "graphql.", "rego.parse_module"}

// capabilities is Rego as rules may use it: no network, clock, environment or
// randomness, and crosscheck's own builtins.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || slices.ContainsFunc(slices.Concat(forbidden, opa.Unbounded), func(p string) bool { return strings.HasPrefix(b.Name, p) })
	})
	for _, b := range builtin.New() {
		c.Builtins = append(c.Builtins, b.Declaration())
	}
	return c
})

// newCompiler is a compiler for rules: strict, typed by the schema of a document.
func newCompiler() *ast.Compiler {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, inputSchema())
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).
		WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
}

// compile checks all modules together.
func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	return compileWith(newCompiler(), modules)
}

func compileWith(c *ast.Compiler, modules map[string]*ast.Module) (*ast.Compiler, error) {
	c.Compile(modules)
	if c.Failed() {
		return nil, ruleError("", c.Errors)
	}
	return c, nil
}
