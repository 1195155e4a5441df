package fix

import (
	"encoding/json"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/storable"
	"crosscheck/scanner/fact"
)

// ruleRemedies are for findings about the replication rule.
var ruleRemedies = map[string]remedy{
	"XC021": optIn,
	"XC024": func(f *failure) []want {
		candidate := ""
		if key := f.usableKey(); key != nil {
			candidate = "; " + f.link.Destination + " encrypts with " + key.ARN + " by default"
		}
		return f.decide(f.replication(), "which key replicas are to be under: %s%s", f.Message, candidate)
	},
	"XC027": func(f *failure) []want {
		key := f.usableKey()
		if key == nil {
			return f.decide(f.replication(), "which key of its own account %s is to have for replicas: %s", f.link.Destination, f.Message)
		}
		return f.rule("ReplicaKmsKeyID", key.ARN, "name the key of "+f.link.Destination+" for replicas: "+key.ARN,
			func(r *fact.ReplicationRule) { r.Destination.ReplicaKMSKeyID = key.ARN })
	},
	"XC033": func(f *failure) []want {
		return f.decide(f.replication(), "which keys the rule %s is to replicate: %s; %s", f.link.Rule.ID, f.Message, f.Remediation)
	},
	"XC034": func(f *failure) []want {
		return f.configuration("Filter", "", "V2", "give all rules of "+f.doc.Bucket.Name+" a Filter, a Priority and DeleteMarkerReplication; they replicate what they did, delete markers too", storable.Modern)
	},
	"XC037": func(f *failure) []want {
		return f.rule("ExistingObjectReplication", "", "take ExistingObjectReplication out, which S3 refuses by now", func(*fact.ReplicationRule) {})
	},
	"XC047": func(f *failure) []want {
		return f.rule("Metrics", "Enabled", "enable metrics, which show what fails", func(r *fact.ReplicationRule) { r.Destination.Metrics = "Enabled" })
	},
	"XC060": func(f *failure) []want {
		if f.link.ReplicaKey == "" || f.link.Rule.SSEKMSObjects == "Enabled" || f.link.SourceKey != "" || f.Evidence["key"] == nil {
			return nil // a key that is used at times, or that XC021 puts to use
		}
		return f.rule("ReplicaKmsKeyID", "", "take out the key for replicas, which is never used", func(r *fact.ReplicationRule) {
			r.Destination.ReplicaKMSKeyID, r.SSEKMSObjects = "", ""
		})
	},
	"XC069": func(f *failure) []want {
		return f.decide(f.replication(), "which objects the rule %s is to exclude: %s", f.link.Rule.ID, f.Message)
	},
}

// optIn has the rule take objects under KMS, where a key for replicas is named or known.
func optIn(f *failure) []want {
	rule := &f.link.Rule
	if rule.Destination.ReplicaKMSKeyID != "" || rule.Destination.RelatedKey {
		return f.rule("SseKmsEncryptedObjects", "Enabled", "have it replicate objects under KMS", func(r *fact.ReplicationRule) { r.SSEKMSObjects = "Enabled" })
	}
	key := f.usableKey()
	if key == nil {
		return f.decide(f.replication(), "which key of the account and Region of %s replicas are to be under: %s", f.link.Destination, f.Message)
	}
	return f.rule("SseKmsEncryptedObjects", "Enabled", "have it replicate objects under KMS, with the key of "+f.link.Destination+" for replicas: "+key.ARN,
		func(r *fact.ReplicationRule) { r.SSEKMSObjects, r.Destination.ReplicaKMSKeyID = "Enabled", key.ARN })
}

// rule edits the replication rule of the link.
func (f *failure) rule(element, value, summary string, do func(*fact.ReplicationRule)) []want {
	id := f.link.Rule.ID
	return f.configuration(element, id, value, "rule "+id+": "+summary, func(r *fact.Replication) {
		for i := range r.Rules {
			if r.Rules[i].ID == id {
				do(&r.Rules[i])
			}
		}
	})
}

// configuration edits the replication configuration of the bucket, of which S3 stores none
// with what it refuses by now.
func (f *failure) configuration(element, rule, value, summary string, do func(*fact.Replication)) []want {
	w := f.want(f.replication())
	if rule != "" {
		element = "Rules/" + strings.ReplaceAll(rule, "/", "~1") + "/" + element
	}
	w.edit = &edit{
		Edit: finding.Edit{Operation: finding.ReplaceValue, Statement: -1, Element: element, Values: []string{value}, Summary: summary},
		text: func(text string) (string, error) {
			var r fact.Replication
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				return "", err
			}
			do(&r)
			for i := range r.Rules {
				storable.Rule(&r.Rules[i])
			}
			b, err := json.MarshalIndent(r, "", "  ")
			return string(b), err
		},
	}
	return []want{w}
}
