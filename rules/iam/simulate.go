package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxLine bounds one line of Simulate.
const maxLine = 8 << 20

// Simulate answers one line of crosscheck simulate: a request with its policies,
// a document to validate or a bucket policy to classify. What is left out of the
// line is known not to exist; what the line lists as unknown is unknown. The
// answer is one line of JSON without its end.
func Simulate(line []byte) []byte {
	out, _ := SimulateLine(line)
	return out
}

// SimulateLine is [Simulate]; ok is false for a line that could not be read, whose
// answer says why.
func SimulateLine(line []byte) (out []byte, ok bool) {
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

// simulateDecision, simulateValidation and simulateClass are the answers.
type simulateDecision struct {
	ID          json.RawMessage     `json:"id"`
	Decision    string              `json:"decision"` // allowed, denied or unknown
	Reason      string              `json:"reason"`
	Deciding    []simulateStatement `json:"deciding"`
	UnknownKeys []string            `json:"unknown_keys"`
	Witness     string              `json:"witness"`
	Errors      []simulateError     `json:"errors"`
}

type simulateStatement struct {
	Layer     string `json:"layer"`
	Policy    string `json:"policy"`
	Sid       string `json:"sid"`
	Statement int    `json:"statement"`
	Effect    string `json:"effect"`
}

type simulateError struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

type simulateValidation struct {
	ID       json.RawMessage `json:"id"`
	Accepted bool            `json:"accepted"`
	Errors   []simulateError `json:"errors"`
}

type simulateClass struct {
	ID        json.RawMessage `json:"id"`
	Public    string          `json:"public"`
	Statement int             `json:"statement"` // -1 for none
}

func simulate(line []byte) (id json.RawMessage, answer any, err error) {
	id = json.RawMessage("null")
	if len(line) > maxLine {
		return id, nil, fmt.Errorf("the line has %d bytes; at most %d are read", len(line), maxLine)
	}
	if !utf8.Valid(line) {
		return id, nil, fmt.Errorf("the line is not UTF-8")
	}
	t, fault := parseJSON(string(line))
	if fault != nil {
		return id, nil, fmt.Errorf("the line is not JSON: byte %d: %s", fault.off, fault.msg)
	}
	l := lineReader{t}
	for c := t.nodes[0].child; c != 0; c = t.nodes[c].sibling {
		if t.nodes[c].key == "id" {
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
type lineReader struct{ *tree }

func (l lineReader) raw(n int32) string { return l.src[l.nodes[n].off:l.nodes[n].end] }

func (l lineReader) null(n int32) bool { return l.nodes[n].kind == nodeNull }

// object reads members by name. Others are notes of whoever wrote the line,
// unless they look like a misspelt name.
func (l lineReader) object(n int32, what string, names ...string) (map[string]int32, error) {
	if l.nodes[n].kind != nodeObject {
		return nil, fmt.Errorf("%s is %s, not an object", what, l.nodes[n].kind)
	}
	m := map[string]int32{}
	for c := l.nodes[n].child; c != 0; c = l.nodes[c].sibling {
		key := l.nodes[c].key
		if _, dup := m[key]; dup {
			return nil, fmt.Errorf("%q stands twice in %s", key, what)
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
	n := distance(a, b)
	if len(b) < 6 {
		n *= 2
	}
	if len(b) < 3 {
		n *= 2
	}
	return n
}

// distance is Levenshtein's.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func (l lineReader) str(m map[string]int32, name string) (string, error) {
	n, ok := m[name]
	if !ok {
		return "", nil
	}
	if l.nodes[n].kind != nodeString {
		return "", fmt.Errorf("%s is %s, not a string", name, l.nodes[n].kind)
	}
	return l.nodes[n].text, nil
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
		if l.nodes[c].kind != nodeString {
			return nil, fmt.Errorf("%s holds %s, not strings", name, l.nodes[c].kind)
		}
		all = append(all, l.nodes[c].text)
	}
	return all, nil
}

func (l lineReader) array(n int32, what string) (items []int32, err error) {
	if l.nodes[n].kind != nodeArray {
		return nil, fmt.Errorf("%s is %s, not an array", what, l.nodes[n].kind)
	}
	for c := l.nodes[n].child; c != 0; c = l.nodes[c].sibling {
		items = append(items, c)
	}
	return items, nil
}

// policy parses a document that stands in the line as JSON, or as a string
// where its text would not survive that.
func (l lineReader) policy(n int32, kind Kind, name string, opts ...ParseOption) *Policy {
	text := l.raw(n)
	if l.nodes[n].kind == nodeString {
		text = l.nodes[n].text
	}
	return Parse(kind, name, []byte(text), opts...)
}

// named reads [{"name", "policy"}].
func (l lineReader) named(n int32, what string, kind Kind) ([]*Policy, error) {
	items, err := l.array(n, what)
	if err != nil {
		return nil, err
	}
	var all []*Policy
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

func (l lineReader) layer(root map[string]int32, name string, kind Kind) (Layer, error) {
	n, ok := root[name]
	if !ok {
		return Policies(), nil
	}
	p, err := l.named(n, name, kind)
	return Policies(p...), err
}

func (l lineReader) levels(root map[string]int32, name string, kind Kind) (Levels, error) {
	n, ok := root[name]
	if !ok {
		return NotApplicable(), nil
	}
	items, err := l.array(n, name)
	if err != nil {
		return Levels{}, err
	}
	var levels []Level
	for _, c := range items {
		m, err := l.object(c, "an entry of "+name, "target", "policies")
		if err != nil {
			return Levels{}, err
		}
		target, err := l.str(m, "target")
		if err != nil {
			return Levels{}, err
		}
		list, ok := m["policies"]
		if !ok {
			return Levels{}, fmt.Errorf("an entry of %s has no policies; write [] for a level without any", name)
		}
		p, err := l.named(list, name, kind)
		if err != nil {
			return Levels{}, err
		}
		levels = append(levels, Level{Target: target, Layer: Policies(p...)})
	}
	return OnPath(levels...), nil
}

func (l lineReader) request(n int32) (*Request, error) {
	m, err := l.object(n, "request", "principal", "action", "resource", "resourceAccount", "context", "unknownContext")
	if err != nil {
		return nil, err
	}
	r := &Request{Context: map[string]Value{}}
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
	if own := arnField(r.Resource, 4); r.ResourceAccount == "" && isAccount(own) {
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
		key = lowerKey(key)
		if v, ok := r.Context[key]; ok && v.Known() {
			return nil, fmt.Errorf("the key %s stands in context and in unknownContext", key)
		}
		r.Context[key] = Value{}
	}
	who, ok := m["principal"]
	if !ok {
		return nil, fmt.Errorf("request has no principal")
	}
	r.Principal, err = l.principal(who, r.Context)
	return r, err
}

func (l lineReader) context(n int32, into map[string]Value) error {
	if l.nodes[n].kind != nodeObject {
		return fmt.Errorf("context is %s, not an object", l.nodes[n].kind)
	}
	for c := l.nodes[n].child; c != 0; c = l.nodes[c].sibling {
		key := lowerKey(l.nodes[c].key)
		if _, dup := into[key]; dup {
			return fmt.Errorf("the key %s stands twice in context", key)
		}
		switch l.nodes[c].kind {
		case nodeString, nodeNumber, nodeBool:
			into[key] = One(l.nodes[c].text)
		case nodeArray:
			values := l.texts(c)
			if len(values) != int(l.nodes[c].count) {
				return fmt.Errorf("the context key %s holds something else than strings, numbers and booleans", key)
			}
			into[key] = Many(values...)
		case nodeNull:
			into[key] = Absent()
		default:
			return fmt.Errorf("the context key %s is %s", key, l.nodes[c].kind)
		}
	}
	return nil
}

// principal reads the caller: an ARN, a service name, "*" for nobody known, or
// {"service": name}. The path of a session's role and its id come from the context.
func (l lineReader) principal(n int32, context map[string]Value) (Principal, error) {
	if l.nodes[n].kind == nodeObject {
		m, err := l.object(n, "principal", "service")
		if err != nil {
			return Principal{}, err
		}
		name, err := l.str(m, "service")
		if err == nil && name == "" {
			err = fmt.Errorf("principal is an object without a service")
		}
		return Service(name), err
	}
	text := l.nodes[n].text
	switch {
	case l.nodes[n].kind != nodeString:
		return Principal{}, fmt.Errorf("principal is %s, not a string or an object", l.nodes[n].kind)
	case text == "*" || text == "anonymous":
		return Anonymous(), nil
	case !strings.Contains(text, ":") && strings.Contains(text, ".amazonaws.com"):
		return Service(text), nil
	}
	p, err := ParsePrincipal(text)
	if err != nil {
		return p, err
	}
	one := func(key string) string {
		if v := context[key]; v.state == valuePresent && !v.multi {
			return v.values[0]
		}
		return ""
	}
	id, _, _ := strings.Cut(one("aws:userid"), ":")
	switch p.Kind {
	case PrincipalRole:
		p.RoleID = id
		if arn := one("aws:principalarn"); arn != "" {
			role, err := ParsePrincipal(arn)
			if err != nil || role.RoleARN == "" || role.Account != p.Account || role.RoleName != p.RoleName {
				return p, fmt.Errorf("aws:PrincipalArn %q is not the role of the session %s", arn, text)
			}
			p.RoleARN, p.Linked = arn, role.Linked
		}
	case PrincipalUser:
		p.UserID = id
	}
	return p, nil
}

// setUnknown takes back what the line could not have known.
func (in *Input) setUnknown(name string) error {
	const reason = "listed in unknownLayers"
	switch name {
	case "identity", "identityPolicies":
		in.Identity = NotRead(reason)
	case "boundary", "boundaries":
		in.Boundary = NotRead(reason)
	case "session", "sessionPolicy":
		in.Session = NotRead(reason)
	case "scp", "scps":
		in.SCPs = LevelsNotRead(reason)
	case "rcp", "rcps":
		in.RCPs = LevelsNotRead(reason)
	case "resource", "resourcePolicy", "key", "trust":
		in.Resource = NotRead(reason)
	case "grants":
		in.Grants = Unknown
	case "restrictPublicBuckets":
		in.RestrictPublicBuckets = Unknown
	default:
		kind, target, _ := strings.Cut(name, ":")
		levels := &in.SCPs
		if kind == "rcp" {
			levels = &in.RCPs
		} else if kind != "scp" {
			return fmt.Errorf("unknown layer %q in unknownLayers; the layers are identity, boundary, session, scp, rcp, resource, grants and restrictPublicBuckets", name)
		}
		for i := range levels.levels {
			if levels.levels[i].Target == target {
				levels.levels[i].Layer = NotRead(reason)
				return nil
			}
		}
		return fmt.Errorf("unknownLayers names the level %q, which the line does not have", name)
	}
	return nil
}

func (l lineReader) input(root map[string]int32, action string) (in *Input, err error) {
	in = &Input{Session: Policies(), Resource: Policies(), Grants: False, RestrictPublicBuckets: False}
	if in.Identity, err = l.layer(root, "identityPolicies", IdentityPolicy); err != nil {
		return nil, err
	}
	if in.Boundary, err = l.layer(root, "boundaries", BoundaryPolicy); err != nil {
		return nil, err
	}
	if in.SCPs, err = l.levels(root, "scps", SCP); err != nil {
		return nil, err
	}
	if in.RCPs, err = l.levels(root, "rcps", RCP); err != nil {
		return nil, err
	}
	if n, ok := root["sessionPolicy"]; ok {
		in.Session = Policies(l.policy(n, SessionPolicy, "session"))
	}
	if n, ok := root["resourcePolicy"]; ok {
		kind := ResourcePolicy
		switch {
		case isS3(action):
			kind = BucketPolicy
		case isKMS(action):
			kind = KeyPolicy
		case isSTS(action):
			kind = TrustPolicy
		}
		in.Resource = Policies(l.policy(n, kind, "resource"))
	}
	for name, to := range map[string]*Truth{"restrictPublicBuckets": &in.RestrictPublicBuckets, "grants": &in.Grants} {
		if n, ok := root[name]; ok {
			if l.nodes[n].kind != nodeBool {
				return nil, fmt.Errorf("%s is %s, not a boolean", name, l.nodes[n].kind)
			}
			*to = truth(l.nodes[n].text == "true")
		}
	}
	unknown, err := l.strs(root, "unknownLayers")
	if err != nil {
		return nil, err
	}
	for _, name := range unknown {
		if err := in.setUnknown(name); err != nil {
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
	d := Explain(req, in)
	answer := simulateDecision{
		ID: id, Decision: d.Result.String(), Reason: d.Reason, Witness: d.Witness,
		Deciding:    []simulateStatement{},
		UnknownKeys: append([]string{}, d.UnknownKeys...),
		Errors:      simulateErrors(d.Errors),
	}
	for _, s := range d.Deciding {
		answer.Deciding = append(answer.Deciding, simulateStatement{s.Layer, s.Policy, s.Sid, s.Index, s.Effect.String()})
	}
	return answer, nil
}

func simulateErrors(diagnostics []Diagnostic) []simulateError {
	all := []simulateError{}
	for _, d := range diagnostics {
		if !d.Warning {
			all = append(all, simulateError{d.Message, d.Line, d.Column})
		}
	}
	return all
}

// kinds are the kinds of policy by the names that [Simulate] and rules use.
var kinds = map[string]Kind{
	"identity":           IdentityPolicy,
	"boundary":           BoundaryPolicy,
	"session-policy":     SessionPolicy,
	"sts-session-policy": SessionPolicy,
	"trust":              TrustPolicy,
	"scp":                SCP,
	"rcp":                RCP,
	"bucket-policy":      BucketPolicy,
	"key-policy":         KeyPolicy,
	"resource-policy":    ResourcePolicy,
}

// KindNamed is the kind of policy of a name, such as bucket-policy; false if no
// kind has the name.
func KindNamed(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

func (l lineReader) validate(id json.RawMessage, n int32) (any, error) {
	m, err := l.object(n, "validate", "kind", "bucket", "document")
	if err != nil {
		return nil, err
	}
	name, err := l.str(m, "kind")
	if err != nil {
		return nil, err
	}
	kind, ok := KindNamed(name)
	if !ok {
		return nil, fmt.Errorf("unknown kind of policy %q", name)
	}
	bucket, err := l.str(m, "bucket")
	if err != nil {
		return nil, err
	}
	doc, ok := m["document"]
	if !ok {
		return nil, fmt.Errorf("validate has no document")
	}
	p := l.policy(doc, kind, "", ForBucket(bucket))
	return simulateValidation{id, p.Valid(), simulateErrors(p.Diagnostics())}, nil
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
	c := Classify(bucket, l.policy(doc, BucketPolicy, "", ForBucket(bucket)))
	return simulateClass{id, c.Public.String(), c.Statement}, nil
}

// String is allowed, denied or unknown.
func (r Result) String() string {
	switch r {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	}
	return "unknown"
}

// String is Allow or Deny.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case Deny:
		return "Deny"
	}
	return ""
}
