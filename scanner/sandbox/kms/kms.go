// Package kms is AWS KMS in the sandbox: the operations that read keys, and those that
// change the policy and the state of one.
package kms

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// request is the members of all requests that the sandbox reads.
type request struct {
	KeyID      string `json:"KeyId"`
	PolicyName string
	Policy     string
	Limit      *int
	Marker     string
}

var operations = map[string]func(*state.State, *service.Call, request) (wire.Object, *wire.Error){
	"CancelKeyDeletion": ofState("PendingDeletion", "Disabled"),
	"DescribeKey":       describeKey,
	"DisableKey":        ofState("Enabled", "Disabled"),
	"EnableKey":         ofState("Disabled", "Enabled"),
	"GetKeyPolicy":      getKeyPolicy,
	"ListAliases":       listAliases,
	"ListGrants":        listGrants,
	"ListKeyPolicies":   listKeyPolicies,
	"ListResourceTags":  listResourceTags,
	"PutKeyPolicy":      putKeyPolicy,
}

// Service answers the operations of AWS KMS that read keys, and those that change the
// policy and the state of one.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
var Service = service.JSON[request]{
	Name: "kms", Target: "TrentService.",
	Throttled: "ThrottlingException", Internal: "KMSInternalException",
	Account:    ownerOfKey,
	Operations: operations,
}.Service()

// ownerOfKey is the account of the key that a call names.
func ownerOfKey(s *state.State, c *service.Call) string {
	var in request
	_ = json.Unmarshal(c.Body, &in) // a body that does not parse names no key
	if k, _ := findKey(s, c, in.KeyID); k != nil {
		return k.Account
	}
	return ""
}

// KeyARN is the ARN of the key that a call names, "" where there is none.
func KeyARN(s *state.State, c *service.Call) string {
	var in request
	_ = json.Unmarshal(c.Body, &in) // a body that does not parse names no key
	if k, _ := findKey(s, c, in.KeyID); k != nil {
		return k.ARN
	}
	return ""
}

func notFound(message string) *wire.Error {
	return &wire.Error{Status: 400, Code: "NotFoundException", Message: message}
}

// findKey finds the key that a request of c names: by key id or alias in the
// caller's account and Region, by key ARN or alias ARN anywhere in the Region.
func findKey(s *state.State, c *service.Call, id string) (*state.Key, *wire.Error) {
	if c.Caller == nil {
		return nil, notFound("no caller")
	}
	account, resource := c.Caller.Account, id
	if strings.HasPrefix(id, "arn:") {
		a, ok := state.ParseARN(id)
		switch {
		case !ok || a.Service != "kms" || a.Partition != s.Partition:
			return nil, notFound("Invalid keyId '" + id + "'")
		case a.Region != c.Region:
			return nil, notFound("Invalid arn " + a.Region)
		}
		account, resource = a.Account, a.Resource
	} else if !strings.HasPrefix(id, "alias/") {
		resource = "key/" + id
	}
	prefix := "arn:" + s.Partition + ":kms:" + c.Region + ":" + account + ":"
	owner := s.Accounts[account]
	if strings.HasPrefix(resource, "alias/") {
		if owner != nil && resource == state.AWSManagedS3Alias {
			return s.AWSManagedS3Key(account, c.Region), nil
		}
		if owner == nil || owner.Aliases[c.Region+"/"+resource] == "" {
			return nil, notFound("Alias " + prefix + resource + " is not found.")
		}
		return s.Keys[owner.Aliases[c.Region+"/"+resource]], nil
	}
	if k := s.Keys[prefix+resource]; k != nil {
		return k, nil
	}
	return nil, notFound("Key '" + prefix + resource + "' does not exist")
}

