# The objects that the filters of replication rules and lifecycle rules take: those under a
# prefix that have all tags, without those that a filter excludes.
package crosscheck.objects

prefix(x) := object.get(x, "prefix", "")

tags(x) := object.get(x, "tags", {})

excluded_prefixes(x) := object.get(x, ["exclude", "prefixes"], [])

excluded_tags(x) := object.get(x, ["exclude", "tags"], [])

# What a excludes takes in every object of b.
bars(a, b) if {
	some excluded in a.exclude.prefixes
	startswith(prefix(b), excluded)
}

bars(a, b) if {
	some excluded in a.exclude.tags
	tags(b)[excluded.key] == excluded.value
}

# The filter excludes all that it could take.
none(x) if {
	x.exclude # as few have
	bars(x, x)
}

# Some key is below both prefixes, an object may have the tags of both, and neither excludes
# all of the other.
meet(a, b) if {
	nested(prefix(a), prefix(b))
	not apart(tags(a), tags(b))
	not bars(a, b)
	not bars(b, a)
}

# One tag would need two values.
apart(s, t) if {
	some key, value in s
	t[key] != value
}

nested(p, q) if startswith(p, q)

nested(p, q) if startswith(q, p)

# Every object of a is one of b.
within(a, b) if {
	startswith(prefix(a), prefix(b))
	every key, value in tags(b) {
		tags(a)[key] == value
	}
	every excluded in excluded_prefixes(b) {
		free_of_prefix(a, excluded)
	}
	every excluded in excluded_tags(b) {
		free_of_tag(a, excluded)
	}
}

# No object of x has a key with the prefix.
free_of_prefix(x, p) if not nested(prefix(x), p)

free_of_prefix(x, p) if {
	some excluded in excluded_prefixes(x)
	startswith(p, excluded)
}

# No object of x has the tag.
free_of_tag(x, tag) if tags(x)[tag.key] != tag.value

free_of_tag(x, tag) if tag in excluded_tags(x)
