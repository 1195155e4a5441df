package service

import (
	"fmt"
	"strconv"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/principal"
	"crosscheck/scanner/sandbox/state"
)

// denial is AWS's sentence for a denied request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func denial(who *state.Identity, req state.Question, d iam.Decision) string {
	if who.Principal.Kind == principal.AnonymousKind {
		return "Access Denied"
	}
	resource := req.Resource
	if strings.HasPrefix(req.Action, "s3:") {
		resource = strconv.Quote(resource)
	}
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", who.Principal.ARN, req.Action, resource)
	if req.Action == "sts:AssumeRole" && d.Reason != "explicit_deny" {
		return text
	}
	layer, _, _ := strings.Cut(d.Layer, ":")
	noun := policyNoun[layer]
	switch {
	case noun == "":
		return text
	case d.Reason != "explicit_deny":
		return text + " because no " + noun + " allows the " + req.Action + " action"
	case layer == "boundary", layer == "session":
		return text + " with an explicit deny in a " + noun
	case layer == "identity":
		return text + " with an explicit deny in an " + noun
	case (layer == "scp" || layer == "rcp") && len(d.Deciding) > 0:
		return text + " with an explicit deny in a " + noun + ": " + d.Deciding[0].Policy
	}
	return text + " with an explicit deny in a " + noun
}

// policyNoun is what AWS calls a policy of a layer in a denial, and in "no … allows".
var policyNoun = map[string]string{
	"identity": "identity-based policy",
	"boundary": "permissions boundary",
	"session":  "session policy",
	"scp":      "service control policy",
	"rcp":      "resource control policy",
	"resource": "resource-based policy",
	"key":      "resource-based policy",
	"trust":    "resource-based policy",
}
