package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/report/reporttest"
)

// TestGuideVariants: the worlds of the guide's options differ from the guide in the
// option alone, so that what the audit says of them is due to it.
func TestGuideVariants(t *testing.T) {
	t.Parallel()
	content := func(name string) []string {
		return slices.DeleteFunc(strings.Split(string(guideWorld(t, name)), "\n"), func(l string) bool { return strings.HasPrefix(l, "#") })
	}
	guide := content("guide.yaml")
	for name, want := range map[string][]string{
		"guide-storage-class.yaml": {"StorageClass: STANDARD_IA"},
		"guide-delete-markers.yaml": {
			"not DeleteMarkerReplication: {Status: Disabled}", "DeleteMarkerReplication: {Status: Enabled}",
		},
		"guide-kms.yaml": {
			"keys:", "- id: 11111111-2222-3333-4444-555555555555", "region: us-east-1", "aliases: [alias/source]",
			`encryption: {algorithm: "aws:kms", key: "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555", blocked: [SSE-C]}`,
			"SourceSelectionCriteria:", "SseKmsEncryptedObjects: {Status: Enabled}",
			"EncryptionConfiguration:", "ReplicaKmsKeyID: arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000",
			"keys:", "- id: 66666666-7777-8888-9999-000000000000", "region: eu-west-1", "aliases: [alias/destination]",
		},
	} {
		var got []string // lines that are more or, with "not", fewer; in the order of the world
		rest := guide
		for _, l := range content(name) {
			switch {
			case len(rest) > 0 && l == rest[0]:
				rest = rest[1:]
			case len(rest) > 1 && strings.Contains(rest[0], "{Status: Disabled}") && strings.Contains(l, "DeleteMarkerReplication"):
				got = append(got, "not "+strings.TrimSpace(rest[0]), strings.TrimSpace(l))
				rest = rest[1:]
			default:
				got = append(got, strings.TrimSpace(l))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(rest) > 0 {
			t.Errorf("%s, %d lines of the guide missing:\n%s", name, len(rest), diff)
		}
	}
}

// TestGuideKMSRepaired: each grant that the audit asks for is needed, and with all
// of them the link works.
func TestGuideKMSRepaired(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	const (
		decrypt = `{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555"},`
		encrypt = `{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000"},`
		first   = `              "Statement": [` + "\n                {\n                  \"Action\""
		alias   = "        aliases: [alias/destination]\n"
		policy  = alias + `        policy: |
          {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/service-role/s3crr_role_for_source_bucket"}, "Action": "kms:Encrypt", "Resource": "*"}]}
`
	)
	grant := func(statements string) string { return strings.Replace(first, "[", "["+statements, 1) }
	for name, test := range map[string]struct {
		replaced []string
		want     string
		codes    []string
	}{
		"all":                  {[]string{first, grant(decrypt + encrypt), alias, policy}, "1 working", nil},
		"no kms:Decrypt":       {[]string{first, grant(encrypt), alias, policy}, "1 broken", []string{"SrcGetObjectNotPermitted"}},
		"no kms:Encrypt":       {[]string{first, grant(decrypt), alias, policy}, "1 broken", []string{"DstPutObjectNotPermitted"}},
		"key policy untouched": {[]string{first, grant(decrypt + encrypt)}, "1 broken", []string{"DstPutObjectNotPermitted"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := served(t, guideWorld(t, "guide-kms.yaml", test.replaced...))
			_, stdout, stderr := p.run(t.Context(), "scan")
			if !strings.Contains(stdout, test.want) {
				t.Errorf("not %s:\n%s%s", test.want, stdout, stderr)
			}
			for _, code := range []string{"SrcGetObjectNotPermitted", "DstPutObjectNotPermitted"} {
				if strings.Contains(stdout, code) != slices.Contains(test.codes, code) {
					t.Errorf("%s: %v\n%s", code, !slices.Contains(test.codes, code), stdout)
				}
			}
		})
	}
}
