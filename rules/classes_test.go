package rules

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// optIn lets the rule take objects under KMS from a source whose default is SSE-S3.
func optIn(w *world) {
	kmsWorld(w)
	w.Bucket.Encryption = fact.Of(fact.Encryption{Algorithm: "AES256", BlockedTypes: []string{"SSE-C"}})
	w.Links[0].SourceKey = ""
}

func keyGone(w *world) {
	w.Keys[w.Links[0].ReplicaKey] = fact.None[fact.Key]()
}

func without(action string) func(*world) {
	return func(w *world) { w.inPolicy(`,"`+action+`"`, ``) }
}

func all(does ...func(*world)) func(*world) {
	return func(w *world) {
		for _, do := range does {
			do(w)
		}
	}
}

func lockOnly(mode string) func(*world) {
	return func(w *world) {
		locked(w)
		w.Bucket.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true, DefaultMode: mode})
		w.dst(func(b *fact.Bucket) { b.ObjectLock = fact.None[fact.ObjectLock]() })
	}
}

// jointly denies writes of some objects, and reads of all but some.
func jointly(written, read string) func(*world) {
	return func(w *world) {
		w.deny("s3:ReplicateObject", written)
		w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",` +
			`"Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersion"],"NotResource":["` + read + `","arn:aws:s3:::src"]}]}`})
	}
}

func unreadEncryption(w *world) {
	w.Bucket.Encryption = fact.Missing[fact.Encryption](gap("bucket.encryption", "AccessDenied"))
}

// reads lets the role use either read of the source, and denies each of some keys.
func reads(forReplication, plain string) func(*world) {
	return func(w *world) {
		w.inPolicy(`"s3:GetObjectVersionForReplication"`, `"s3:GetObjectVersionForReplication","s3:GetObjectVersion"`)
		w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"s3:GetObjectVersionForReplication","Resource":"arn:aws:s3:::src/`+forReplication+`"},`+
			`{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/`+plain+`"},{"Sid":"Write"`)
	}
}

// denyTags denies reads of the source on a condition on tags.
func denyTags(actions, condition string) func(*world) {
	return func(w *world) {
		w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: `{"Version":"2012-10-17","Statement":[{"Sid":"Tags","Effect":"Deny","Principal":"*",` +
			`"Action":[` + actions + `],"Resource":"arn:aws:s3:::src/*","Condition":{` + condition + `}}]}`})
	}
}

// guard denies writes into the source under anything but KMS.
func guard(not, resource, more string) func(*world) {
	return func(w *world) {
		w.Bucket.Policy = fact.Of(fact.Policy{Name: "src", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","` + not + `Principal":{"AWS":"*"},` +
			`"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + resource + `","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}` + more + `}}]}`})
		if not != "" {
			w.Bucket.Policy.Value.Document = strings.Replace(w.Bucket.Policy.Value.Document, `{"AWS":"*"}`, `{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:user/legacy"]}`, 1)
		}
	}
}

// denyIf denies the role writing replicas on a condition.
func (w *world) denyIf(operator, key, value string) {
	w.inPolicy(`{"Sid":"Write"`, `{"Sid":"No","Effect":"Deny","Action":"s3:ReplicateObject","Resource":"*","Condition":{"`+operator+`":{"`+key+`":"`+value+`"}}},{"Sid":"Write"`)
}

