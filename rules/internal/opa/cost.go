package opa

import (
	"math"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	maxResult   = 32 << 20 // bytes that one call of a builtin may make
	maxDigits   = 4096     // of a number, written out
	maxShift    = 1 << 16  // bits
	maxPattern  = 64 << 10 // bytes of a regular expression or glob
	tooMuch     = math.MaxInt64 / 4
	elementSize = 96 // bytes of a string in an array: its term, value and place
)

// A cost is an upper bound of the bytes that a call of a builtin makes, tooMuch where it
// is not known to be bounded. It takes no longer than the builtin. After the arguments
// there may be the variable that the result is for.
type cost func(args []*ast.Term) int64

// costs are those of the builtins that can make more of what they are given than a few
// times its size. What is not here is linear.
var costs = map[string]cost{
	// text
	"concat":                   concatCost,
	"sprintf":                  sprintfCost,
	"internal.template_string": func(args []*ast.Term) int64 { return 2 * size(args[0]) },
	"replace":                  replaceCost,
	"strings.replace_n":        replaceNCost,
	"split":                    splitCost,
	"strings.split_n":          splitCost,
	"indexof_n":                splitCost,
	"lower":                    times(3),
	"upper":                    times(3),
	"strings.reverse":          times(2),
	"base64.encode":            times(2),
	"base64url.encode":         times(2),
	"base64url.encode_no_pad":  times(2),
	"hex.encode":               times(2),
	"urlquery.encode":          times(3),
	"urlquery.encode_object":   times(3),
	"urlquery.decode_object":   times(elementSize),
	"strings.any_prefix_match": times(2),
	"strings.any_suffix_match": times(2),
	"json.marshal":             times(2),
	"json.unmarshal":           times(elementSize / 2),
	"json.is_valid":            times(elementSize / 2),
	"glob.quote_meta":          times(2),

	// regular expressions
	"regex.match":                      func(args []*ast.Term) int64 { return pattern(args[0]) },
	"re_match":                         func(args []*ast.Term) int64 { return pattern(args[0]) },
	"regex.is_valid":                   func(args []*ast.Term) int64 { return pattern(args[0]) },
	"regex.template_match":             func(args []*ast.Term) int64 { return pattern(args[0]) },
	"glob.match":                       func(args []*ast.Term) int64 { return pattern(args[0]) },
	"regex.split":                      matchesCost,
	"regex.find_n":                     matchesCost,
	"regex.find_all_string_submatch_n": matchesCost,
	"regex.replace":                    regexReplaceCost,

	// collections
	"array.concat":  func(args []*ast.Term) int64 { return 16 * (length(args[0]) + length(args[1])) },
	"array.flatten": flattenCost,

	// numbers
	"plus": numbers, "minus": numbers, "mul": numbers, "div": numbers, "rem": numbers,
	"round": numbers, "ceil": numbers, "floor": numbers, "abs": numbers,
	"sum": numbers, "product": numbers, "format_int": numbers, "to_number": numbers,
	"units.parse": numbers, "units.parse_bytes": numbers,
	"bits.or": numbers, "bits.and": numbers, "bits.xor": numbers, "bits.negate": numbers, "bits.rsh": numbers,
	"bits.lsh": shiftCost, "numbers.range": func(args []*ast.Term) int64 { return rangeCost(args, 1) },
	"numbers.range_step": func(args []*ast.Term) int64 { return rangeCost(args, math.Abs(float(args[2]))) },
}

// Unbounded are builtins whose result has no useful bound that is known before: paths of
// graphs, templates with loops, aliases in YAML, schemas.
var Unbounded = []string{
	"graph.reachable_paths", "strings.render_template", "json.marshal_with_options", "regex.globs_match",
	"yaml.", "json.verify_schema", "json.match_schema", "crypto.parse_private_keys",
}

// times is so many times the size of the arguments.
func times(n int64) cost {
	return func(args []*ast.Term) int64 {
		var all int64
		for _, a := range args {
			all += size(a)
		}
		return n * all
	}
}

// size is the size of a term written as text, not more than a little above maxResult: a
// term that is in it twice counts twice.
func size(t *ast.Term) int64 {
	if s, ok := t.Value.(ast.String); ok { // as most are
		return int64(len(s)) + 3
	}
	left := int64(maxResult) + 1
	measure(t, &left)
	return maxResult + 1 - left
}

// Huge reports whether a term is larger than what a rule may answer, written as text.
func Huge(t *ast.Term) bool { return size(t) > maxResult }

func measure(t *ast.Term, left *int64) {
	if *left <= 0 {
		return
	}
	switch v := t.Value.(type) {
	case ast.String:
		*left -= int64(len(v)) + 3
	case ast.Number:
		*left -= int64(len(v)) + 1
	case *ast.Array:
		*left -= 2
		v.Until(func(e *ast.Term) bool {
			measure(e, left)
			return *left <= 0
		})
	case ast.Set:
		*left -= 2
		v.Until(func(e *ast.Term) bool {
			measure(e, left)
			return *left <= 0
		})
	case ast.Object:
		*left -= 2
		v.Until(func(k, e *ast.Term) bool {
			measure(k, left)
			measure(e, left)
			return *left <= 0
		})
	default:
		*left -= 8
	}
}

