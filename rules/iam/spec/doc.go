// Package spec holds tests only: a second reading of AWS's rules, written without
// the code under rules/iam, against which that code is compared on recorded
// decisions of AWS, on vectors and on drawn cases.
package spec
