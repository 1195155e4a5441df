package rules

import (
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// locked enables Object Lock on the source, with a default retention, and on
// the destination, and lets the role read lock metadata.
func locked(w *world) {
	w.Bucket.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true, DefaultMode: "GOVERNANCE", DefaultDays: 7})
	w.dst(func(b *fact.Bucket) { b.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true}) })
	w.inPolicy(`"s3:GetObjectVersionAcl"`, `"s3:GetObjectVersionAcl","s3:GetObjectRetention","s3:GetObjectLegalHold"`)
}

// codeWorlds has, for every code that can be predicted, a document in which it
// alone is met, and one fact without which it could not be known.
var codeWorlds = []struct {
	link
	good func(*world) // the document that works and differs in one thing
	hide func(*world) // takes the deciding fact away
}{
	{link{"AssumeRoleNotPermitted", func(w *world) {
		w.role(func(r *fact.Role) { r.Trust.Document = replaced(trustPolicy, "s3.amazonaws.com", "ec2.amazonaws.com") })
	}, finding.Broken, "AssumeRoleNotPermitted", ""}, nil, func(w *world) {
		w.Roles[roleARN] = fact.Missing[fact.Role](gap("role", "AccessDenied"))
	}},
	{link{"AssumeRoleNotPermitted, no role", func(w *world) { w.Roles[roleARN] = fact.None[fact.Role]() }, finding.Broken, "AssumeRoleNotPermitted", "does not exist"}, nil, func(w *world) {
		w.Roles[roleARN] = fact.Missing[fact.Role](gap("role", "AccessDenied"))
	}},
	{link{"DstBucketNotFound", func(w *world) { w.Buckets["dst"] = fact.None[fact.Bucket]() }, finding.Broken, "DstBucketNotFound", "does not exist"}, nil, func(w *world) {
		w.Buckets["dst"] = fact.Missing[fact.Bucket](gap("destination", "AccessDenied"))
	}},
	{link{"DstBucketUnversioned", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) })
	}, finding.Broken, "DstBucketUnversioned", "suspended"}, nil, func(w *world) {
		w.dst(func(b *fact.Bucket) {
			b.Versioning = fact.Missing[fact.Versioning](gap("destination.versioning", "AccessDenied"))
		})
	}},
	{link{"DstBucketObjectLockConfigMissing", func(w *world) {
		locked(w)
		w.dst(func(b *fact.Bucket) { b.ObjectLock = fact.None[fact.ObjectLock]() })
	}, finding.Broken, "DstBucketObjectLockConfigMissing", "no Object Lock"}, locked, func(w *world) {
		w.dst(func(b *fact.Bucket) {
			b.ObjectLock = fact.Missing[fact.ObjectLock](gap("destination.object_lock", "AccessDenied"))
		})
	}},
	{link{"DstDelObjNotPermitted", func(w *world) { w.policy(`,"s3:ReplicateDelete"`, ``) }, finding.Partial, "DstDelObjNotPermitted", "s3:ReplicateDelete"}, nil, func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Policy = fact.Missing[fact.Policy](gap("destination.policy", "AccessDenied")) })
	}},
	{link{"DstKmsKeyInvalidState", func(w *world) {
		kmsWorld(w)
		w.key("dst-key", func(k *fact.Key) { k.State = "PendingDeletion" })
	}, finding.Broken, "DstKmsKeyInvalidState", "PendingDeletion"}, kmsWorld, func(w *world) {
		w.Keys[w.Links[0].ReplicaKey] = fact.Missing[fact.Key](gap("key", "AccessDenied"))
	}},
	{link{"DstKmsKeyNotFound", func(w *world) {
		kmsWorld(w)
		w.Keys[w.Links[0].ReplicaKey] = fact.None[fact.Key]()
	}, finding.Broken, "DstKmsKeyNotFound", "does not exist"}, kmsWorld, func(w *world) {
		w.Keys[w.Links[0].ReplicaKey] = fact.Missing[fact.Key](gap("key", "AccessDenied"))
	}},
	{link{"DstPutObjectNotPermitted", func(w *world) { w.policy(`"s3:ReplicateObject",`, ``) }, finding.Broken, "DstPutObjectNotPermitted", "s3:ReplicateObject"}, nil, func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Policy = fact.Missing[fact.Policy](gap("destination.policy", "AccessDenied")) })
	}},
	{link{"DstPutObjectNotPermitted, owner override", func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") })
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
	}, finding.Broken, "DstPutObjectNotPermitted", "s3:ObjectOwnerOverrideToBucketOwner"}, func(w *world) {
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = true })
	}, func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = fact.Missing[string](gap("destination.ownership", "AccessDenied")) })
	}},
	{link{"DstPutTaggingNotPermitted", func(w *world) { w.deny("s3:ReplicateTags", "*") }, finding.Partial, "DstPutTaggingNotPermitted", "s3:ReplicateTags"}, nil, func(w *world) {
		w.role(func(r *fact.Role) { r.Inline = fact.Missing[[]fact.Policy](gap("role.inline", "AccessDenied")) })
	}},
	{link{"SrcGetAclNotPermitted", func(w *world) { w.identity(`"s3:GetObjectVersionAcl",`, ``) }, finding.Broken, "SrcGetAclNotPermitted", "s3:GetObjectVersionAcl"}, nil, func(w *world) {
		w.role(func(r *fact.Role) { r.Inline = fact.Missing[[]fact.Policy](gap("role.inline", "AccessDenied")) })
	}},
	{link{"SrcGetLegalHoldNotPermitted", func(w *world) {
		locked(w)
		w.inPolicy(`,"s3:GetObjectLegalHold"`, ``)
	}, finding.Broken, "SrcGetLegalHoldNotPermitted", "s3:GetObjectLegalHold"}, locked, func(w *world) {
		w.Bucket.ObjectLock = fact.Missing[fact.ObjectLock](gap("bucket.object_lock", "AccessDenied"))
	}},
	{link{"SrcGetRetentionNotPermitted", func(w *world) {
		locked(w)
		w.inPolicy(`,"s3:GetObjectRetention"`, ``)
	}, finding.Broken, "SrcGetRetentionNotPermitted", "s3:GetObjectRetention"}, locked, func(w *world) {
		w.Bucket.ObjectLock = fact.Missing[fact.ObjectLock](gap("bucket.object_lock", "AccessDenied"))
	}},
	{link{"SrcGetObjectNotPermitted", func(w *world) { w.identity(`"s3:GetObjectVersionForReplication",`, ``) }, finding.Broken, "SrcGetObjectNotPermitted", "s3:GetObjectVersion"}, nil, func(w *world) {
		w.role(func(r *fact.Role) { r.Inline = fact.Missing[[]fact.Policy](gap("role.inline", "AccessDenied")) })
	}},
	{link{"SrcGetObjectNotPermitted, key", func(w *world) {
		kmsWorld(w)
		w.inPolicy(`"Action":"kms:Decrypt"`, `"Action":"kms:DescribeKey"`)
	}, finding.Broken, "SrcGetObjectNotPermitted", "kms:Decrypt"}, kmsWorld, func(w *world) {
		w.role(func(r *fact.Role) { r.Inline = fact.Missing[[]fact.Policy](gap("role.inline", "AccessDenied")) })
	}},
	{link{"SrcGetTaggingNotPermitted", func(w *world) { w.deny("s3:GetObjectVersionTagging", "*") }, finding.Partial, "SrcGetTaggingNotPermitted", "s3:GetObjectVersionTagging"}, nil, func(w *world) {
		w.role(func(r *fact.Role) { r.Inline = fact.Missing[[]fact.Policy](gap("role.inline", "AccessDenied")) })
	}},
	{link{"SrcKmsKeyInvalidState", func(w *world) {
		kmsWorld(w)
		w.key("src-key", func(k *fact.Key) { k.State = "Disabled" })
	}, finding.Broken, "SrcKmsKeyInvalidState", "Disabled"}, kmsWorld, func(w *world) {
		w.Keys[w.Links[0].SourceKey] = fact.Missing[fact.Key](gap("key", "AccessDenied"))
	}},
	// Recorded nowhere: these two are named, and the link is unknown.
	{link{"DstPutRetentionNotPermitted", func(w *world) {
		locked(w)
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:PutObjectRetention","Resource":"arn:aws:s3:::dst/*"},`)
	}, finding.UnknownVerdict, "", "s3:PutObjectRetention"}, locked, nil},
	{link{"DstPutLegalHoldNotPermitted", func(w *world) {
		locked(w)
		w.policy(`"Statement":[`, `"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:PutObjectLegalHold","Resource":"arn:aws:s3:::dst/*"},`)
	}, finding.UnknownVerdict, "", "s3:PutObjectLegalHold"}, locked, nil},
	// These never break a link: the object arrives.
	{link{"SrcGetObjectAnnotationNotPermitted", func(w *world) { w.identity(`,"s3:GetObjectVersionAnnotationForReplication"`, ``) }, finding.Works, "", ""}, nil, nil},
	{link{"DstPutObjectAnnotationNotPermitted", func(w *world) { w.deny("s3:ReplicateObjectAnnotation", "*") }, finding.Works, "", ""}, nil, nil},
}

func TestCodeWorlds(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range codeWorlds {
		t.Run(c.name, func(t *testing.T) {
			code, _, _ := strings.Cut(c.name, ",")
			good := c.good
			if good == nil {
				good = func(*world) {}
			}
			if l := eval(t, e, change(good)).Links[0]; l.Verdict != finding.Works {
				t.Errorf("without the fault the link is %s: %s", l.Verdict, l.Why)
			}
			r := eval(t, e, change(c.do))
			l := r.Links[0]
			if l.Verdict != c.verdict || strings.Join(l.FailureCodes, ",") != c.codes || !strings.Contains(l.Why, c.why) {
				t.Errorf("%s %v %q, want %s %s …%s…", l.Verdict, l.FailureCodes, l.Why, c.verdict, c.codes, c.why)
			}
			named := false
			for _, f := range r.Findings {
				named = named || f.Status != finding.Pass && slices.Contains(f.FailureCodes, code)
			}
			if !named {
				t.Errorf("no finding names %s", code)
			}
			if c.hide != nil {
				l := eval(t, e, change(func(w *world) { c.do(w); c.hide(w) })).Links[0]
				if l.Verdict != finding.UnknownVerdict {
					t.Errorf("without the deciding fact the link is %s: %s", l.Verdict, l.Why)
				}
			}
		})
	}
}

// TestCodesAreComplete holds the table to the 39 codes, and every code that can
// be predicted to a world and a rule.
func TestCodesAreComplete(t *testing.T) {
	t.Parallel()
	e := standard(t)
	if !slices.IsSortedFunc(e.Codes(), func(a, b Code) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("codes.json is not sorted by code")
	}
	list := e.Codes()
	if len(list) != 39 {
		t.Errorf("%d codes", len(list))
	}
	for _, c := range list {
		world := slices.ContainsFunc(codeWorlds, func(w struct {
			link
			good func(*world)
			hide func(*world)
		}) bool {
			name, _, _ := strings.Cut(w.name, ",")
			return name == c.Code || name == c.With
		})
		// Two codes are met only where there is no link to judge.
		if c.Code == "SrcBucketNotFound" || c.Code == "SrcBucketReplicationConfigMissing" {
			world = true
		} else if strings.ContainsAny(c.Predictable, "YP") && len(c.Rules) == 0 {
			t.Errorf("no rule predicts %s", c.Code)
		}
		if strings.ContainsAny(c.Predictable, "YP") && !world {
			t.Errorf("%s has no world", c.Code)
		}
		if c.Decides == "" || strings.Trim(c.Predictable, "YPORB,") != "" {
			t.Errorf("%+v", c)
		}
	}
}
