package fact

// Row describes one fact of a resource: a [Bucket], [Role], [Key] or [Account].
type Row[T any] struct {
	Name string   // in JSON, and in the needs of rules
	APIs []string // the calls that read it: "s3:GetBucketVersioning"
	Of   func(*T) Any
}

// BucketFacts are the facts of a bucket, one row for each of its fields that is a fact.
var BucketFacts = []Row[Bucket]{
	{"replication", []string{"s3:GetBucketReplication"}, func(b *Bucket) Any { return &b.Replication }},
	{"versioning", []string{"s3:GetBucketVersioning"}, func(b *Bucket) Any { return &b.Versioning }},
	{"policy", []string{"s3:GetBucketPolicy"}, func(b *Bucket) Any { return &b.Policy }},
	{"ownership", []string{"s3:GetBucketOwnershipControls"}, func(b *Bucket) Any { return &b.Ownership }},
	{"encryption", []string{"s3:GetBucketEncryption"}, func(b *Bucket) Any { return &b.Encryption }},
	{"object_lock", []string{"s3:GetObjectLockConfiguration"}, func(b *Bucket) Any { return &b.ObjectLock }},
	{"lifecycle", []string{"s3:GetBucketLifecycleConfiguration"}, func(b *Bucket) Any { return &b.Lifecycle }},
	{"notification", []string{"s3:GetBucketNotificationConfiguration"}, func(b *Bucket) Any { return &b.Notification }},
	{"request_payment", []string{"s3:GetBucketRequestPayment"}, func(b *Bucket) Any { return &b.RequestPayment }},
	{"public_access_block", []string{"s3:GetPublicAccessBlock"}, func(b *Bucket) Any { return &b.PublicAccessBlock }},
	{"tags", []string{"s3:GetBucketTagging"}, func(b *Bucket) Any { return &b.Tags }},
}

// RoleFacts are the facts of a role, one row for each of its fields that is a fact.
var RoleFacts = []Row[Role]{
	{"inline", []string{"iam:ListRolePolicies", "iam:GetRolePolicy"}, func(r *Role) Any { return &r.Inline }},
	{"attached", []string{"iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion"},
		func(r *Role) Any { return &r.Attached }},
	{"boundary", []string{"iam:GetRole", "iam:GetPolicy", "iam:GetPolicyVersion"}, func(r *Role) Any { return &r.Boundary }},
}

// KeyFacts are the facts of a KMS key, one row for each of its fields that is a fact.
var KeyFacts = []Row[Key]{
	{"policy", []string{"kms:GetKeyPolicy"}, func(k *Key) Any { return &k.Policy }},
	{"grants", []string{"kms:ListGrants"}, func(k *Key) Any { return &k.Grants }},
	{"aliases", []string{"kms:ListAliases"}, func(k *Key) Any { return &k.Aliases }},
}

// AccountFacts are the facts of an account, one row for each of its fields that is a
// fact.
var AccountFacts = []Row[Account]{
	{"in_organization", []string{"organizations:ListAccounts"}, func(a *Account) Any { return &a.InOrganization }},
	{"path", []string{"organizations:ListParents"}, func(a *Account) Any { return &a.Path }},
	{"scps", []string{"organizations:ListPoliciesForTarget", "organizations:DescribePolicy"},
		func(a *Account) Any { return &a.SCPs }},
	{"rcps", []string{"organizations:ListPoliciesForTarget", "organizations:DescribePolicy"},
		func(a *Account) Any { return &a.RCPs }},
	{"public_access_block", []string{"s3control:GetPublicAccessBlock"}, func(a *Account) Any { return &a.PublicAccessBlock }},
}
