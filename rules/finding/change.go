package finding

import (
	"cmp"
	"strings"
)

// Kind is the kind of a policy document or setting.
type Kind string

// The kinds of policy documents and settings. Documents are JSON; settings have the
// value that AWS's API gives them, or the JSON document that its command line takes.
const (
	RolePolicy    Kind = "role-policy"    // a policy of one role: inline, or a managed one as the role has it
	ManagedPolicy Kind = "managed-policy" // that exists, for all roles that have it, also as their permissions boundary
	TrustPolicy   Kind = "trust-policy"   // of a role
	Boundary      Kind = "boundary"       // the permissions boundary of one role, as the role has it
	BucketPolicy  Kind = "bucket-policy"  // of a bucket
	KeyPolicy     Kind = "key-policy"     // of a KMS key
	SCP           Kind = "scp"            // of the organization
	RCP           Kind = "rcp"            // of the organization

	Replication    Kind = "replication"     // replication configuration, as JSON
	Versioning     Kind = "versioning"      // Enabled or Suspended
	Ownership      Kind = "ownership"       // BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter
	ObjectLock     Kind = "object-lock"     // Enabled
	RequestPayment Kind = "request-payment" // BucketOwner or Requester
	KeyState       Kind = "key-state"       // Enabled or Disabled
)

// Document reports whether what is of the kind is a policy document.
func (k Kind) Document() bool {
	switch k {
	case RolePolicy, ManagedPolicy, TrustPolicy, Boundary, BucketPolicy, KeyPolicy, SCP, RCP:
		return true
	}
	return false
}

// Target is one policy document or setting: what a change is made to. Two that are
// equal are the same.
type Target struct {
	Kind      Kind   `json:"kind"`
	AccountID string `json:"account_id"` // that owns it
	Region    string `json:"region"`     // of a bucket or key, else ""
	Resource  string `json:"resource"`   // ARN of the role, managed policy, bucket or key; for an SCP or RCP, the id of the root, unit or account
	Policy    string `json:"policy"`     // name of an inline policy, ARN of a managed one, else ""
}

// Managed is the target of a managed policy that exists, by its ARN. It has one text,
// whichever roles have it.
func Managed(arn string) Target {
	t := Target{Kind: ManagedPolicy, Resource: arn, Policy: arn}
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		t.AccountID = f[4]
	}
	return t
}

// order is that in which AWS accepts changes: a role with its trust, then what names it, then
// settings, then the configuration that needs all of them.
var order = map[Kind]int{
	TrustPolicy: 1, RolePolicy: 2, ManagedPolicy: 3, Boundary: 4,
	BucketPolicy: 5, KeyPolicy: 6,
	KeyState: 7, Versioning: 8, ObjectLock: 9, Ownership: 10, RequestPayment: 11,
	Replication: 12,
}

// CompareTargets orders targets as AWS accepts changes to them.
func CompareTargets(a, b Target) int {
	return cmp.Or(
		cmp.Compare(order[a.Kind], order[b.Kind]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Region, b.Region),
		cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Policy, b.Policy))
}

// Operation is what an edit does.
type Operation string

// The operations. None removes or changes a statement that denies.
const (
	CreateDocument   Operation = "create-document"
	AddStatement     Operation = "add-statement"
	AddAction        Operation = "add-action"
	AddResource      Operation = "add-resource"
	AddPrincipal     Operation = "add-principal"
	AddValue         Operation = "add-value" // to a condition
	ReplacePrincipal Operation = "replace-principal"
	ReplaceValue     Operation = "replace-value" // of any other element
	RemoveAction     Operation = "remove-action"
	RemovePrincipal  Operation = "remove-principal"
	Repair           Operation = "repair" // a document that is no JSON, or that AWS would not store
	Set              Operation = "set"    // a setting
)

// Edit is one step of a change.
type Edit struct {
	Operation Operation `json:"operation"`
	Statement int       `json:"statement"` // 0-based index in the document before the change; -1 for a new one or none
	Sid       string    `json:"sid"`       // of the statement, "" if it has none
	Element   string    `json:"element"`   // of the statement, or of the document: "Action", "Principal/AWS", "Condition/StringLike/kms:ViaService"; "" = all of it
	Values    []string  `json:"values"`    // what is added, removed or set
	Instead   string    `json:"instead"`   // what is replaced, "" if nothing is
	Summary   string    `json:"summary"`   // one clause: "add s3:ReplicateDelete to statement Replica of the bucket policy of backup"
	Findings  []string  `json:"findings"`  // fingerprints of the findings that it mends, sorted
	Optional  string    `json:"optional"`  // why objects replicate without it too, "" if they do not
}

// PatchOperation is an operation of a JSON patch.
//
// https://www.rfc-editor.org/rfc/rfc6902
type PatchOperation struct {
	Op    string `json:"op"` // test, add, remove, replace
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Change is all that is to change in one policy document or setting, for every link that
// it is about.
type Change struct {
	Target
	Before string           `json:"before"` // the whole document or the value; "" = there is none
	After  string           `json:"after"`
	Patch  []PatchOperation `json:"patch"` // from before to after, where both are JSON; each guarded by tests
	Edits  []Edit           `json:"edits"`
	Links  []string         `json:"links"`  // ids, sorted
	Proven bool             `json:"proven"` // with all changes made, every right that this one gives its links is allowed; the links may lack others
	Rests  []string         `json:"rests"`  // gaps that keep it from being proven, in words
}

// Decision is what no change can be printed for: a person must decide it.
type Decision struct {
	Target            // who must be asked about what; its kind may be ""
	Link     string   `json:"link"`
	Text     string   `json:"text"` // what is to decide, and why
	Findings []string `json:"findings"`
}

// Fix says what becomes of a link with the changes that name it.
type Fix struct {
	Link    string  `json:"link"`
	Before  Verdict `json:"before"`  // "" of a link that does not exist yet
	After   Verdict `json:"after"`   // as judged with all changes
	Proven  bool    `json:"proven"`  // of the changes, not of the link: what they mend is gone, nothing new failed, no class got worse, and no gap is in the way. After says whether the link works
	Changes []int   `json:"changes"` // indexes into the changes, in the order in which AWS accepts them
}

// Repairs are the changes that mend the findings of a run.
type Repairs struct {
	Changes   []Change   `json:"changes"` // in the order in which AWS accepts them: roles before the policies that name them
	Fixes     []Fix      `json:"fixes"`
	Decisions []Decision `json:"decisions"`
}
