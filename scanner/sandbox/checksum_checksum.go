package sandbox

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

// checksum is one of S3's additional checksums of an object.
type checksum struct {
	algorithm string // CRC64NVME, …
	value     string // base64; COMPOSITE ends in -N
	kind      string // FULL_OBJECT, COMPOSITE
}

const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

func checksumOf(algorithm string, data []byte) checksum {
	return checksum{algorithm, base64.StdEncoding.EncodeToString(sum(algorithm, data)), fullObject}
}

func sum(algorithm string, data []byte) []byte {
	h := checksumAlgorithms[algorithm]()
	h.Write(data)
	return h.Sum(nil)
}

// checksumAlgorithms are those that the sandbox computes. S3 knows the XXHASH
// family beside them.
var checksumAlgorithms = map[string]func() hash.Hash{
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

func (c checksum) header() string { return "X-Amz-Checksum-" + strings.ToLower(c.algorithm) }

// set writes a checksum into the header of an answer.
func (c checksum) set(h http.Header) {
	if c.value != "" {
		h.Set(c.header(), c.value)
		h.Set("X-Amz-Checksum-Type", c.kind)
	}
}
