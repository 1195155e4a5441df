package client

import "testing"

func TestWithoutAccount(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"111111111111.127.0.0.1:5000":                         "127.0.0.1:5000",
		"111111111111.localhost:5000":                         "localhost:5000",
		"127.0.0.1:5000":                                      "127.0.0.1:5000",
		"111111111111.s3-control.us-east-1.amazonaws.com:443": "111111111111.s3-control.us-east-1.amazonaws.com:443",
		"111111111111.10.0.0.1:5000":                          "111111111111.10.0.0.1:5000",
		"11111111111.127.0.0.1:5000":                          "11111111111.127.0.0.1:5000",
		"111111111111.127.0.0.1.example.org:443":              "111111111111.127.0.0.1.example.org:443",
		"s3.us-east-1.amazonaws.com:443":                      "s3.us-east-1.amazonaws.com:443",
		"111111111111":                                        "111111111111",
	} {
		if got := withoutAccount(address); got != want {
			t.Errorf("%s is dialed as %s, want %s", address, got, want)
		}
	}
}