// TestClassVerdicts: each class of objects has its verdict, and the link has one from them.
func TestClassVerdicts(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range []struct {
		name    string
		do      func(*world)
		verdict finding.Verdict
		why     string // how the reason begins
		classes string // those that do not work: "class verdict", comma separated
	}{
		{"all works", func(*world) {}, finding.Works, "", ""},
		{"opt-in", optIn, finding.Works, "", ""},
		{"opt-in, no key may be used to decrypt", all(optIn, func(w *world) { w.inPolicy(`"kms:Decrypt"`, `"kms:Encrypt"`) }),
			finding.Partial, "objects written with SSE-KMS fail: ", "sse-kms broken,dsse broken"},
		{"opt-in, a key policy lets the role decrypt", all(optIn, func(w *world) {
			w.inPolicy(`"kms:Decrypt"`, `"kms:Encrypt"`)
			w.key("src-key", func(k *fact.Key) {
				k.Policy = fact.Of(fact.Policy{Name: "default", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"kms:*","Resource":"*"}]}`})
			})
		}), finding.UnknownVerdict, "whether ", "sse-kms unknown,dsse unknown"},
		{"opt-in, keys of another account", all(optIn, func(w *world) { w.inPolicy("111111111111:key/src-key", "333333333333:key/*") }),
			finding.UnknownVerdict, "whether ", "sse-kms unknown,dsse unknown"},
		{"opt-in, keys of another Region", all(optIn, func(w *world) { w.inPolicy("us-east-1:111111111111:key/src-key", "eu-west-1:111111111111:key/*") }),
			finding.Partial, "objects written with SSE-KMS fail: ", "sse-kms broken,dsse broken"},
		{"opt-in, every key", all(optIn, func(w *world) { w.inPolicy("arn:aws:kms:us-east-1:111111111111:key/src-key", "*") }), finding.Works, "", ""},
		{"opt-in, every key but one", all(optIn, func(w *world) {
			w.inPolicy("arn:aws:kms:us-east-1:111111111111:key/src-key", "*")
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/secret"},{"Sid":"Write"`)
		}), finding.UnknownVerdict, "whether ", "sse-kms unknown,dsse unknown"},
		{"opt-in, keys with a tag", all(optIn, func(w *world) {
			w.inPolicy("arn:aws:kms:us-east-1:111111111111:key/src-key", "*")
			w.inPolicy(`"kms:ViaService":"s3.us-east-1.amazonaws.com",`, `"aws:ResourceTag/use":"data",`)
		}), finding.UnknownVerdict, "whether ", "sse-kms unknown,dsse unknown"},
		{"opt-in, decryption denied", all(optIn, func(w *world) {
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"},{"Sid":"Write"`)
		}), finding.Partial, "objects written with SSE-KMS fail: ", "sse-kms broken,dsse broken"},
		{"opt-in, key gone", all(optIn, keyGone), finding.Partial, "objects written with SSE-KMS fail: ", "sse-kms broken,dsse broken"},
		{"opt-in, key gone, default not read", all(optIn, keyGone, unreadEncryption), finding.Partial, "objects written with SSE-KMS fail: ",
			"default unknown,sse-kms broken,dsse broken,tagged unknown,annotated unknown"},
		{"KMS default, key gone", all(kmsWorld, keyGone), finding.Broken, "", "default broken,dsse broken,tagged broken,annotated broken"},
		{"KMS default without the opt-in", all(kmsWorld, func(w *world) {
			w.rule(func(r *fact.ReplicationRule) { r.SSEKMSObjects = "Disabled" })
		}), finding.Broken, "", "default broken,tagged broken,annotated broken"},
		{"opt-in, only the read that KMS does not take", all(optIn, func(w *world) { w.inPolicy("s3:GetObjectVersionForReplication", "s3:GetObjectVersion") }),
			finding.Partial, "objects written with SSE-KMS fail: ", "sse-kms broken,dsse broken"},
		{"opt-in, of some keys only the read that KMS does not take", all(optIn, func(w *world) {
			w.inPolicy(`"s3:GetObjectVersionForReplication",`, ``)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/a/*"},{"Sid":"Write"`)
		}), finding.Partial, "keys outside a/ and objects written with SSE-KMS fail: the replication role repl may not read the objects of src (s3:GetObjectVersion): ",
			"default partial,sse-kms broken,dsse broken,tagged partial,annotated partial"},
		{"KMS default, of some keys only the read that KMS does not take", all(kmsWorld, func(w *world) {
			w.inPolicy(`"s3:GetObjectVersionForReplication",`, ``)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/a/*"},{"Sid":"Write"`)
		}), finding.Broken, "the replication role repl may not read the objects of src (s3:GetObjectVersionForReplication): ",
			"default broken,sse-s3 unknown,dsse broken,tagged broken,annotated broken"},
		{"opt-in, a read that KMS does not take, depending on what is not known", all(optIn, func(w *world) {
			w.inPolicy(`"s3:GetObjectVersionForReplication",`, ``)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}},{"Sid":"Write"`)
		}), finding.Partial, "objects written with SSE-KMS fail: ",
			"default unknown,sse-kms broken,dsse broken,tagged unknown,annotated unknown"},
		{"of some keys the alternative read", func(w *world) {
			w.inPolicy(`"s3:GetObjectVersionForReplication",`, ``)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Allow","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::src/a/*"},{"Sid":"Write"`)
		}, finding.Partial, "keys outside a/ fail: the replication role repl may not read the objects of src (s3:GetObjectVersion): ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"each of two reads denied of other keys", reads("a/*", "b/*"), finding.Works, "", ""},
		{"each of two reads denied of other keys, with KMS", all(optIn, reads("a/*", "b/*")), finding.Partial, "objects written with SSE-KMS with keys such as a/ fail: ", "sse-kms partial,dsse partial"},
		{"each of two reads denied of keys that overlap", reads("a*", "*b"), finding.Partial, "keys such as ab fail: ", "default partial,tagged partial,delete-marker partial,annotated partial"},
		{"tags may not be read", without("s3:GetObjectVersionTagging"), finding.Partial, "tagged objects fail: ", "tagged broken"},
		{"tags may not be read, and are asked for", all(without("s3:GetObjectVersionTagging"), func(w *world) {
			w.rule(func(r *fact.ReplicationRule) { r.Tags, r.DeleteMarkers = map[string]string{"a": "b"}, "Disabled" })
		}), finding.Partial, "tagged objects fail: ", "default unknown,tagged broken,annotated unknown"},
		{"tags denied, and are asked for", func(w *world) {
			w.deny("s3:GetObjectVersionTagging", "*")
			w.rule(func(r *fact.ReplicationRule) { r.Tags, r.DeleteMarkers = map[string]string{"a": "b"}, "Disabled" })
		}, finding.Broken, "", "default broken,tagged broken,annotated broken"},
		{"tags denied", func(w *world) { w.deny("s3:ReplicateTags", "*") }, finding.Partial, "tagged objects fail: ", "tagged broken"},
		{"lock at the source alone", lockOnly(""), finding.Partial, "objects with a retention or a legal hold fail: ", "locked broken"},
		{"default retention at the source alone", lockOnly("GOVERNANCE"), finding.Broken, "",
			"default broken,tagged broken,locked broken,annotated broken"},
		{"default retention may not be read", all(locked, func(w *world) {
			w.Bucket.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true, DefaultMode: "GOVERNANCE"})
			w.deny("s3:GetObjectRetention", "*")
		}), finding.Broken, "", "default broken,tagged broken,locked broken,annotated broken"},
		{"default key disabled", all(kmsWorld, func(w *world) {
			w.key(w.Links[0].SourceKey, func(k *fact.Key) { k.State = "Disabled" })
		}), finding.Broken, "", "default broken,dsse broken,tagged broken,annotated broken"},
		{"lock of the source not read", func(w *world) {
			w.Bucket.ObjectLock = fact.Missing[fact.ObjectLock](gap("bucket.object_lock", "AccessDenied"))
		}, finding.UnknownVerdict, "", "default unknown,tagged unknown,locked unknown,annotated unknown"},
		{"delete markers denied", func(w *world) { w.deny("s3:ReplicateDelete", "*") }, finding.Partial, "delete markers fail: ", "delete-marker broken"},
		{"delete markers not promised", func(w *world) {
			w.deny("s3:ReplicateDelete", "*")
			w.rule(func(r *fact.ReplicationRule) { r.DeleteMarkers = "Disabled" })
		}, finding.Works, "", ""},
		{"delete markers and tags", func(w *world) {
			w.deny("s3:ReplicateDelete", "*")
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"s3:ReplicateTags","Resource":"*"},{"Sid":"Write"`)
		}, finding.Partial, "delete markers and tagged objects fail: ", "tagged broken,delete-marker broken"},
		{"annotations denied", func(w *world) { w.deny("s3:ReplicateObjectAnnotation", "*") }, finding.Works, "", "annotated broken"},
		{"some keys", func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/orders/2026/*") }, finding.Partial, "keys outside orders/2026/ fail: ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"some keys denied", func(w *world) { w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/secret/*") }, finding.Partial, "keys under secret/ fail: ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"keys of a pattern denied", func(w *world) { w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/*.log") }, finding.Partial, "keys such as .log fail: ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"all but one named key", func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/only") }, finding.Partial, "keys such as ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"all but the empty key", func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/") }, finding.Broken, "",
			"default broken,tagged broken,delete-marker broken,annotated broken"},
		{"all but one key that is denied by its name", func(w *world) {
			w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/only")
			w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/only")
		}, finding.Broken, "", "default broken,tagged broken,delete-marker broken,annotated broken"},
		{"the rule's prefix as a named key", func(w *world) {
			w.rule(func(r *fact.ReplicationRule) { r.Prefix, r.DeleteMarkers = "one.txt", "Disabled" })
			w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/one.txt")
		}, finding.Partial, "keys such as one.txt", "default partial,tagged partial,annotated partial"},
		{"a named key outside the rule", func(w *world) {
			w.rule(func(r *fact.ReplicationRule) { r.Prefix, r.DeleteMarkers = "logs/", "Disabled" })
			w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/one.txt")
		}, finding.Broken, "", "default broken,tagged broken,annotated broken"},
		{"two denials of all keys together", jointly("arn:aws:s3:::dst/a/*", "arn:aws:s3:::src/a/*"), finding.Broken, "keys outside a/ and keys under a/ fail: ",
			"default broken,tagged broken,delete-marker broken,annotated broken"},
		{"two denials, a part left", jointly("arn:aws:s3:::dst/a/b/*", "arn:aws:s3:::src/a/*"), finding.Partial, "keys outside a/ and keys under a/b/ fail: ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"two denials, of more than is left", jointly("arn:aws:s3:::dst/a*", "arn:aws:s3:::src/a/*"), finding.Broken, "keys outside a/ and keys under a fail: ",
			"default broken,tagged broken,delete-marker broken,annotated broken"},
		{"two denials of all that is not excluded", func(w *world) {
			jointly("arn:aws:s3:::dst/a/*", "arn:aws:s3:::src/a/*\",\"arn:aws:s3:::src/b/*")(w)
			w.rule(func(r *fact.ReplicationRule) { r.Exclude.Prefixes = []string{"b/"} })
		}, finding.Broken, "keys ", "default broken,tagged broken,delete-marker broken,annotated broken"},
		{"two denials of all that matches neither pattern", jointly("arn:aws:s3:::dst/*.log", "arn:aws:s3:::src/*g"), finding.Partial, "keys such as x and keys such as .log fail: ",
			"default partial,tagged partial,delete-marker partial,annotated partial"},
		{"two denials by patterns", jointly("arn:aws:s3:::dst/*.log", "arn:aws:s3:::src/a*.log"), finding.Broken, "keys such as a and keys such as .log fail: ",
			"default broken,tagged broken,delete-marker broken,annotated broken"},
		{"two denials by many prefixes", func(w *world) {
			in := func(bucket string) string {
				var list []string
				for _, p := range "abcdefgh" {
					list = append(list, "arn:aws:s3:::"+bucket+"/"+string(p)+"/*")
				}
				return strings.Join(list, `","`)
			}
			jointly("x", in("src"))(w)
			w.inPolicy(`"Resource":"x"`, `"Resource":["`+in("dst")+`"]`)
		}, finding.Broken, "keys such as ", "default broken,tagged broken,delete-marker broken,annotated broken"},
		{"a denial of some keys, and the encryption context of others", func(w *world) {
			kmsWorld(w)
			w.inPolicy(`"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/*"`, `"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::dst/logs/*"`)
			w.inPolicy(`{"Sid":"Write"`, `{"Effect":"Deny","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/log*"},{"Sid":"Write"`)
		}, finding.Broken, "keys under log and keys such as l fail: ", "default broken,sse-s3 partial,dsse broken,tagged broken,delete-marker partial,annotated broken"},
		{"denials by too many patterns", func(w *world) {
			jointly("arn:aws:s3:::dst/*.log", "arn:aws:s3:::src/a*.log")(w)
			w.inPolicy(`"Resource":"arn:aws:s3:::dst/*.log"`, `"Resource":["arn:aws:s3:::dst/*.log","arn:aws:s3:::dst/*1*","arn:aws:s3:::dst/*2*",`+
				`"arn:aws:s3:::dst/*3*","arn:aws:s3:::dst/*4*","arn:aws:s3:::dst/*5*","arn:aws:s3:::dst/*6*"]`)
		}, finding.Partial, "keys such as ", "default partial,tagged partial,delete-marker partial,annotated partial"},
		{"tags of some keys", func(w *world) { w.deny("s3:ReplicateTags", "arn:aws:s3:::dst/secret/*") }, finding.Partial, "tagged objects with keys under secret/ fail: ", "tagged partial"},
		{"only KMS may be written", all(kmsWorld, func(w *world) { w.denyIf("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms") }),
			finding.UnknownVerdict, "whether writers ask for another encryption than the default of the bucket is not known; objects written with SSE-S3 fail: ",
			"sse-s3 unknown,dsse broken"},
		{"only KMS may be written, at both ends", all(kmsWorld, guard("", "src/*", ""), func(w *world) { w.denyIf("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms") }),
			finding.Works, "", ""},
		{"only KMS may be written, at the source by most", all(kmsWorld, guard("", "src/*", `,"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/legacy"}`),
			func(w *world) { w.denyIf("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms") }), finding.UnknownVerdict, "whether writers ask", "sse-s3 unknown,dsse broken"},
		{"only KMS may be written, at the source under a prefix", all(kmsWorld, guard("", "src/a/*", ""),
			func(w *world) { w.denyIf("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms") }), finding.UnknownVerdict, "whether writers ask", "sse-s3 unknown,dsse broken"},
		{"only KMS may be written, at the source by all but some", all(kmsWorld, guard("Not", "src/*", ""),
			func(w *world) { w.denyIf("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms") }), finding.UnknownVerdict, "whether writers ask", "sse-s3 unknown,dsse broken"},
		{"KMS may not be written", all(optIn, func(w *world) { w.denyIf("StringEquals", "s3:x-amz-server-side-encryption", "aws:kms") }), finding.Partial,
			"objects written with SSE-KMS fail: ", "sse-kms broken"},
		{"a tag denied", denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":["secret","private"]}`), finding.Partial,
			"tagged objects with the tag Class=secret fail: the replication role repl may not read the objects of src (s3:GetObjectVersionForReplication): statement Tags of the bucket policy of src denies",
			"tagged partial,annotated partial"},
		{"a tag denied by a pattern", denyTags(`"s3:GetObjectVersionAcl"`, `"StringLike":{"s3:ExistingObjectTag/Class":"sec*"}`), finding.Partial,
			"tagged objects with the tag Class=sec fail: ", "tagged partial"},
		{"a tag denied of some keys", func(w *world) {
			denyTags(`"s3:GetObjectVersionAcl"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`)(w)
			w.Bucket.Policy.Value.Document = strings.Replace(w.Bucket.Policy.Value.Document, "src/*", "src/a/*", 1)
		}, finding.Partial, "tagged objects with keys under a/ and the tag Class=secret fail: ", "tagged partial"},
		{"two tags together denied", denyTags(`"s3:GetObjectVersionAcl"`, `"StringEquals":{"s3:ExistingObjectTag/a":"1","s3:ExistingObjectTag/b":"2"}`), finding.Partial,
			"tagged objects with the tags a=1 and b=2 fail: ", "tagged partial"},
		{"a tag denied under KMS", all(kmsWorld, denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`)), finding.Partial,
			"tagged objects with the tag Class=secret fail: ", "tagged partial,annotated partial"},
		{"a tag denied for the reading of tags", denyTags(`"s3:GetObjectVersionTagging"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`), finding.Partial,
			"tagged objects with the tag Class=secret fail: ", "tagged partial"},
		{"a tag denied that the rule excludes", func(w *world) {
			denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`)(w)
			w.rule(func(r *fact.ReplicationRule) {
				r.Exclude.Tags, r.DeleteMarkers = []fact.Tag{{Key: "Class", Value: "secret"}}, "Disabled"
			})
		}, finding.Works, "", ""},
		{"a tag denied that the rule asks for with another value", func(w *world) {
			denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`)(w)
			w.rule(func(r *fact.ReplicationRule) {
				r.Tags, r.DeleteMarkers = map[string]string{"Class": "open"}, "Disabled"
			})
		}, finding.Works, "", ""},
		{"a tag denied beside that which the rule asks for", func(w *world) {
			denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret"}`)(w)
			w.rule(func(r *fact.ReplicationRule) { r.Tags, r.DeleteMarkers = map[string]string{"team": "a"}, "Disabled" })
		}, finding.Partial, "tagged objects with the tag Class=secret fail: ", "tagged partial,annotated partial"},
		{"objects without a tag denied", denyTags(`"s3:GetObject*"`, `"StringNotEquals":{"s3:ExistingObjectTag/Class":"clean"}`), finding.UnknownVerdict,
			"whether the replication role repl may read the objects of src (s3:GetObjectVersionForReplication) is not known: ",
			"default unknown,tagged unknown,delete-marker unknown,annotated unknown"},
		{"objects without a tag denied, by its absence", denyTags(`"s3:GetObjectVersionAcl"`, `"Null":{"s3:ExistingObjectTag/Class":"true"}`), finding.UnknownVerdict,
			"whether ", "default unknown,tagged unknown,delete-marker unknown,annotated unknown"},
		{"only objects with a tag allowed", func(w *world) {
			w.inPolicy(`"Resource":"arn:aws:s3:::src/*"`, `"Resource":"arn:aws:s3:::src/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/Class":"clean"}}`)
		}, finding.UnknownVerdict, "whether ", "default unknown,tagged unknown,delete-marker unknown,annotated unknown"},
		{"a tag denied at the destination", func(w *world) {
			w.denyIf("StringEquals", "s3:ExistingObjectTag/Class", "secret")
		}, finding.UnknownVerdict, "whether ", "tagged unknown"},
		{"a tag denied with what is not known", denyTags(`"s3:GetObject*"`, `"StringEquals":{"s3:ExistingObjectTag/Class":"secret","aws:SourceVpce":"vpce-1"}`), finding.UnknownVerdict,
			"whether ", "tagged unknown,annotated unknown"},
		{"changes to replicas", func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.ReplicaModifications = "Enabled" }) }, finding.Works, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := eval(t, e, change(c.do)).Links[0]
			var classes []string
			for _, v := range l.Classes {
				if v.Verdict != finding.Works {
					classes = append(classes, string(v.Class)+" "+string(v.Verdict))
				}
				if (v.Witness != "") != (v.Verdict == finding.Partial) {
					t.Errorf("%s is %s, witness %q", v.Class, v.Verdict, v.Witness)
				}
			}
			if got := strings.Join(classes, ","); l.Verdict != c.verdict || !strings.HasPrefix(l.Why, c.why) || got != c.classes {
				t.Errorf("%s %q\n%s, want %s %q\n%s", l.Verdict, l.Why, got, c.verdict, c.why, c.classes)
			}
		})
	}
}

// TestClassOfARule: a rule of the user says which objects it decides.
func TestClassOfARule(t *testing.T) {
	t.Parallel()
	rule := func(class, more string) string {
		return `# METADATA
# title: t
# custom:
#   id: ACME001
#   severity: high
#   scope: link
#   decides: true
#   class: ` + class + `
#   evidence: inferred
package crosscheck.rules.acme001
answers contains crosscheck.fail(link, "no", {"remediation": "r"` + more + `}) if some link in input.links
`
	}
	with := func(text string) (*Engine, error) {
		files, err := sourcesOf(nil)
		if err != nil {
			t.Fatal(err)
		}
		return newEngine(Options{}, append(files, source{name: "acme001.rego", text: []byte(text), user: true}))
	}
	for _, c := range []struct{ class, more, why string }{
		{"tagged", "", "tagged objects fail: no"},
		{"default", `, "witness": "a/b"`, "keys such as a/b fail: no"},
		{"delete-marker", `, "witness": "a/b"`, "delete markers with keys such as a/b fail: no"},
	} {
		e, err := with(rule(c.class, c.more))
		if err != nil {
			t.Fatal(err)
		}
		if l := eval(t, e, working()).Links[0]; l.Verdict != finding.Partial || l.Why != c.why {
			t.Errorf("%s: %s %q", c.class, l.Verdict, l.Why)
		}
	}
	if _, err := with(rule("some", "")); err == nil || !strings.Contains(err.Error(), `custom.class "some"`) {
		t.Error(err)
	}
	if _, err := with(strings.Replace(rule("tagged", ""), "#   decides: true\n", "", 1)); err == nil {
		t.Error("a rule that decides nothing has a class")
	}
}

// TestUnreadable: a link that works says of its replicas where the destination cannot read
// them; one that fails says why it fails.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	writer := func(w *world) {
		w.dst(func(b *fact.Bucket) { b.Ownership = fact.Of("ObjectWriter") })
		w.rule(func(r *fact.ReplicationRule) { r.Destination.OwnerOverride = false })
	}
	owned := "arrives, unreadable at the destination: replicas in dst belong to the source account " + account1
	keyOfSource := func(w *world) {
		kmsWorld(w)
		k := *w.Keys[w.Links[0].ReplicaKey].Value
		k.AccountID = account1
		w.Keys[w.Links[0].ReplicaKey] = fact.Of(k)
	}
	e := standard(t)
	for name, c := range map[string]struct {
		do      func(*world)
		verdict finding.Verdict
		why     string // how it begins
	}{
		"readable": {nil, finding.Works, ""},
		"owner":    {writer, finding.Works, owned},
		"key":      {keyOfSource, finding.Works, "arrives, unreadable at the destination: replicas are encrypted with the key "},
		"ownership not read": {func(w *world) {
			writer(w)
			w.dst(func(b *fact.Bucket) { b.Ownership = fact.Missing[string](gap("destination.ownership", "AccessDenied")) })
		}, finding.Works, ""},
		"fails": {all(writer, func(w *world) {
			w.dst(func(b *fact.Bucket) { b.Versioning = fact.Of(fact.Versioning{Status: "Suspended"}) })
		}), finding.Broken, "versioning of the destination bucket dst"},
	} {
		doc := working()
		if c.do != nil {
			doc = change(c.do)
		}
		l := eval(t, e, doc).Links[0]
		if l.Verdict != c.verdict || !strings.HasPrefix(l.Why, c.why) || c.why == "" && l.Why != "" {
			t.Errorf("%s: %s because %q", name, l.Verdict, l.Why)
		}
	}
}

// TestVerdictOfClasses: the verdict of a link depends on those of its classes alone, and a
// fault more makes none better.
func TestVerdictOfClasses(t *testing.T) {
	t.Parallel()
	doc := change(all(optIn, locked))
	m := permission.Of(doc, &doc.Links[0], permission.NewPolicies())
	aFault := rapid.Custom(func(t *rapid.T) fault {
		f := fault{status: rapid.SampledFrom([]finding.Status{finding.Fail, finding.Unknown}).Draw(t, "status"), message: "m", codes: []string{"X"},
			class: rapid.SampledFrom(finding.Classes).Draw(t, "class")}
		if rapid.Bool().Draw(t, "some") {
			f.some, f.witness = "keys such as k", "k"
		}
		return f
	})
	rapid.Check(t, func(t *rapid.T) {
		faults := rapid.SliceOfN(aFault, 0, 5).Draw(t, "faults")
		var before finding.Link
		decide(&before, m.Promises(), faults)
		if got := finding.LinkVerdict(before.Classes); got != before.Verdict {
			t.Fatalf("%s, by its classes %s", before.Verdict, got)
		}
		if got := finding.LinkVerdict(rapid.Permutation(before.Classes).Draw(t, "order")); got != before.Verdict {
			t.Fatalf("%s, in another order %s", before.Verdict, got)
		}
		if (before.Why == "") != (before.Verdict == finding.Works) {
			t.Fatalf("%s because %q", before.Verdict, before.Why)
		}
		if (before.Verdict == finding.Partial) != strings.Contains(before.Why, " fail: ") {
			t.Fatalf("%s because %q", before.Verdict, before.Why)
		}
		var after finding.Link
		decide(&after, m.Promises(), append(slices.Clone(faults), aFault.Draw(t, "one more")))
		if after.Verdict.Rank() > before.Verdict.Rank() {
			t.Fatalf("one fault more makes %s of %s", after.Verdict, before.Verdict)
		}
		for i, c := range after.Classes {
			if c.Verdict.Rank() > before.Classes[i].Verdict.Rank() {
				t.Fatalf("one fault more makes %s %s, which was %s", c.Class, c.Verdict, before.Classes[i].Verdict)
			}
		}
	})
}

// TestWhichKeysFail: of a partial class it is recorded which keys fail, so that two runs can be
// compared: more is never taken for the same, and fewer under the same prefixes is known as fewer.
func TestWhichKeysFail(t *testing.T) {
	t.Parallel()
	e := standard(t)
	fails := func(do func(*world)) []finding.Keys {
		c := eval(t, e, change(do)).Links[0].Classes[0]
		if c.Verdict != finding.Partial || len(c.Fails) == 0 {
			t.Fatalf("%+v", c)
		}
		return c.Fails
	}
	deny := func(pattern string) func(*world) {
		return func(w *world) { w.deny("s3:ReplicateObject", "arn:aws:s3:::dst/"+pattern) }
	}
	only := func(pattern string) func(*world) {
		return func(w *world) { w.policy("arn:aws:s3:::dst/*", "arn:aws:s3:::dst/"+pattern) }
	}
	for _, c := range []struct {
		name          string
		before, after func(*world)
		same          bool
	}{
		{"one key, then all but some", deny("tmp/one.txt"), only("keep/*"), false},
		{"a prefix, then a longer one", deny("tmp/*"), deny("tmp/a/*"), true},
		{"a prefix, then a shorter one", deny("tmp/a/*"), deny("tmp/*"), false},
		{"outside of a prefix, then a part of that", only("keep/*"), deny("tmp/*"), true},
		{"outside of a prefix, then of a longer one", only("keep/*"), only("keep/a/*"), false},
		{"a pattern, then a wider one", deny("tmp/*.log"), deny("*/*.log"), false},
		{"the same, under another Sid", deny("tmp/*.log"), all(deny("tmp/*.log"), func(w *world) { w.inPolicy(`"Sid":"Write"`, `"Sid":"Replicas"`) }), true},
		{"a wider rule", all(only("tmp/a/*"), func(w *world) { w.rule(func(r *fact.ReplicationRule) { r.Prefix = "tmp/" }) }), only("tmp/a/*"), false},
	} {
		if got := finding.AmongKeys(fails(c.after), fails(c.before)); got != c.same {
			t.Errorf("%s: %v\n%+v\n%+v", c.name, got, fails(c.before), fails(c.after))
		}
	}
}
