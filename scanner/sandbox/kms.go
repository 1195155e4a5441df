package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// kmsCall is the members of all requests that the sandbox reads.
type kmsCall struct {
	KeyID      string `json:"KeyId"`
	PolicyName string
	Policy     string
	Limit      *int
	Marker     string
}

var kmsOperations = map[string]func(*State, *call, kmsCall) (object, *apiError){
	"DescribeKey":      describeKey,
	"GetKeyPolicy":     getKeyPolicy,
	"ListAliases":      listAliases,
	"ListGrants":       listGrants,
	"ListKeyPolicies":  listKeyPolicies,
	"ListResourceTags": listResourceTags,
	"PutKeyPolicy":     putKeyPolicy,
}

// kmsService answers the operations of AWS KMS that read keys, and PutKeyPolicy.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
var kmsService = jsonService[kmsCall]{
	name: "kms", target: "TrentService.",
	throttled: "ThrottlingException", internal: "KMSInternalException",
	account:    ownerOfKey,
	operations: kmsOperations,
}.service()

// ownerOfKey is the account of the key that a call names.
func ownerOfKey(s *State, c *call) string {
	var in kmsCall
	_ = json.Unmarshal(c.body, &in) // a body that does not parse names no key
	if k, _ := findKey(s, c, in.KeyID); k != nil {
		return k.account
	}
	return ""
}

func kmsNotFound(message string) *apiError {
	return &apiError{status: 400, code: "NotFoundException", message: message}
}

// findKey finds the key that a request of c names: by key id or alias in the
// caller's account and Region, by key ARN or alias ARN anywhere in the Region.
func findKey(s *State, c *call, id string) (*key, *apiError) {
	if c.caller == nil {
		return nil, kmsNotFound("no caller")
	}
	account, resource := c.caller.account, id
	if strings.HasPrefix(id, "arn:") {
		a, ok := parseARN(id)
		switch {
		case !ok || a.service != "kms" || a.partition != s.partition:
			return nil, kmsNotFound("Invalid keyId '" + id + "'")
		case a.region != c.region:
			return nil, kmsNotFound("Invalid arn " + a.region)
		}
		account, resource = a.account, a.resource
	} else if !strings.HasPrefix(id, "alias/") {
		resource = "key/" + id
	}
	prefix := "arn:" + s.partition + ":kms:" + c.region + ":" + account + ":"
	owner := s.accounts[account]
	if strings.HasPrefix(resource, "alias/") {
		if owner != nil && resource == awsManagedS3Alias {
			return s.awsManagedS3Key(account, c.region), nil
		}
		if owner == nil || owner.aliases[c.region+"/"+resource] == "" {
			return nil, kmsNotFound("Alias " + prefix + resource + " is not found.")
		}
		return s.keys[owner.aliases[c.region+"/"+resource]], nil
	}
	if k := s.keys[prefix+resource]; k != nil {
		return k, nil
	}
	return nil, kmsNotFound("Key '" + prefix + resource + "' does not exist")
}

// authorizedKey finds the key of a request and authorizes the operation on it.
// Only DescribeKey reaches keys of other accounts.
func authorizedKey(s *State, c *call, in kmsCall) (*key, *apiError) {
	k, e := findKey(s, c, in.KeyID)
	if e != nil {
		return nil, e
	}
	foreign := k.account != c.caller.account
	if foreign && c.operation() != "DescribeKey" && c.operation() != "ListGrants" {
		return nil, c.denied("User: " + c.caller.principal.ARN + " is not authorized to perform: " + c.op +
			" on resource: " + k.arn + ": the operation does not work across accounts")
	}
	if e := c.authorize(s, question{
		action: c.op, resource: k.arn, account: k.account,
		kind: iam.KeyPolicy, policy: k.policy, name: k.arn,
		context: s.keyContext(k, c.caller.account), grants: truth(k.granted(c.caller, c.operation())),
	}); e != nil {
		return nil, e
	}
	return k, nil
}

func describeKey(s *State, c *call, in kmsCall) (object, *apiError) {
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	m := object{
		"AWSAccountId": k.account, "KeyId": k.id, "Arn": k.arn, "CreationDate": epoch(k.created),
		"Enabled": k.state == "Enabled", "Description": k.description, "KeyUsage": k.usage, "KeyState": k.state,
		"Origin": k.origin, "KeyManager": k.manager, "KeySpec": k.spec, "CustomerMasterKeySpec": k.spec,
		"MultiRegion": k.multiRegion,
	}
	if k.usage == "ENCRYPT_DECRYPT" && k.spec == "SYMMETRIC_DEFAULT" {
		m["EncryptionAlgorithms"] = []string{"SYMMETRIC_DEFAULT"}
	}
	if k.state == "PendingDeletion" {
		m["DeletionDate"] = epoch(k.created.Add(30 * 24 * time.Hour))
	}
	if k.multiRegion {
		m["MultiRegionConfiguration"] = multiRegionObject(s, k)
	}
	return object{"KeyMetadata": m}, nil
}

