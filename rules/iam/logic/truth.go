// Package logic is Kleene's three-valued logic, in which decisions are made.
package logic

// Truth is a value of Kleene's three-valued logic. The zero value is Unknown.
type Truth int8

// The three values.
const (
	Unknown Truth = iota
	False
	True
)

// Kleene's connectives: and is the minimum, or the maximum of False < Unknown < True.

// And is the minimum of False < Unknown < True.
func And(a, b Truth) Truth {
	switch {
	case a == False || b == False:
		return False
	case a == True && b == True:
		return True
	}
	return Unknown
}

// Or is the maximum.
func Or(a, b Truth) Truth {
	switch {
	case a == True || b == True:
		return True
	case a == False && b == False:
		return False
	}
	return Unknown
}

// Not leaves Unknown as it is.
func Not(a Truth) Truth {
	switch a {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// Of is the truth of what is known.
func Of(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Choose is yes or no as cond says; where cond is unknown, what both agree on.
func Choose(cond, yes, no Truth) Truth {
	switch {
	case cond == True || yes == no:
		return yes
	case cond == False:
		return no
	}
	return Unknown
}

// String is true, false or unknown.
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}
