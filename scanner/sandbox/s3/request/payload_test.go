package request

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnchunk(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, body string
		trailer        http.Header
		ok             bool
	}{
		{"unsigned with trailer", "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "hello world", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}}, true},
		{"signed", "5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n", "hello", http.Header{}, true},
		{"signed trailer", "0;chunk-signature=cd\r\nx-amz-checksum-sha1:AA==\r\nx-amz-trailer-signature:ef\r\n\r\n", "", http.Header{"X-Amz-Checksum-Sha1": {"AA=="}, "X-Amz-Trailer-Signature": {"ef"}}, true},
		{"boto's trailer end", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\n\r\n\r\n\r\n", "hello", http.Header{"X-Amz-Checksum-Crc32": {"DUoRhQ=="}}, true},
		{"cut in a chunk", "5\r\nhel", "", nil, false},
		{"cut after a chunk", "5\r\nhello\r\n", "", nil, false},
		{"no length", "zz\r\nhello\r\n0\r\n\r\n", "", nil, false},
		{"huge length", "fffffffff\r\nhello\r\n", "", nil, false},
		{"empty", "", "", nil, false},
	} {
		body, trailer, ok := unchunk([]byte(test.in))
		if string(body) != test.body || ok != test.ok || !cmp.Equal(trailer, test.trailer) {
			t.Errorf("%s: %q, %v, %v", test.name, body, trailer, ok)
		}
	}
}

func FuzzUnchunk(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx:y\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if body, _, ok := unchunk(in); ok && len(body) > len(in) {
			t.Errorf("%d bytes out of %d", len(body), len(in))
		}
	})
}
