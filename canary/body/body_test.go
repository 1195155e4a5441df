package body

import (
	"bytes"
	"encoding/base64"
	"hash/crc64"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 100_000).Draw(t, "size")
		b := New("seed", size)
		whole, err := io.ReadAll(b)
		if err != nil || int64(len(whole)) != size {
			t.Fatalf("%d bytes, %v", len(whole), err)
		}
		if size > 0 {
			from := rapid.Int64Range(0, size-1).Draw(t, "from")
			n := rapid.Int64Range(0, size-from).Draw(t, "n")
			s := b.Section(from, n)
			for range 2 {
				if _, err := s.Seek(0, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if end, err := s.Seek(0, io.SeekEnd); err != nil || end != n {
					t.Fatalf("end at %d, %v", end, err)
				}
				if _, err := s.Seek(0, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				part, err := io.ReadAll(s)
				if err != nil || !bytes.Equal(part, whole[from:from+n]) {
					t.Fatalf("section [%d, %d) differs, %v", from, from+n, err)
				}
			}
		}
		if where, err := b.Compare(bytes.NewReader(whole)); where != "" || err != nil {
			t.Fatalf("%s, %v", where, err)
		}
		if where, _ := b.Compare(bytes.NewReader(append(whole, 1))); !strings.HasPrefix(where, "goes on") {
			t.Fatalf("longer: %q", where)
		}
		if size > 0 {
			if where, _ := b.Compare(bytes.NewReader(whole[:size-1])); !strings.HasPrefix(where, "ends after") {
				t.Fatalf("shorter: %q", where)
			}
			whole[rapid.Int64Range(0, size-1).Draw(t, "flipped")] ^= 1
			if where, _ := b.Compare(bytes.NewReader(whole)); !strings.HasSuffix(where, "differs") {
				t.Fatalf("flipped: %q", where)
			}
		}
	})
	// The check value of CRC-64/NVME.
	if got := crc64.Checksum([]byte("123456789"), nvme); got != 0xae8b14860a799888 {
		t.Errorf("CRC-64/NVME of 123456789 is %x", got)
	}
	if sum, err := New("x", 0).SHA256(); err != nil || sum != base64.StdEncoding.EncodeToString([]byte("\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55")) {
		t.Errorf("%s, %v", sum, err)
	}
}