// authorizedKey finds the key of a request and authorizes the operation on it.
// Only DescribeKey reaches keys of other accounts.
func authorizedKey(s *state.State, c *service.Call, in request) (*state.Key, *wire.Error) {
	k, e := findKey(s, c, in.KeyID)
	if e != nil {
		return nil, e
	}
	foreign := k.Account != c.Caller.Account
	if foreign && c.Operation() != "DescribeKey" && c.Operation() != "ListGrants" {
		return nil, c.Denied("User: " + c.Caller.Principal.ARN + " is not authorized to perform: " + c.Op +
			" on resource: " + k.ARN + ": the operation does not work across accounts")
	}
	if e := c.Authorize(s, state.Question{
		Action: c.Op, Resource: k.ARN, Account: k.Account,
		Kind: policy.Key, Policy: k.Policy, Second: k.RAMPolicy, Name: k.ARN,
		Context: s.KeyContext(k, c.Caller.Account), Grants: state.Truth(k.Granted(c.Caller, c.Operation())),
	}); e != nil {
		return nil, e
	}
	return k, nil
}

func describeKey(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	m := wire.Object{
		"AWSAccountId": k.Account, "KeyId": k.ID, "Arn": k.ARN, "CreationDate": wire.Epoch(k.Created),
		"Enabled": k.State == "Enabled", "Description": k.Description, "KeyUsage": k.Usage, "KeyState": k.State,
		"Origin": k.Origin, "KeyManager": k.Manager, "KeySpec": k.Spec, "CustomerMasterKeySpec": k.Spec,
		"MultiRegion": k.MultiRegion,
	}
	if k.Usage == "ENCRYPT_DECRYPT" && k.Spec == "SYMMETRIC_DEFAULT" {
		m["EncryptionAlgorithms"] = []string{"SYMMETRIC_DEFAULT"}
	}
	if k.State == "PendingDeletion" {
		m["DeletionDate"] = wire.Epoch(k.Created.Add(30 * 24 * time.Hour))
	}
	if k.MultiRegion {
		m["MultiRegionConfiguration"] = multiRegionObject(s, k)
	}
	return wire.Object{"KeyMetadata": m}, nil
}

// multiRegionObject describes the keys of one id in several Regions; the first by
// Region that the world names is the primary.
func multiRegionObject(s *state.State, k *state.Key) wire.Object {
	var related []*state.Key
	for _, arn := range slices.Sorted(maps.Keys(s.Keys)) {
		if o := s.Keys[arn]; o.ID == k.ID && o.Account == k.Account {
			related = append(related, o)
		}
	}
	replicas, kind := []wire.Object{}, "REPLICA"
	for _, o := range related[1:] {
		replicas = append(replicas, wire.Object{"Arn": o.ARN, "Region": o.Region})
	}
	if related[0] == k {
		kind = "PRIMARY"
	}
	return wire.Object{
		"MultiRegionKeyType": kind,
		"PrimaryKey":         wire.Object{"Arn": related[0].ARN, "Region": related[0].Region},
		"ReplicaKeys":        replicas,
	}
}

