package repair

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// awsCLI writes a script for a POSIX shell with a block for each account, in the order that
// AWS accepts; an account comes twice where others must come in between. Documents are files
// beside the script, or in it where it is alone.
func awsCLI(p *plan, alone bool) ([]file, error) {
	s := script{alone: alone}
	s.b.WriteString("#!/bin/sh\n")
	comment(&s.b, "#", p.summary()...)
	comment(&s.b, "#", p.decided()...)
	comment(&s.b, "#", p.unfit("this script")...)
	fit := p.fit()
	if len(fit) > 0 {
		s.head(fit)
	}
	for _, b := range fit {
		fmt.Fprintf(&s.b, "\n# %s: needs credentials of this account.\nif account %[2]s \"${PROFILE_%[2]s:-}\"; then\n", b.title(), b.account)
		for _, c := range b.changes {
			s.b.WriteString("\n")
			comment(&s.b, "#", notes(c)...)
			s.guard(c)
			s.change(c)
		}
		s.b.WriteString("\nfi\n")
	}
	if len(fit) > 0 {
		s.b.WriteString(foot)
	}
	return append([]file{{"repairs.sh", s.b.String()}}, s.documents...), nil
}

// script is a shell script that is being written.
type script struct {
	b         strings.Builder
	alone     bool
	documents []file
}

// head says how to run the script, and defines what its blocks use.
func (s *script) head(blocks []block) {
	var profiles []string
	for _, b := range blocks {
		if p := "PROFILE_" + b.account + "=…"; !strings.Contains(strings.Join(profiles, " "), p) {
			profiles = append(profiles, p)
		}
	}
	comment(&s.b, "#", "", "Name the profile of the aws CLI for each account:", "  "+strings.Join(profiles, " ")+" sh repairs.sh",
		"Without them the credentials of the environment are used, and what is in another account is left out.")
	s.b.WriteString("set -eu\n")
	if !s.alone {
		s.b.WriteString("cd -- \"$(dirname -- \"$0\")\"\n")
	}
	s.b.WriteString(`export AWS_PAGER='' AWS_CLI_FILE_ENCODING=UTF-8
profile='' left=0
aws() { command aws ${profile:+--profile "$profile"} "$@"; }

# account ID PROFILE: whether the credentials are of the account.
account() {
	profile=$2
	caller=$(aws sts get-caller-identity --query Account --output text) || exit 1
	[ "$caller" != "$1" ] || return 0
	echo "left out: changes in account $1, since the credentials are of $caller" >&2
	left=$((left + 1))
	return 1
}

# unchanged WHAT BEFORE AFTER COMMAND…: ends the script if what the command prints is neither
# what was read nor what is to be written. Both are checksums; BEFORE is empty for nothing.
unchanged() {
	what=$1 before=$2 after=$3
	shift 3
	if now=$("$@" 2>&1); then now=$(printf '%s\n' "$now" | cksum); else
		case $now in *NoSuch* | *NotFound*) now='' ;; *) printf '%s\n' "$now" >&2 && exit 1 ;; esac
	fi
	case $now in "$before" | "$after") return ;; esac
	[ "${REPLACE:-}" != yes ] || return 0
	if [ -n "$before" ]; then why='is not as it was read: scan again'; else why='is there already: add to it what is new'; fi
	echo "$what $why, or set REPLACE=yes to replace it as a whole" >&2
	exit 1
}
`)
}

// foot ends a script that left something out with another status.
const foot = `
[ "$left" = 0 ] || { echo "not complete: run it again with credentials of the other accounts" >&2; exit 1; }
`

// guard writes a command that ends the script where another change to a document would be
// lost. The text of a replication configuration is not what AWS has: only that there is none
// can be seen.
func (s *script) guard(c *change) {
	var get string
	read, put := verbatim, verbatim // what the command prints of the text before and after
	switch {
	case c.Kind == finding.BucketPolicy:
		get, put = s.s3(c, "get-bucket-policy")+" --query Policy --output text", compact
	case c.Kind == finding.Replication && c.Before == "":
		get = s.s3(c, "get-bucket-replication")
	case c.Kind == finding.KeyPolicy:
		get = "aws kms get-key-policy" + option("key-id", c.keyARN) + s.region(c) + " --policy-name default --query Policy --output text"
	case c.Kind == finding.RolePolicy && c.policyARN == "":
		get = "aws iam get-role-policy" + option("role-name", c.role) + option("policy-name", c.policy) + " --query PolicyDocument --output json"
		read, put = decoded, decoded
	case c.Kind == finding.TrustPolicy && !c.made():
		get = "aws iam get-role" + option("role-name", c.role) + " --query Role.AssumeRolePolicyDocument --output json"
		read, put = decoded, decoded
	}
	before := ""
	if c.Before != "" {
		before = cksum(read(c.Before))
	}
	switch {
	case get != "" && (c.Before == "" || json.Valid([]byte(c.Before))):
		s.line("unchanged " + quote(what(c.Target)) + " " + quote(before) + " " + quote(cksum(put(c.After))) + " " + get)
	case c.Before != "" && (c.Kind.Document() || c.Kind == finding.Replication):
		comment(&s.b, "#", "  This replaces the whole document. Check that it was not changed after crosscheck read it.")
	}
}

