// Package checksum computes the additional checksums of S3 objects.
package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// Checksum is one of S3's additional checksums of an object.
type Checksum struct {
	Algorithm string // CRC64NVME, …
	Value     string // base64; COMPOSITE ends in -N
	Kind      string // FULL_OBJECT, COMPOSITE
}

// The kinds of checksum.
const (
	FullObject = "FULL_OBJECT"
	Composite  = "COMPOSITE"
)

// Of is the checksum of a whole object. The algorithm must be one of [Algorithms].
func Of(algorithm string, data []byte) Checksum {
	return Checksum{algorithm, base64.StdEncoding.EncodeToString(Sum(algorithm, data)), FullObject}
}

// Sum is the digest of data. The algorithm must be one of [Algorithms].
func Sum(algorithm string, data []byte) []byte {
	h := Algorithms[algorithm]()
	h.Write(data)
	return h.Sum(nil)
}

// Algorithms are those that the sandbox computes. S3 also knows the XXHASH
// family.
var Algorithms = map[string]func() hash.Hash{
	"CRC32":     func() hash.Hash { return crc32.NewIEEE() },
	"CRC32C":    func() hash.Hash { return crc32.New(castagnoli) },
	"CRC64NVME": func() hash.Hash { return crc64.New(nvme) },
	"SHA1":      sha1.New,
	"SHA256":    sha256.New,
	"SHA512":    sha512.New,
	"MD5":       md5.New,
}

// nvme is the table of CRC64NVME; the polynomial is in reversed bit order.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the name of the header that has the checksum.
func (c Checksum) Header() string { return "X-Amz-Checksum-" + strings.ToLower(c.Algorithm) }

// Set writes a checksum into the header of an answer.
func (c Checksum) Set(h http.Header) {
	if c.Value != "" {
		h.Set(c.Header(), c.Value)
		h.Set("X-Amz-Checksum-Type", c.Kind)
	}
}
