package replicate_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestDueBeforeAChange: what had fallen due when a role was changed is decided by
// the role as it was, although nobody had asked S3 in between.
func TestDueBeforeAChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		wait time.Duration
		want string
	}{
		{"due before the change", 3 * time.Second, "COMPLETED"},
		{"due after the change", time.Second, "FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.s.SetLag("src", "", 2*time.Second)
				sandboxtest.Put(t, p.src, "src", "k", "x")
				time.Sleep(c.wait)
				name := p.s.State.Accounts["111111111111"].Roles["replication"].Inline[0].Name
				client := iam.New(iam.Options{Region: "us-east-1", HTTPClient: p.s.HTTPClient(), Credentials: p.src.Options().Credentials})
				if _, err := client.DeleteRolePolicy(context.Background(), &iam.DeleteRolePolicyInput{RoleName: aws.String("replication"), PolicyName: &name}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if got := p.status("k"); got != c.want {
					t.Errorf("status %s, want %s", got, c.want)
				}
			})
		})
	}
}