func getKeyPolicy(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	if strings.HasPrefix(in.KeyID, "alias/") || strings.Contains(in.KeyID, ":alias/") {
		return nil, notFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	switch {
	case in.PolicyName == "AWS_RAM" && k.RAMPolicy != "":
		return wire.Object{"Policy": k.RAMPolicy, "PolicyName": in.PolicyName}, nil
	case in.PolicyName != "" && in.PolicyName != "default":
		return nil, notFound("No such policy exists")
	}
	return wire.Object{"Policy": k.Policy, "PolicyName": "default"}, nil
}

// ofState is an operation that brings a key of one state into another. A key that is in
// the other state already stays so.
func ofState(from, to string) func(*state.State, *service.Call, request) (wire.Object, *wire.Error) {
	return func(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
		if strings.HasPrefix(in.KeyID, "alias/") || strings.Contains(in.KeyID, ":alias/") {
			return nil, notFound("Invalid keyId '" + in.KeyID + "'")
		}
		k, e := authorizedKey(s, c, in)
		if e != nil {
			return nil, e
		}
		if k.State != from && (k.State != to || from == "PendingDeletion") {
			return nil, &wire.Error{Status: 400, Code: "KMSInvalidStateException", Message: k.ARN + " is " + k.State + "."}
		}
		k.State = to
		if from == "PendingDeletion" {
			return wire.Object{"KeyId": k.ARN}, nil
		}
		return wire.Object{}, nil
	}
}

func putKeyPolicy(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	if strings.HasPrefix(in.KeyID, "alias/") || strings.Contains(in.KeyID, ":alias/") {
		return nil, notFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	if p := policy.Parse(policy.Key, k.ARN, []byte(in.Policy), policy.In(s.Partition)); !p.Valid() {
		return nil, &wire.Error{Status: 400, Code: "MalformedPolicyDocumentException", Message: service.FirstFault(p)}
	}
	if k.Manager == "AWS" {
		return nil, c.Denied("the policy of an AWS managed key cannot be changed")
	}
	k.Policy = in.Policy
	return wire.Object{}, nil
}

// paged cuts a page out of a list: up to 1000, as many as fallback by default.
func paged(in request, member string, all []wire.Object, fallback int) (wire.Object, *wire.Error) {
	limit := fallback
	if in.Limit != nil {
		if limit = *in.Limit; limit < 1 || limit > 1000 {
			return nil, &wire.Error{Status: 400, Code: "ValidationException", Message: "Limit is between 1 and 1000"}
		}
	}
	items, next, ok := wire.Page(all, in.Marker, limit)
	if !ok {
		return nil, &wire.Error{Status: 400, Code: "InvalidMarkerException", Message: "Invalid marker"}
	}
	if items == nil {
		items = []wire.Object{}
	}
	return wire.Object{member: items, "Truncated": next != "", "NextMarker": wire.Optional(next)}, nil
}

func listKeyPolicies(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	if _, e := authorizedKey(s, c, in); e != nil {
		return nil, e
	}
	return wire.Object{"PolicyNames": []string{"default"}, "Truncated": false}, nil
}

func listAliases(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	// No key is concerned, so that IAM alone decides, as under a key policy that
	// delegates to the account.
	account := c.Caller.Account
	if e := c.Authorize(s, state.Question{
		Action: c.Op, Resource: "*", Account: account, Kind: policy.Key, Policy: state.DefaultKeyPolicy(s.Partition, account),
	}); e != nil {
		return nil, e
	}
	var only *state.Key
	if in.KeyID != "" {
		k, e := findKey(s, c, in.KeyID)
		if e != nil {
			return nil, e
		}
		only = k
	}
	a := s.Accounts[account]
	names := []string{state.AWSManagedS3Alias} // listed without a key until it is used
	for name := range a.Aliases {
		if region, alias, _ := strings.Cut(name, "/"); region == c.Region && alias != state.AWSManagedS3Alias {
			names = append(names, alias)
		}
	}
	slices.Sort(names)
	var all []wire.Object
	for _, name := range names {
		target := s.Keys[a.Aliases[c.Region+"/"+name]]
		if only != nil && target != only {
			continue
		}
		o := wire.Object{
			"AliasName": name, "AliasArn": "arn:" + s.Partition + ":kms:" + c.Region + ":" + a.ID + ":" + name,
		}
		if target != nil {
			o["TargetKeyId"], o["CreationDate"], o["LastUpdatedDate"] = target.ID, wire.Epoch(target.Created), wire.Epoch(target.Created)
		}
		all = append(all, o)
	}
	return paged(in, "Aliases", all, 50)
}

func listGrants(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	if strings.HasPrefix(in.KeyID, "alias/") {
		return nil, notFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	var all []wire.Object
	for _, g := range k.Grants {
		all = append(all, wire.Object{
			"KeyId": k.ARN, "GrantId": g.ID, "GranteePrincipal": g.Grantee, "Operations": g.Operations,
			"IssuingAccount": "arn:" + s.Partition + ":iam::" + k.Account + ":root", "CreationDate": wire.Epoch(k.Created),
		})
	}
	return paged(in, "Grants", all, 50)
}

func listResourceTags(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	return paged(in, "Tags", wire.TagList(k.Tags, "TagKey", "TagValue"), 50)
}
