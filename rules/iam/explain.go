package iam

// Explain is [Decide] with words.
func Explain(req *Request, in *Input) Decision { return Decide(req, in) }
