// Package iam decides AWS policies: it says whether a request is allowed,
// denied or unknown, and which statement decided.
//
// It parses policy documents from raw bytes, keeps the position of every
// statement, and evaluates identity policies, permissions boundaries, session
// policies, SCPs, RCPs, bucket policies, KMS key policies and role trust
// policies in Kleene's three-valued logic. A layer that was not read is
// unknown, never absent: the zero value of every input type means "not read",
// so no caller can obtain [Allowed] by forgetting to fill one in.
//
// The evaluation order follows
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// and, where AWS's documentation is silent, recorded AWS behavior (docs/iam.md).
// The package uses the standard library and golang.org/x only.
package iam

// Truth is a value of Kleene's three-valued logic. The zero value is Unknown.
type Truth int8

const (
	Unknown Truth = iota
	False
	True
)

// Kind says where a policy is attached; it decides which elements the document
// may have and how it takes part in a decision.
type Kind uint8

const (
	IdentityPolicy Kind = iota + 1
	BoundaryPolicy
	SessionPolicy
	SCP
	RCP
	BucketPolicy
	KeyPolicy
	TrustPolicy
	ResourcePolicy // of any other service, such as a queue or an access point
)

// Effect of a statement.
type Effect uint8

const (
	Allow Effect = iota + 1
	Deny
)

// Diagnostic is one fault of a policy document.
type Diagnostic struct {
	Message      string // what is wrong and what AWS does with it
	Line, Column int    // 1-based position; Column counts bytes
	Offset       int    // byte offset in the document
	Warning      bool   // AWS stores the document all the same
}

// Layer is what is known of one kind of policy of a request.
// The zero value is a layer that was not read.
type Layer struct {
	known    bool
	reason   string
	policies []*Policy
}

// Policies is a layer that was read completely; with no argument it is known to be empty.
func Policies(p ...*Policy) Layer { return Layer{known: true, policies: p} }

// NotRead is a layer that could not be read; reason says why.
func NotRead(reason string) Layer { return Layer{reason: reason} }

// Level is one level (root, OU or account) of the SCPs or RCPs over an account.
type Level struct {
	Target string // id of the root, OU or account
	Layer  Layer
}

// Levels is the chain of levels from the root to the account.
// The zero value was not read.
type Levels struct {
	known      bool
	notApplied bool
	reason     string
	levels     []Level
}

// OnPath is a chain that was read, from the root to the account.
func OnPath(levels ...Level) Levels { return Levels{known: true, levels: levels} }

// NotApplicable says that this policy type does not apply: policy type not
// enabled, management account, or an account outside an organization.
func NotApplicable() Levels { return Levels{known: true, notApplied: true} }

// LevelsNotRead is a chain that could not be read; reason says why.
func LevelsNotRead(reason string) Levels { return Levels{reason: reason} }

// Value is what is known of a context key of a request. The zero value is unknown.
type Value struct {
	state  valueState
	multi  bool
	values []string
}

type valueState uint8

const (
	valueUnknown valueState = iota
	valueAbsent
	valuePresent
	valueEach
)

// One is a key with one value, Many a multivalued key, Absent a key that is known not to be sent.
func One(v string) Value     { return Value{state: valuePresent, values: []string{v}} }
func Many(v ...string) Value { return Value{state: valuePresent, multi: true, values: v} }
func Absent() Value          { return Value{state: valueAbsent} }

// Each is a key that differs between the requests which a decision is about: it
// takes every value that the glob matches (as in a [Request], ${*} is a literal
// "*"). kms:EncryptionContext:aws:s3:arn is one, when the decision is for all
// objects under a prefix.
func Each(glob string) Value { return Value{state: valueEach, values: []string{glob}} }

// Known reports whether anything is known of the key.
func (v Value) Known() bool { return v.state != valueUnknown }

// Request is one API request. Keys of Context are lower case; a key that is
// not in Context is absent, unless it is listed with the zero Value (unknown).
type Request struct {
	Principal       Principal
	Action          string // "s3:ReplicateObject"
	Resource        string // ARN; with ResourceIsGlob a glob standing for every ARN it matches
	ResourceIsGlob  bool   // "*" and "?" in Resource are wildcards: the decision is for all such resources
	ResourceAccount string // 12 digits; "" = unknown
	Context         map[string]Value
}

// Input is every policy that bears on a request. A zero field was not read.
type Input struct {
	Identity              Layer
	Boundary              Layer
	Session               Layer
	SCPs                  Levels // over the principal's account
	RCPs                  Levels // over the resource's account
	Resource              Layer  // bucket policy, key policy or (sts:AssumeRole) trust policy
	Grants                Truth  // KMS: a grant allows it; False when grants were listed and none does
	RestrictPublicBuckets Truth  // effective setting (bucket, account or organization)
}

// Result of a decision. The zero value is Undecided.
type Result uint8

const (
	Undecided Result = iota // unknown
	Allowed
	Denied
)

// PrincipalKind is the kind of a caller.
type PrincipalKind uint8

const (
	PrincipalUnknown PrincipalKind = iota
	PrincipalRole                  // a role session
	PrincipalUser
	PrincipalRoot
	PrincipalService
	PrincipalAnonymous
	PrincipalFederated
)

// Principal is the caller of a request; build it with [ParsePrincipal],
// [RoleSession], [Service] or [Anonymous].
type Principal struct {
	Kind                PrincipalKind
	ARN                 string // as in aws:userid's companion: the session, user or root ARN
	Account             string // 12 digits, "" for services and anonymous callers
	Partition           string
	RoleARN             string // with path; role sessions only
	RoleName            string
	RoleID              string // AROA…, "" = unknown
	Session             string
	UserID              string // AIDA…, "" = unknown
	Service             string // s3.amazonaws.com
	Linked              bool   // the role is service-linked (path /aws-service-role/)
	Boundary            Truth  // a permissions boundary is attached (matters for NotPrincipal)
	InManagementAccount bool   // SCPs never apply
}

// Statement names a statement of a policy: the one to blame or to thank.
type Statement struct {
	Layer  string // identity, boundary, session, scp:<target>, rcp:<target>, resource, key, trust
	Policy string // name or ARN of the policy
	Sid    string
	Index  int // 0-based in the document
	Line   int // 1-based line of the statement in the document
	Effect Effect
	Text   string // the statement as it is written; it keeps the document in memory
}

// Decision is the answer to a request. [Decide] leaves Message empty and lists
// explicit denies only in Deciding; [Explain] fills both.
type Decision struct {
	Result        Result
	Reason        string            // explicit_deny, implicit_deny, allowed, invalid_policy, unknown
	Layer         string            // layer that decided a denial: where an Allow is missing or the Deny is
	Target        string            // of a denial by SCPs or RCPs: the id of the level, as in Layer
	Unfit         bool              // the request itself cannot be decided, and Message says why
	Deciding      []Statement       // explicit denies; else the nearest miss, the undecided statements, or those of each layer that allow
	UnknownKeys   []string          // context keys that would have to be known, sorted
	UnknownLayers []string          // layers that would have to be read, sorted
	Witness       string            // a resource (or value of a key that ranges) the decision is about, where not all are concerned
	AllowWhen     map[string]string // Undecided by keys: one assignment that allows … (absent keys are NotSent; nil: none was found)
	DenyWhen      map[string]string // … and one that denies
	Message       string            // one sentence for people: what decided, nearest miss and what is missing
	Errors        []Diagnostic      // of invalid documents that took part
}
