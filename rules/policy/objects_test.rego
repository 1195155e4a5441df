package crosscheck.objects_test

import data.crosscheck.objects

no(prefixes) := {"exclude": {"prefixes": prefixes}}

untagged(key, value) := {"exclude": {"tags": [{"key": key, "value": value}]}}

under(prefix, more) := object.union({"prefix": prefix}, more)

test_none if {
	every x in [
		no([""]),
		under("logs/2026/", no(["x/", "logs/"])),
		object.union({"tags": {"k": "v"}}, untagged("k", "v")),
	] {
		objects.none(x)
	}
}

test_some if {
	every x in [
		{},
		no(["x/"]),
		under("logs/", no(["logs/2026/"])),
		untagged("k", "v"),
		object.union({"tags": {"k": "w"}}, untagged("k", "v")),
	] {
		not objects.none(x)
	}
}

test_within if {
	every pair in [
		[{}, {}],
		[under("a/", {}), {}],
		[under("a/", {}), no(["b/"])],
		[under("a/", no(["a/s"])), no(["a/secret/"])],
		[{"tags": {"k": "v"}}, untagged("k", "w")],
		[untagged("k", "w"), untagged("k", "w")],
		[object.union(untagged("k", "w"), {"prefix": "a/"}), untagged("k", "w")],
	] {
		objects.within(pair[0], pair[1])
	}
}

test_not_within if {
	every pair in [
		[{}, under("a/", {})],
		[{}, no(["b/"])],
		[under("a/", {}), no(["a/secret/"])],
		[under("a/secret/", {}), no(["a/"])],
		[under("a/", no(["a/secret/"])), no(["a/s"])],
		[{}, untagged("k", "w")],
		[{"tags": {"k": "w"}}, untagged("k", "w")],
		[untagged("k", "v"), untagged("k", "w")],
	] {
		not objects.within(pair[0], pair[1])
	}
}

test_meet if {
	every pair in [
		[{}, under("a/", {})],
		[under("a/b/", {}), under("a/", no(["a/c/"]))],
		[untagged("k", "v"), {"tags": {"k": "w"}}],
		[{"tags": {"k": "v", "l": "w"}}, {"tags": {"k": "v", "m": "w"}}],
		[{"tags": {"k": "v"}}, {"tags": {"K": "w"}}],
	] {
		objects.meet(pair[0], pair[1])
		objects.meet(pair[1], pair[0])
	}
}

test_not_meet if {
	every pair in [
		[under("a/", {}), under("b/", {})],
		[under("a/b/", {}), under("a/", no(["a/"]))],
		[under("a/b/", {}), no(["a/"])],
		[untagged("k", "v"), {"tags": {"k": "v"}}],
		[{"tags": {"k": "v", "l": "w"}}, {"tags": {"k": "w", "l": "w"}}],
	] {
		not objects.meet(pair[0], pair[1])
		not objects.meet(pair[1], pair[0])
	}
}
