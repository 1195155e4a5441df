package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// worldBucket is a bucket as a world file describes it.
type worldBucket struct {
	Name          string `yaml:"name"`
	Region        string `yaml:"region"`
	worldSettings `yaml:",inline"`
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
	p.match(at+".name", b.Name, isBucketName, "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens")
	p.match(at+".region", b.Region, isRegion, "a Region such as us-east-1")
	checkSettings(&b.worldSettings, add)
	for id := range b.RuleLag {
		if b.Replication == nil || !slices.ContainsFunc(b.Replication.Rules, func(r replicationRule) bool { return r.ID == id }) {
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
		if o.StorageClass != "" && !slices.Contains(objectClasses, o.StorageClass) {
			add(fmt.Sprintf(".objects[%d].storage_class", i), "%q is not a storage class", o.StorageClass)
		}
	}
}

// addWorldBucket puts a bucket of a checked world into the state.
func (s builder) addWorldBucket(account string, w *worldBucket) {
	b := newBucket(w.Name, account, w.Region)
	b.created = s.created
	loadSettings(s.State, b, &w.worldSettings)
	b.lag, b.ruleLag = w.Lag, maps.Clone(w.RuleLag)
	s.addBucket(b)
	for _, o := range w.Objects {
		v := &version{
			key: o.Key, body: []byte(o.Body), storageClass: o.StorageClass, owner: account,
			header: map[string]string{"Content-Type": "binary/octet-stream"}, metadata: o.Metadata, tags: sortedTags(o.Tags),
			sse: objectEncryption{algorithm: "AES256"},
		}
		if b.encryption.Algorithm != "AES256" {
			if k := s.s3key(b.encryption.Key, account, b.region); k != nil {
				v.sse = objectEncryption{algorithm: b.encryption.Algorithm, key: k.arn, bucketKey: b.encryption.BucketKey}
			}
		}
		if o.ContentType != "" {
			v.header["Content-Type"] = o.ContentType
		}
		v.seal(nil)
		s.store(b, v)
	}
}
