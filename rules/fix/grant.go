package fix

// grant is a right that a policy must give.
type grant struct {
	principal string // ARN of a role, or the name of a service; "" in a policy of a role
	action    string
	resource  string // ARN or pattern, "*" in the policy of a key
}
