package simulate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/simulate"
)

const simulated = `"request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111111111111"}`
const simulatedPolicy = `"identityPolicies":[{"name":"p","policy":{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Action":"s3:*","Resource":"*"}]}}]`

func TestSimulateAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{`{"id":"a",` + simulated + `,` + simulatedPolicy + `}`,
			`{"id":"a","decision":"allowed","reason":"allowed","deciding":[{"layer":"identity","policy":"p","sid":"S","statement":0,"effect":"Allow"}],"unknown_keys":[],"witness":"","errors":[]}`},
		{`{"id":7,` + simulated + `}`,
			`{"id":7,"decision":"denied","reason":"implicit_deny","deciding":[],"unknown_keys":[],"witness":"","errors":[]}`},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["resource"]}`,
			`{"id":null,"decision":"unknown","reason":"unknown","deciding":[],"unknown_keys":[],"witness":"","errors":[]}`},
		{`{"id":"<&>","validate":{"kind":"bucket-policy","bucket":"b","document":"{\n \"Statement\": []}"}}`,
			`{"id":"<&>","accepted":false,"errors":[{"message":"Statement is empty; AWS refuses the document","line":2,"column":15}]}`},
		{`{"id":"p","validate":{"kind":"identity","partition":"aws-cn","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}}}`,
			`{"id":"p","accepted":false,"errors":[{"message":"Resource \"arn:aws:s3:::b/*\" is in another partition: aws, not aws-cn; IAM refuses the document","line":1,"column":82}]}`},
		{`{"id":"p","validate":{"kind":"identity","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws-cn:s3:::b/*"}}}}`,
			`{"id":"p","accepted":true,"errors":[]}`},
		{`{"id":"c","classify":{"bucket":"b","policy":{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}}}`,
			`{"id":"c","public":"true","statement":0}`},
	} {
		out, ok := simulate.Line([]byte(c.line))
		if !ok || string(out) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, out, c.want)
		}
	}
}

