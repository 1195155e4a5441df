// Package simulate answers the lines of crosscheck simulate: policy requests to
// decide, documents to validate and bucket policies to classify, as JSON.
package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/jsontree"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/spelling"
)

// maxLine bounds one line.
const maxLine = 8 << 20

// Line answers one line of crosscheck simulate: a request with its policies,
// a document to validate or a bucket policy to classify. What is left out of the
// line is known not to exist; what the line lists as unknown is unknown. The
// answer is one line of JSON without its end; ok is false for a line that could
// not be read, whose answer says why.
func Line(line []byte) (out []byte, ok bool) {
	id, answer, err := simulate(line)
	if err != nil {
		answer = struct {
			ID    json.RawMessage `json:"id"`
			Error string          `json:"error"`
		}{id, err.Error()}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if e := enc.Encode(answer); e != nil { // cannot happen: the answers are plain data
		return fmt.Appendf(nil, `{"id":null,"error":%q}`, e.Error()), false
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err == nil
}

// decision, validation and classification are the answers.
type decision struct {
	ID          json.RawMessage `json:"id"`
	Decision    string          `json:"decision"` // allowed, denied or unknown
	Reason      string          `json:"reason"`
	Deciding    []decider       `json:"deciding"`
	UnknownKeys []string        `json:"unknown_keys"`
	Witness     string          `json:"witness"`
	Errors      []problem       `json:"errors"`
}

type decider struct {
	Layer     string `json:"layer"`
	Policy    string `json:"policy"`
	Sid       string `json:"sid"`
	Statement int    `json:"statement"`
	Effect    string `json:"effect"`
}

type problem struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

type validation struct {
	ID       json.RawMessage `json:"id"`
	Accepted bool            `json:"accepted"`
	Errors   []problem       `json:"errors"`
}

type classification struct {
	ID        json.RawMessage `json:"id"`
	Public    string          `json:"public"`
	Statement int             `json:"statement"` // -1 for none
}

func simulate(line []byte) (id json.RawMessage, answer any, err error) {
	if len(line) > maxLine {
		return nil, nil, fmt.Errorf("the line has %d bytes; at most %d are read", len(line), maxLine)
	}
	if !utf8.Valid(line) {
		return nil, nil, fmt.Errorf("the line is not UTF-8")
	}
	t, fault := jsontree.Parse(string(line))
	if fault != nil {
		return nil, nil, fmt.Errorf("the line is not JSON: byte %d: %s", fault.Off, fault.Msg)
	}
	l := lineReader{t}
	for c := t.Nodes[0].Child; c != 0; c = t.Nodes[c].Sibling {
		if t.Nodes[c].Key == "id" {
			id = json.RawMessage(l.raw(c))
			break
		}
	}
	root, err := l.object(0, "the line", "id", "request", "identityPolicies", "boundaries", "sessionPolicy", "scps", "rcps",
		"resourcePolicy", "restrictPublicBuckets", "grants", "unknownLayers", "validate", "classify")
	if err != nil {
		return id, nil, err
	}
	_, isRequest := root["request"]
	_, isValidate := root["validate"]
	_, isClassify := root["classify"]
	switch {
	case isRequest && !isValidate && !isClassify:
		answer, err = l.decide(id, root)
	case isValidate && !isRequest && !isClassify:
		answer, err = l.validate(id, root["validate"])
	case isClassify && !isRequest && !isValidate:
		answer, err = l.classify(id, root["classify"])
	default:
		err = fmt.Errorf("a line has exactly one of request, validate and classify")
	}
	return id, answer, err
}

// lineReader reads the members of a line. It is strict where a slip would
// change the meaning: a layer that is left out is known not to exist.
type lineReader struct{ *jsontree.Tree }

func (l lineReader) raw(n int32) string { return l.Src[l.Nodes[n].Off:l.Nodes[n].End] }

func (l lineReader) null(n int32) bool { return l.Nodes[n].Kind == jsontree.Null }

// object reads members by name. Others are notes of the author of the line,
// unless they look like a misspelt name.
func (l lineReader) object(n int32, what string, names ...string) (map[string]int32, error) {
	if l.Nodes[n].Kind != jsontree.Object {
		return nil, fmt.Errorf("%s is %s, not an object", what, l.Nodes[n].Kind)
	}
	m := map[string]int32{}
	for c := l.Nodes[n].Child; c != 0; c = l.Nodes[c].Sibling {
		key := l.Nodes[c].Key
		if _, dup := m[key]; dup {
			return nil, fmt.Errorf("%q appears twice in %s", key, what)
		}
		m[key] = c
	}
	for key := range m {
		if err := misspelt(key, what, names); err != nil {
			return nil, err
		}
	}
	for key, c := range m {
		if l.null(c) {
			delete(m, key)
		}
	}
	return m, nil
}

func misspelt(key, what string, names []string) error {
	if slices.Contains(names, key) {
		return nil
	}
	best, fewest := "", 3
	for _, name := range names {
		if n := slips(key, name); n < fewest {
			best, fewest = name, n
		}
	}
	if best == "" {
		return nil
	}
	return fmt.Errorf("%s has an unknown member %q; did you mean %s?", what, key, best)
}

// slips counts the slips of the pen between two names. Letter case, separators
// and the grammatical number are none; in a short name one is enough to make
// another name of it.
func slips(a, b string) int {
	plainName := func(s string) string {
		s = strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
		if t, ok := strings.CutSuffix(s, "ies"); ok {
			return t + "y"
		}
		return strings.TrimSuffix(s, "s")
	}
	a, b = plainName(a), plainName(b)
	if len(a) > 64 {
		return len(a) // no name is as long
	}
	n := spelling.Distance(a, b)
	if len(b) < 6 {
		n *= 2
	}
	if len(b) < 3 {
		n *= 2
	}
	return n
}

func (l lineReader) str(m map[string]int32, name string) (string, error) {
	n, ok := m[name]
	if !ok {
		return "", nil
	}
	if l.Nodes[n].Kind != jsontree.String {
		return "", fmt.Errorf("%s is %s, not a string", name, l.Nodes[n].Kind)
	}
	return l.Nodes[n].Text, nil
}

func (l lineReader) strs(m map[string]int32, name string) ([]string, error) {
	n, ok := m[name]
	if !ok {
		return nil, nil
	}
	items, err := l.array(n, name)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, c := range items {
		if l.Nodes[c].Kind != jsontree.String {
			return nil, fmt.Errorf("%s holds %s, not strings", name, l.Nodes[c].Kind)
		}
		all = append(all, l.Nodes[c].Text)
	}
	return all, nil
}

func (l lineReader) array(n int32, what string) (items []int32, err error) {
	if l.Nodes[n].Kind != jsontree.Array {
		return nil, fmt.Errorf("%s is %s, not an array", what, l.Nodes[n].Kind)
	}
	for c := l.Nodes[n].Child; c != 0; c = l.Nodes[c].Sibling {
		items = append(items, c)
	}
	return items, nil
}

// policy parses a document that is in the line as JSON, or as a string
// where its text would not survive that.
func (l lineReader) policy(n int32, kind policy.Kind, name string, opts ...policy.ParseOption) *policy.Policy {
	text := l.raw(n)
	if l.Nodes[n].Kind == jsontree.String {
		text = l.Nodes[n].Text
	}
	return policy.Parse(kind, name, []byte(text), opts...)
}

// named reads [{"name", "policy"}].
func (l lineReader) named(n int32, what string, kind policy.Kind) ([]*policy.Policy, error) {
	items, err := l.array(n, what)
	if err != nil {
		return nil, err
	}
	var all []*policy.Policy
	for _, c := range items {
		m, err := l.object(c, "an entry of "+what, "name", "policy")
		if err != nil {
			return nil, err
		}
		name, err := l.str(m, "name")
		if err != nil {
			return nil, err
		}
		doc, ok := m["policy"]
		if !ok {
			return nil, fmt.Errorf("an entry of %s has no policy", what)
		}
		all = append(all, l.policy(doc, kind, name))
	}
	return all, nil
}

func (l lineReader) layer(root map[string]int32, name string, kind policy.Kind) (iam.Layer, error) {
	n, ok := root[name]
	if !ok {
		return iam.Policies(), nil
	}
	p, err := l.named(n, name, kind)
	return iam.Policies(p...), err
}

func (l lineReader) levels(root map[string]int32, name string, kind policy.Kind) (iam.Levels, error) {
	n, ok := root[name]
	if !ok {
		return iam.NotApplicable(), nil
	}
	items, err := l.array(n, name)
	if err != nil {
		return iam.Levels{}, err
	}
	var levels []iam.Level
	for _, c := range items {
		m, err := l.object(c, "an entry of "+name, "target", "policies")
		if err != nil {
			return iam.Levels{}, err
		}
		target, err := l.str(m, "target")
		if err != nil {
			return iam.Levels{}, err
		}
		list, ok := m["policies"]
		if !ok {
			return iam.Levels{}, fmt.Errorf("an entry of %s has no policies; write [] for a level without any", name)
		}
		p, err := l.named(list, name, kind)
		if err != nil {
			return iam.Levels{}, err
		}
		levels = append(levels, iam.Level{Target: target, Layer: iam.Policies(p...)})
	}
	return iam.OnPath(levels...), nil
}

func (l lineReader) request(n int32) (*iam.Request, error) {
	m, err := l.object(n, "request", "principal", "action", "resource", "resourceAccount", "context", "unknownContext")
	if err != nil {
		return nil, err
	}
	r := &iam.Request{Context: map[string]contextkey.Value{}}
	if r.Action, err = l.str(m, "action"); err != nil {
		return nil, err
	}
	if r.Resource, err = l.str(m, "resource"); err != nil {
		return nil, err
	}
	if r.Action == "" || r.Resource == "" {
		return nil, fmt.Errorf("request needs an action and a resource")
	}
	r.ResourceIsGlob = r.Resource != "*" && strings.ContainsAny(r.Resource, "*?")
	if r.ResourceAccount, err = l.str(m, "resourceAccount"); err != nil {
		return nil, err
	}
	if own := match.Field(r.Resource, 4); r.ResourceAccount == "" && principal.IsAccount(own) {
		r.ResourceAccount = own
	}
	if c, ok := m["context"]; ok {
		if err := l.context(c, r.Context); err != nil {
			return nil, err
		}
	}
	unknown, err := l.strs(m, "unknownContext")
	if err != nil {
		return nil, err
	}
	for _, key := range unknown {
		key = contextkey.Lower(key)
		if v, ok := r.Context[key]; ok && v.Known() {
			return nil, fmt.Errorf("the key %s is in context and in unknownContext", key)
		}
		r.Context[key] = contextkey.Value{}
	}
	who, ok := m["principal"]
	if !ok {
		return nil, fmt.Errorf("request has no principal")
	}
	r.Principal, err = l.principal(who, r.Context)
	return r, err
}

func (l lineReader) context(n int32, into map[string]contextkey.Value) error {
	if l.Nodes[n].Kind != jsontree.Object {
		return fmt.Errorf("context is %s, not an object", l.Nodes[n].Kind)
	}
	for c := l.Nodes[n].Child; c != 0; c = l.Nodes[c].Sibling {
		key := contextkey.Lower(l.Nodes[c].Key)
		if _, dup := into[key]; dup {
			return fmt.Errorf("the key %s appears twice in context", key)
		}
		switch l.Nodes[c].Kind {
		case jsontree.String, jsontree.Number, jsontree.Bool:
			into[key] = contextkey.One(l.Nodes[c].Text)
		case jsontree.Array:
			values := l.Texts(c)
			if len(values) != int(l.Nodes[c].Count) {
				return fmt.Errorf("the context key %s holds something else than strings, numbers and booleans", key)
			}
			into[key] = contextkey.Many(values...)
		case jsontree.Null:
			into[key] = contextkey.Absent()
		default:
			return fmt.Errorf("the context key %s is %s", key, l.Nodes[c].Kind)
		}
	}
	return nil
}

// principal reads the caller: an ARN, a service name, "*" for an anonymous caller, or
// {"service": name}. The path of a session's role and its id come from the context.
func (l lineReader) principal(n int32, context map[string]contextkey.Value) (principal.Caller, error) {
	if l.Nodes[n].Kind == jsontree.Object {
		m, err := l.object(n, "principal", "service")
		if err != nil {
			return principal.Caller{}, err
		}
		name, err := l.str(m, "service")
		if err == nil && name == "" {
			err = fmt.Errorf("principal is an object without a service")
		}
		return principal.Service(name), err
	}
	text := l.Nodes[n].Text
	switch {
	case l.Nodes[n].Kind != jsontree.String:
		return principal.Caller{}, fmt.Errorf("principal is %s, not a string or an object", l.Nodes[n].Kind)
	case text == "*" || text == "anonymous":
		return principal.Anonymous(), nil
	case !strings.Contains(text, ":") && strings.Contains(text, ".amazonaws.com"):
		return principal.Service(text), nil
	}
	p, err := principal.Parse(text)
	if err != nil {
		return p, err
	}
	one := func(key string) string {
		if v := context[key]; v.State == contextkey.StatePresent && !v.Multi {
			return v.Values[0]
		}
		return ""
	}
	id, _, _ := strings.Cut(one("aws:userid"), ":")
	switch p.Kind {
	case principal.Role:
		p.RoleID = id
		if arn := one("aws:principalarn"); arn != "" {
			role, err := principal.Parse(arn)
			if err != nil || role.RoleARN == "" || role.Account != p.Account || role.RoleName != p.RoleName {
				return p, fmt.Errorf("aws:PrincipalArn %q is not the role of the session %s", arn, text)
			}
			p.RoleARN, p.Linked = arn, role.Linked
		}
	case principal.User:
		p.UserID = id
	}
	return p, nil
}

// setUnknown takes back what the line could not have known.
func setUnknown(in *iam.Input, name string) error {
	const reason = "listed in unknownLayers"
	switch name {
	case "identity", "identityPolicies":
		in.Identity = iam.NotRead(reason)
	case "boundary", "boundaries":
		in.Boundary = iam.NotRead(reason)
	case "session", "sessionPolicy":
		in.Session = iam.NotRead(reason)
	case "scp", "scps":
		in.SCPs = iam.LevelsNotRead(reason)
	case "rcp", "rcps":
		in.RCPs = iam.LevelsNotRead(reason)
	case "resource", "resourcePolicy", "key", "trust":
		in.Resource = iam.NotRead(reason)
	case "grants":
		in.Grants = logic.Unknown
	case "restrictPublicBuckets":
		in.RestrictPublicBuckets = logic.Unknown
	default:
		kind, target, _ := strings.Cut(name, ":")
		levels := &in.SCPs
		if kind == "rcp" {
			levels = &in.RCPs
		} else if kind != "scp" {
			return fmt.Errorf("unknown layer %q in unknownLayers; the layers are identity, boundary, session, scp, rcp, resource, grants and restrictPublicBuckets", name)
		}
		if levels.Forget(target, reason) {
			return nil
		}
		return fmt.Errorf("unknownLayers names the level %q, which the line does not have", name)
	}
	return nil
}

func (l lineReader) input(root map[string]int32, action string) (in *iam.Input, err error) {
	in = &iam.Input{Session: iam.Policies(), Resource: iam.Policies(), Grants: logic.False, RestrictPublicBuckets: logic.False}
	if in.Identity, err = l.layer(root, "identityPolicies", policy.Identity); err != nil {
		return nil, err
	}
	if in.Boundary, err = l.layer(root, "boundaries", policy.Boundary); err != nil {
		return nil, err
	}
	if in.SCPs, err = l.levels(root, "scps", policy.SCP); err != nil {
		return nil, err
	}
	if in.RCPs, err = l.levels(root, "rcps", policy.RCP); err != nil {
		return nil, err
	}
	if n, ok := root["sessionPolicy"]; ok {
		in.Session = iam.Policies(l.policy(n, policy.Session, "session"))
	}
	if n, ok := root["resourcePolicy"]; ok {
		kind := policy.Resource
		switch {
		case catalog.IsS3(action):
			kind = policy.Bucket
		case catalog.IsKMS(action):
			kind = policy.Key
		case catalog.IsSTS(action):
			kind = policy.Trust
		}
		in.Resource = iam.Policies(l.policy(n, kind, "resource"))
	}
	for name, to := range map[string]*logic.Truth{"restrictPublicBuckets": &in.RestrictPublicBuckets, "grants": &in.Grants} {
		if n, ok := root[name]; ok {
			if l.Nodes[n].Kind != jsontree.Bool {
				return nil, fmt.Errorf("%s is %s, not a boolean", name, l.Nodes[n].Kind)
			}
			*to = logic.Of(l.Nodes[n].Text == "true")
		}
	}
	unknown, err := l.strs(root, "unknownLayers")
	if err != nil {
		return nil, err
	}
	for _, name := range unknown {
		if err := setUnknown(in, name); err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (l lineReader) decide(id json.RawMessage, root map[string]int32) (any, error) {
	req, err := l.request(root["request"])
	if err != nil {
		return nil, err
	}
	in, err := l.input(root, req.Action)
	if err != nil {
		return nil, err
	}
	d := explain.Decide(req, in)
	answer := decision{
		ID: id, Decision: d.Result.String(), Reason: d.Reason, Witness: d.Witness,
		Deciding:    []decider{},
		UnknownKeys: append([]string{}, d.UnknownKeys...),
		Errors:      errorsOf(d.Errors),
	}
	for _, s := range d.Deciding {
		answer.Deciding = append(answer.Deciding, decider{s.Layer, s.Policy, s.Sid, s.Index, s.Effect.String()})
	}
	return answer, nil
}

func errorsOf(diagnostics []policy.Diagnostic) []problem {
	all := []problem{}
	for _, d := range diagnostics {
		if !d.Warning {
			all = append(all, problem{d.Message, d.Line, d.Column})
		}
	}
	return all
}

func (l lineReader) validate(id json.RawMessage, n int32) (any, error) {
	m, err := l.object(n, "validate", "kind", "bucket", "partition", "document")
	if err != nil {
		return nil, err
	}
	name, err := l.str(m, "kind")
	if err != nil {
		return nil, err
	}
	kind, ok := policy.KindNamed(name)
	if !ok {
		return nil, fmt.Errorf("unknown kind of policy %q", name)
	}
	bucket, err := l.str(m, "bucket")
	if err != nil {
		return nil, err
	}
	partition, err := l.str(m, "partition")
	if err != nil {
		return nil, err
	}
	doc, ok := m["document"]
	if !ok {
		return nil, fmt.Errorf("validate has no document")
	}
	p := l.policy(doc, kind, "", policy.ForBucket(bucket), policy.In(partition))
	return validation{id, p.Valid(), errorsOf(p.Diagnostics())}, nil
}

func (l lineReader) classify(id json.RawMessage, n int32) (any, error) {
	m, err := l.object(n, "classify", "bucket", "policy")
	if err != nil {
		return nil, err
	}
	bucket, err := l.str(m, "bucket")
	if err != nil {
		return nil, err
	}
	doc, ok := m["policy"]
	if !ok {
		return nil, fmt.Errorf("classify has no policy")
	}
	c := policy.Classify(bucket, l.policy(doc, policy.Bucket, "", policy.ForBucket(bucket)))
	return classification{id, c.Public.String(), c.Statement}, nil
}
