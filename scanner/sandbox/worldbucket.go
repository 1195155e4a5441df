package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"crosscheck/scanner/sandbox/s3/setting"
	"crosscheck/scanner/sandbox/state"
)

// worldBucket is a bucket as a world file describes it.
type worldBucket struct {
	Name          string `yaml:"name"`
	Region        string `yaml:"region"`
	setting.World `yaml:",inline"`
	worldRaw      `yaml:",inline"`
	Lag           *time.Duration           `yaml:"lag"`      // replication lag of this source bucket, e.g. 13m
	RuleLag       map[string]time.Duration `yaml:"rule_lag"` // by rule ID; takes precedence over lag
	Objects       []worldObject            `yaml:"objects"`  // stored before replication was configured
}

// worldObject is an object that is there from the beginning.
type worldObject struct {
	Key          string            `yaml:"key"`
	Body         string            `yaml:"body"`
	StorageClass string            `yaml:"storage_class"`
	ContentType  string            `yaml:"content_type"`
	Metadata     map[string]string `yaml:"metadata"`
	Tags         map[string]string `yaml:"tags"`
}

// bucket reports what is wrong with the bucket at path at.
func (p *problems) bucket(at string, b *worldBucket) {
	add := func(field, format string, args ...any) { p.add(at+field, format, args...) }
	p.match(at+".name", b.Name, state.IsBucketName, "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens")
	p.match(at+".region", b.Region, state.IsRegion, "a Region such as us-east-1")
	setting.Check(&b.World, add)
	p.raw(at, "bucket", b.Raw)
	for id := range b.RuleLag {
		if b.Replication == nil || !slices.ContainsFunc(b.Replication.Rules, func(r state.ReplicationRule) bool { return r.ID == id }) {
			add(".rule_lag."+id, "no replication rule %q in this bucket", id)
		}
	}
	if b.Lag != nil && *b.Lag < 0 {
		add(".lag", "a replication lag is not negative")
	}
	for i, o := range b.Objects {
		if o.Key == "" || len(o.Key) > 1024 {
			add(fmt.Sprintf(".objects[%d].key", i), "an object needs a key of 1 to 1024 bytes")
		}
		if o.StorageClass != "" && !slices.Contains(state.ObjectClasses, o.StorageClass) {
			add(fmt.Sprintf(".objects[%d].storage_class", i), "%q is not a storage class", o.StorageClass)
		}
	}
}

// addWorldBucket puts a bucket of a checked world into the state.
func (s builder) addWorldBucket(account string, w *worldBucket) {
	b := state.NewBucket(w.Name, account, w.Region)
	b.Created = s.Created
	setting.Load(s.State, b, &w.World)
	b.Lag, b.RuleLag = w.Lag, maps.Clone(w.RuleLag)
	s.AddBucket(b)
	for _, o := range w.Objects {
		v := &state.Version{
			Key: o.Key, Body: []byte(o.Body), StorageClass: o.StorageClass, Owner: account,
			Header: map[string]string{"Content-Type": "binary/octet-stream"}, Metadata: o.Metadata, Tags: state.SortedTags(o.Tags),
			SSE: state.ObjectEncryption{Algorithm: "AES256"},
		}
		if b.Encryption.Algorithm != "AES256" {
			if k := s.FindS3Key(b.Encryption.Key, account, b.Region); k != nil {
				v.SSE = state.ObjectEncryption{Algorithm: b.Encryption.Algorithm, Key: k.ARN, BucketKey: b.Encryption.BucketKey}
			}
		}
		if o.ContentType != "" {
			v.Header["Content-Type"] = o.ContentType
		}
		v.Seal(nil)
		s.Store(b, v)
	}
}