func text(t *ast.Term) string {
	s, _ := t.Value.(ast.String)
	return string(s)
}

func length(t *ast.Term) int64 {
	switch v := t.Value.(type) {
	case *ast.Array:
		return int64(v.Len())
	case ast.Set:
		return int64(v.Len())
	case ast.Object:
		return int64(v.Len())
	}
	return 0
}

// each calls f for the elements of an array or a set. f does not escape, so a
// call allocates nothing.
func each(t *ast.Term, f func(*ast.Term)) {
	switch v := t.Value.(type) {
	case *ast.Array:
		for i := range v.Len() {
			f(v.Elem(i))
		}
	case ast.Set:
		for _, e := range v.Slice() {
			f(e)
		}
	}
}

func concatCost(args []*ast.Term) int64 {
	all := int64(len(text(args[0]))) * length(args[1])
	each(args[1], func(e *ast.Term) { all += int64(len(text(e))) })
	return all
}

// sprintfCost takes every verb for one of the largest argument, which a verb with an
// index can name.
func sprintfCost(args []*ast.Term) int64 {
	format, largest := text(args[0]), int64(32)
	each(args[1], func(e *ast.Term) { largest = max(largest, 2*size(e)) })
	verbs, width, digits := int64(strings.Count(format, "%")), int64(0), int64(0)
	for _, c := range []byte(format) {
		switch {
		case c >= '0' && c <= '9':
			digits = min(10*digits+int64(c-'0'), 1e6) // what fmt takes at most
			width = max(width, digits)
			continue
		case c == '*':
			width = 1e6
		}
		digits = 0
	}
	return int64(len(format)) + verbs*(largest+width)
}

func replaceCost(args []*ast.Term) int64 {
	s, old, by := text(args[0]), text(args[1]), text(args[2])
	return int64(len(s)) + int64(strings.Count(s, old))*int64(len(by))
}

func replaceNCost(args []*ast.Term) int64 {
	longest := int64(1)
	if o, ok := args[0].Value.(ast.Object); ok {
		o.Foreach(func(_, by *ast.Term) { longest = max(longest, int64(len(text(by)))) })
	}
	return (int64(len(text(args[1]))) + 1) * longest
}

func splitCost(args []*ast.Term) int64 {
	s := text(args[0])
	return int64(len(s)) + elementSize*(int64(strings.Count(s, text(args[1])))+1)
}

func pattern(t *ast.Term) int64 {
	if len(text(t)) > maxPattern {
		return tooMuch
	}
	return 0
}

func matchesCost(args []*ast.Term) int64 {
	groups := int64(strings.Count(text(args[0]), "(")) + 1
	return pattern(args[0]) + elementSize*groups*(int64(len(text(args[1])))+1)
}

// regexReplaceCost assumes the most: a match between any two characters, and a replacement
// made of references such as $0, two characters each, which are replaced by the whole match.
func regexReplaceCost(args []*ast.Term) int64 {
	s, by := int64(len(text(args[0]))), int64(len(text(args[2])))
	return pattern(args[1]) + s + 2*(s+1)*by
}

func flattenCost(args []*ast.Term) int64 {
	var all int64
	var flatten func(t *ast.Term)
	flatten = func(t *ast.Term) {
		if all += 16; all > maxResult {
			return
		}
		if a, ok := t.Value.(*ast.Array); ok {
			a.Until(func(e *ast.Term) bool {
				flatten(e)
				return all > maxResult
			})
		}
	}
	flatten(args[0])
	return all
}

// numbers lets pass numbers that are not long when they are written out.
func numbers(args []*ast.Term) int64 {
	var all int64
	for _, a := range args {
		all += digits(a)
		each(a, func(e *ast.Term) {
			if _, ok := e.Value.(ast.Number); ok { // of sum and product; minus is also that of sets
				all += max(digits(e)-32, 0)
			}
		})
	}
	if all > maxDigits {
		return tooMuch
	}
	return 0
}

// digits is how long a number is when it is written out, 0 of what is none.
func digits(t *ast.Term) int64 {
	var s string
	switch v := t.Value.(type) {
	case ast.Number:
		s = string(v)
	case ast.String:
		s = string(v)
	default:
		return 0
	}
	n := int64(len(s))
	if i := strings.LastIndexAny(s, "eE"); i >= 0 {
		exponent := strings.TrimLeft(s[i+1:], "+-")
		end := strings.IndexFunc(exponent, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			exponent = exponent[:end]
		}
		e, err := strconv.ParseInt(exponent, 10, 32)
		if err != nil && exponent != "" {
			return maxDigits + 1
		}
		n += e
	}
	return n
}

func shiftCost(args []*ast.Term) int64 {
	n, ok := args[1].Value.(ast.Number)
	by, fits := n.Int64()
	if !ok || !fits || by > maxShift {
		return tooMuch
	}
	return numbers(args[:1])
}

func rangeCost(args []*ast.Term, step float64) int64 {
	n := math.Abs(float(args[1])-float(args[0])) / max(step, 1)
	if !(n*elementSize <= maxResult) { // nor where it is no number
		return tooMuch
	}
	return numbers(args)
}

func float(t *ast.Term) float64 {
	n, ok := t.Value.(ast.Number)
	f, fits := n.Float64()
	if !ok || !fits {
		return math.NaN()
	}
	return f
}