func TestSimulateDecides(t *testing.T) {
	t.Parallel()
	const full = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	for _, c := range []struct{ line, want string }{
		{`{` + simulated + `,` + simulatedPolicy + `,"resourcePolicy":null,"scps":null}`, "allowed"},
		{`{` + simulated + `,` + simulatedPolicy + `,"note":"kept","aws":"Allowed","grade":"N","want":{}}`, "allowed"},
		{`{` + simulated + `,` + simulatedPolicy + `,"scps":[{"target":"r","policies":[]}]}`, "denied"},
		{`{` + simulated + `,` + simulatedPolicy + `,"scps":[{"target":"r","policies":[{"name":"f","policy":` + full + `}]}],"unknownLayers":["scp:r"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["rcps"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["grants"]}`, "allowed"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["rcp"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["scp"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["boundary"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"unknownLayers":["session"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"rcps":[{"target":"r","policies":[]}],"unknownLayers":["rcp:r"]}`, "unknown"},
		{`{` + simulated + `,` + simulatedPolicy + `,"rcps":[{"target":"r","policies":[]}]}`, "allowed"},
		// The account that the line gives counts, not that of the ARN.
		{`{"request":{"principal":"arn:aws:iam::111111111111:role/R","action":"sqs:SendMessage","resource":"arn:aws:sqs:eu-west-1:222222222222:q","resourceAccount":"111111111111"},"identityPolicies":[{"name":"p","policy":` + full + `}]}`, "allowed"},
		{`{"request":{"principal":"arn:aws:iam::111111111111:role/R","action":"sqs:SendMessage","resource":"arn:aws:sqs:eu-west-1:222222222222:q"},"identityPolicies":[{"name":"p","policy":` + full + `}]}`, "denied"},
		{`{` + simulated + `,"identityPolicies":[{"name":"p","policy":` + mustJSON(iamtest.EnDash) + `}]}`, "denied"},
		{strings.Replace(`{`+simulated+`,`+simulatedPolicy+`}`, "b/k", "b/*", 1), "allowed"},
		{`{"request":{"principal":{"service":"s3.amazonaws.com"},"action":"sts:AssumeRole","resource":"arn:aws:iam::111111111111:role/R"},"resourcePolicy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}}`, "allowed"},
		{`{"request":{"principal":"*","action":"s3:GetObject","resource":"arn:aws:s3:::b/k"},"resourcePolicy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}}`, "allowed"},
		{`{"request":{"principal":"arn:aws:iam::111111111111:role/R","action":"kms:Encrypt","resource":"arn:aws:kms:eu-west-1:111111111111:key/k"},"resourcePolicy":{"Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"kms:*","Resource":"*"}},"grants":true}`, "allowed"},
	} {
		out, ok := simulate.Line([]byte(c.line))
		var got struct{ Decision string }
		if err := json.Unmarshal(out, &got); err != nil || !ok || got.Decision != c.want {
			t.Errorf("%s\n got %s, want %s", c.line, out, c.want)
		}
	}
}

func mustJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestSimulateRefuses: a slip in a line must not make a layer vanish.
func TestSimulateRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{``, "empty"},
		{`x`, "not JSON"},
		{`[]`, "an array, not an object"},
		{"{\"id\":\"\xff\"}", "not UTF-8"},
		{`{"id":"a"}`, "exactly one of"},
		{`{"id":"a",` + simulated + `,"classify":{}}`, "exactly one of"},
		{`{"id":"a",` + simulated + `,"scp":[]}`, "did you mean scps"},
		{`{"id":"a",` + simulated + `,"SCPs":[]}`, "did you mean scps"},
		{`{"id":"a",` + simulated + `,"identityPolicy":[]}`, "did you mean identityPolicies"},
		{`{"id":"a",` + simulated + `,"resource_policy":{}}`, "did you mean resourcePolicy"},
		{`{"id":"a",` + simulated + `,"unkownLayers":[]}`, "did you mean unknownLayers"},
		{`{"id":"a",` + simulated + `,"spcs":[]}`, "did you mean scps"},
		{`{"id":"a",` + simulated + `,"scps":[],"scps":[]}`, "appears twice"},
		{`{"id":"a",` + simulated + `,"scps":[{"target":"r"}]}`, "has no policies"},
		{`{"id":"a",` + simulated + `,"scps":{}}`, "not an array"},
		{`{"id":"a",` + simulated + `,"identityPolicies":[{"name":"p"}]}`, "has no policy"},
		{`{"id":"a",` + simulated + `,"unknownLayers":["policy"]}`, "unknown layer"},
		{`{"id":"a",` + simulated + `,"unknownLayers":["scp:ou"]}`, "does not have"},
		{`{"id":"a",` + simulated + `,"restrictPublicBuckets":"yes"}`, "not a boolean"},
		{`{"id":"a","request":{"principal":"bob","action":"s3:GetObject","resource":"*"}}`, "not an ARN"},
		{`{"id":"a","request":{"action":"s3:GetObject","resource":"*"}}`, "no principal"},
		{`{"id":"a","request":{"principal":{},"action":"s3:GetObject","resource":"*"}}`, "without a service"},
		{`{"id":"a","request":{"principal":"*","resource":"*"}}`, "needs an action"},
		{`{"id":"a","request":{"principal":"*","action":"s3:GetObject","resource":"*","context":{"a:b":"1","A:B":"2"}}}`, "appears twice in context"},
		{`{"id":"a","request":{"principal":"*","action":"s3:GetObject","resource":"*","context":{"a:b":{}}}}`, "is an object"},
		{`{"id":"a","request":{"principal":"*","action":"s3:GetObject","resource":"*","context":{"a:b":[{}]}}}`, "something else"},
		{`{"id":"a","request":{"principal":"*","action":"s3:GetObject","resource":"*","context":{"a:b":"1"},"unknownContext":["A:b"]}}`, "in context and in unknownContext"},
		{`{"id":"a","request":{"principal":"*","action":"s3:GetObject","resource":"*","contexts":{}}}`, "did you mean context"},
		{`{"id":"a","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s","action":"s3:GetObject","resource":"*","context":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/Q"}}}`, "is not the role"},
		{`{"id":"a","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s","action":"s3:GetObject","resource":"*","context":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/R"}}}`, "is not the role"},
		{`{"id":"a","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s","action":"s3:GetObject","resource":"*","context":{"aws:PrincipalArn":"arn:aws:sts::111111111111:assumed-role/R/s"}}}`, "is not the role"},
		{`{"id":"a","request":{"principal":"arn:aws:sts::111111111111:assumed-role/R/s","action":"s3:GetObject","resource":"*","context":{"aws:PrincipalArn":"R"}}}`, "is not the role"},
		{`{"id":"a","validate":{"kind":"bucket","document":{}}}`, "unknown kind"},
		{`{"id":"a","validate":{"kind":"scp"}}`, "no document"},
		{`{"id":"a","classify":{"bucket":"b"}}`, "no policy"},
	} {
		out, ok := simulate.Line([]byte(c.line))
		var got struct {
			ID    json.RawMessage
			Error string
		}
		if err := json.Unmarshal(out, &got); err != nil || ok || !strings.Contains(got.Error, c.want) {
			t.Errorf("%s\n got %s, want %q", c.line, out, c.want)
		}
		if strings.Contains(c.line, `"id":"a",`) && string(got.ID) != `"a"` {
			t.Errorf("%s: the id is lost: %s", c.line, out)
		}
	}
}