// multiRegionObject describes the keys of one id in several Regions; the first by
// Region that the world names is the primary.
func multiRegionObject(s *State, k *key) object {
	var related []*key
	for _, arn := range slices.Sorted(maps.Keys(s.keys)) {
		if o := s.keys[arn]; o.id == k.id && o.account == k.account {
			related = append(related, o)
		}
	}
	replicas, kind := []object{}, "REPLICA"
	for _, o := range related[1:] {
		replicas = append(replicas, object{"Arn": o.arn, "Region": o.region})
	}
	if related[0] == k {
		kind = "PRIMARY"
	}
	return object{
		"MultiRegionKeyType": kind,
		"PrimaryKey":         object{"Arn": related[0].arn, "Region": related[0].region},
		"ReplicaKeys":        replicas,
	}
}

func getKeyPolicy(s *State, c *call, in kmsCall) (object, *apiError) {
	if strings.HasPrefix(in.KeyID, "alias/") || strings.Contains(in.KeyID, ":alias/") {
		return nil, kmsNotFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	if in.PolicyName != "" && in.PolicyName != "default" {
		return nil, kmsNotFound("No such policy exists")
	}
	return object{"Policy": k.policy, "PolicyName": "default"}, nil
}

func putKeyPolicy(s *State, c *call, in kmsCall) (object, *apiError) {
	if strings.HasPrefix(in.KeyID, "alias/") || strings.Contains(in.KeyID, ":alias/") {
		return nil, kmsNotFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	if p := iam.Parse(iam.KeyPolicy, k.arn, []byte(in.Policy)); !p.Valid() {
		return nil, &apiError{status: 400, code: "MalformedPolicyDocumentException", message: firstFault(p)}
	}
	if k.manager == "AWS" {
		return nil, c.denied("the policy of an AWS managed key cannot be changed")
	}
	k.policy = in.Policy
	return object{}, nil
}

// kmsPage cuts a page out of a list: up to 1000, as many as fallback by default.
func kmsPage(in kmsCall, member string, all []object, fallback int) (object, *apiError) {
	limit := fallback
	if in.Limit != nil {
		if limit = *in.Limit; limit < 1 || limit > 1000 {
			return nil, &apiError{status: 400, code: "ValidationException", message: "Limit is between 1 and 1000"}
		}
	}
	items, next, ok := page(all, in.Marker, limit)
	if !ok {
		return nil, &apiError{status: 400, code: "InvalidMarkerException", message: "Invalid marker"}
	}
	if items == nil {
		items = []object{}
	}
	return object{member: items, "Truncated": next != "", "NextMarker": optional(next)}, nil
}

func listKeyPolicies(s *State, c *call, in kmsCall) (object, *apiError) {
	if _, e := authorizedKey(s, c, in); e != nil {
		return nil, e
	}
	return object{"PolicyNames": []string{"default"}, "Truncated": false}, nil
}

func listAliases(s *State, c *call, in kmsCall) (object, *apiError) {
	// No key is concerned, so that IAM alone decides, as under a key policy that
	// delegates to the account.
	account := c.caller.account
	if e := c.authorize(s, question{
		action: c.op, resource: "*", account: account, kind: iam.KeyPolicy, policy: defaultKeyPolicy(s.partition, account),
	}); e != nil {
		return nil, e
	}
	var only *key
	if in.KeyID != "" {
		k, e := findKey(s, c, in.KeyID)
		if e != nil {
			return nil, e
		}
		only = k
	}
	a := s.accounts[account]
	names := []string{awsManagedS3Alias} // listed without a key until it is used
	for name := range a.aliases {
		if region, alias, _ := strings.Cut(name, "/"); region == c.region && alias != awsManagedS3Alias {
			names = append(names, alias)
		}
	}
	slices.Sort(names)
	var all []object
	for _, name := range names {
		target := s.keys[a.aliases[c.region+"/"+name]]
		if only != nil && target != only {
			continue
		}
		o := object{
			"AliasName": name, "AliasArn": "arn:" + s.partition + ":kms:" + c.region + ":" + a.id + ":" + name,
		}
		if target != nil {
			o["TargetKeyId"], o["CreationDate"], o["LastUpdatedDate"] = target.id, epoch(target.created), epoch(target.created)
		}
		all = append(all, o)
	}
	return kmsPage(in, "Aliases", all, 50)
}

func listGrants(s *State, c *call, in kmsCall) (object, *apiError) {
	if strings.HasPrefix(in.KeyID, "alias/") {
		return nil, kmsNotFound("Invalid keyId '" + in.KeyID + "'")
	}
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	var all []object
	for _, g := range k.grants {
		all = append(all, object{
			"KeyId": k.arn, "GrantId": g.id, "GranteePrincipal": g.grantee, "Operations": g.operations,
			"IssuingAccount": "arn:" + s.partition + ":iam::" + k.account + ":root", "CreationDate": epoch(k.created),
		})
	}
	return kmsPage(in, "Grants", all, 50)
}

func listResourceTags(s *State, c *call, in kmsCall) (object, *apiError) {
	k, e := authorizedKey(s, c, in)
	if e != nil {
		return nil, e
	}
	return kmsPage(in, "Tags", tagList(k.tags, "TagKey", "TagValue"), 50)
}
