package setting

import (
	"testing"

	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
	"github.com/google/go-cmp/cmp"
)

const role = "arn:aws:iam::111111111111:role/service-role/replication"

// FuzzReplicationXML: whatever is put is refused or can be read back as it is.
func FuzzReplicationXML(f *testing.F) {
	f.Add([]byte(`<ReplicationConfiguration><Role>` + role + `</Role><Rule><ID>r</ID><Prefix/><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination></Rule></ReplicationConfiguration>`))
	f.Add([]byte(`<ReplicationConfiguration><Role>` + role + `</Role><Rule><Priority>1</Priority><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status>` +
		`<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket><Metrics><Status>Enabled</Status></Metrics></Destination></Rule></ReplicationConfiguration>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second state.ReplicationConfiguration
		if wire.StrictXML(body, "ReplicationConfiguration", &first) != nil || checkConfiguration(&first) != nil {
			return
		}
		out, e := wire.AnswerXML("ReplicationConfiguration", first)
		if e != nil {
			t.Fatal(e)
		}
		if e := wire.StrictXML(out.Body, "ReplicationConfiguration", &second); e != nil {
			t.Fatalf("%v: %s", e, out.Body)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-put +read):\n%s", diff)
		}
	})
}
