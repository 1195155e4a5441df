package policy

// Kind says where a policy is attached; it decides which elements the document
// may have and how it takes part in a decision.
type Kind uint8

// The kinds of policy. AWS attaches the first three to who calls, SCPs and RCPs to an
// organization, the others to what is called.
const (
	Identity Kind = iota + 1
	Boundary
	Session
	SCP
	RCP
	Bucket
	Key
	Trust
	Resource // of any other service, such as a queue or an access point
)

// String is the name of the kind as people use it.
func (k Kind) String() string {
	switch k {
	case Identity:
		return "an identity policy"
	case Boundary:
		return "a permissions boundary"
	case Session:
		return "a session policy"
	case SCP:
		return "an SCP"
	case RCP:
		return "an RCP"
	case Bucket:
		return "a bucket policy"
	case Key:
		return "a key policy"
	case Trust:
		return "a trust policy"
	case Resource:
		return "a resource policy"
	}
	return "a policy of unknown kind"
}

// kinds are the kinds of policy by the names that lines of simulate and rules use.
var kinds = map[string]Kind{
	"identity":           Identity,
	"boundary":           Boundary,
	"session-policy":     Session,
	"sts-session-policy": Session,
	"trust":              Trust,
	"scp":                SCP,
	"rcp":                RCP,
	"bucket-policy":      Bucket,
	"key-policy":         Key,
	"resource-policy":    Resource,
}

// KindNamed is the kind of policy of a name, such as bucket-policy; false if no
// kind has the name.
func KindNamed(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}