// s3 is a command about the bucket of a change.
func (s *script) s3(c *change, operation string) string {
	return "aws s3api " + operation + option("bucket", c.bucket) + option("expected-bucket-owner", c.account) + s.region(c)
}

// change writes the commands for one change.
func (s *script) change(c *change) {
	s3 := func(operation string) string { return s.s3(c, operation) }
	switch c.Kind {
	case finding.TrustPolicy, finding.RolePolicy, finding.ManagedPolicy, finding.Boundary:
		s.role(c)
	case finding.BucketPolicy:
		s.with(c, s3("put-bucket-policy"), "policy", c.After)
	case finding.Replication:
		s.with(c, s3("put-bucket-replication"), "replication-configuration", marshal(c.replication))
	case finding.Versioning:
		s.line(s3("put-bucket-versioning") + option("versioning-configuration", `{"Status":"`+c.After+`"}`))
	case finding.Ownership:
		s.line(s3("put-bucket-ownership-controls") + option("ownership-controls", `{"Rules":[{"ObjectOwnership":"`+c.After+`"}]}`))
	case finding.ObjectLock:
		s.line(s3("put-object-lock-configuration") + option("object-lock-configuration", `{"ObjectLockEnabled":"`+c.After+`"}`))
	case finding.RequestPayment:
		s.line(s3("put-bucket-request-payment") + option("request-payment-configuration", `{"Payer":"`+c.After+`"}`))
	case finding.KeyPolicy:
		s.with(c, "aws kms put-key-policy"+option("key-id", c.keyARN)+s.region(c)+option("policy-name", "default"), "policy", c.After)
	case finding.KeyState:
		operation := "enable-key"
		if c.After == "Disabled" {
			operation = "disable-key"
		}
		if c.Before == "PendingDeletion" {
			s.line("aws kms cancel-key-deletion" + option("key-id", c.keyARN) + s.region(c))
		}
		s.line("aws kms " + operation + option("key-id", c.keyARN) + s.region(c))
	}
}

func (s *script) region(c *change) string {
	if c.region == "" {
		return ""
	}
	return option("region", c.region)
}

// role writes the commands for policies of roles.
func (s *script) role(c *change) {
	role := option("role-name", c.role)
	switch managed := c.policyARN != ""; {
	case c.Kind == finding.TrustPolicy && c.made():
		s.line("if aws iam get-role" + role + " >/dev/null 2>&1; then echo " + quote("role "+c.role+" is there already, and stays as it is") + " >&2; else")
		s.with(c, "aws iam create-role"+role+option("path", c.path), "assume-role-policy-document", c.After)
		s.line("aws iam wait role-exists" + role)
		s.line("sleep 10 # until S3 and KMS know the role\nfi")
	case c.Kind == finding.TrustPolicy:
		s.with(c, "aws iam update-assume-role-policy"+role, "policy-document", c.After)
	case !managed:
		s.with(c, "aws iam put-role-policy"+role+option("policy-name", c.policy), "policy-document", c.After)
	case c.made():
		s.with(c, "aws iam create-policy"+option("policy-name", c.policy)+option("path", c.policyPath), "policy-document", c.After)
		s.line("aws iam attach-role-policy" + role + option("policy-arn", c.policyARN))
	default:
		comment(&s.b, "#", "  A policy has at most five versions: delete one that is not in use if there are five.")
		s.with(c, "aws iam create-policy-version --set-as-default"+option("policy-arn", c.policyARN), "policy-document", c.After)
	}
}

func (s *script) line(command string) { s.b.WriteString(command + "\n") }

// with writes a command with an option whose value is a document: in a file, or behind the
// command.
func (s *script) with(c *change, command, opt, document string) {
	if !s.alone {
		f := file{fmt.Sprintf("%02d-%s.json", len(s.documents)+1, unsafe.ReplaceAllString(string(c.Kind)+"-"+cmp.Or(c.bucket, c.role, c.keyID, c.policy), "_")), ended(document)}
		s.documents = append(s.documents, f)
		s.line(command + " --" + opt + " file://" + f.name)
		return
	}
	// No line of JSON is the word alone: strings have no line breaks.
	s.b.WriteString(command + " --" + opt + " file:///dev/stdin <<'JSON'\n" + ended(text.Lines(document)) + "JSON\n")
}

var (
	unsafe   = regexp.MustCompile(`[^A-Za-z0-9._-]`)
	unquoted = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$`)
)

// option is an option of a command with its value, which may begin with a hyphen.
func option(name, value string) string {
	if strings.HasPrefix(value, "-") {
		return " --" + name + "=" + quote(value)
	}
	return " --" + name + " " + quote(value)
}

// quote makes any text one word of a shell.
func quote(s string) string {
	if unquoted.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// marshal is JSON on several lines.
func marshal(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // what is ours is JSON, and a bytes.Buffer takes everything
	return b.String()
}
