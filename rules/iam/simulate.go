package iam

// Simulate answers one line of crosscheck simulate.
func Simulate(line []byte) []byte { out, _ := SimulateLine(line); return out }

// SimulateLine is Simulate; ok is false for a line that could not be read.
func SimulateLine(line []byte) (out []byte, ok bool) { return nil, false }
