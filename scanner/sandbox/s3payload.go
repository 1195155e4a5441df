package sandbox

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
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

// nvme is the table of CRC64NVME; the polynomial is in reversed bit order.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

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

func sum(algorithm string, data []byte) []byte {
	h := checksumAlgorithms[algorithm]()
	h.Write(data)
	return h.Sum(nil)
}

func checksumOf(algorithm string, data []byte) checksum {
	return checksum{algorithm, base64.StdEncoding.EncodeToString(sum(algorithm, data)), fullObject}
}

func (c checksum) header() string { return "X-Amz-Checksum-" + strings.ToLower(c.algorithm) }

// set writes a checksum into the header of an answer.
func (c checksum) set(h http.Header) {
	if c.value != "" {
		h.Set(c.header(), c.value)
		h.Set("X-Amz-Checksum-Type", c.kind)
	}
}

// payload is the body of a request as the caller meant it: without the framing
// of aws-chunked, and checked against every digest that came with it. It needs
// the operation's name and the request only.
func (c *s3call) payload() ([]byte, *apiError) {
	if c.decoded == nil && c.refused == nil {
		c.decoded, c.refused = c.decode()
	}
	return c.decoded, c.refused
}

func (c *s3call) decode() ([]byte, *apiError) {
	body, trailer := c.body, http.Header{}
	hash := c.r.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(hash, "STREAMING-") {
		var ok bool
		if body, trailer, ok = unchunk(body); !ok {
			return nil, &apiError{status: 400, code: "IncompleteBody", message: "The request body terminated unexpectedly"}
		}
		if text := c.r.Header.Get("X-Amz-Decoded-Content-Length"); text != strconv.Itoa(len(body)) {
			return nil, &apiError{status: 400, code: "IncompleteBody", message: "The request body does not have the length that x-amz-decoded-content-length names"}
		}
	} else if len(hash) == 2*sha256.Size {
		if got := sha256.Sum256(body); hex.EncodeToString(got[:]) != hash {
			return nil, &apiError{status: 400, code: "XAmzContentSHA256Mismatch", message: "The provided 'x-amz-content-sha256' header does not match what was computed."}
		}
	}
	if text := c.r.Header.Get("Content-Md5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != md5.Size {
			return nil, &apiError{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified is not valid."}
		}
		if got := md5.Sum(body); !bytes.Equal(got[:], want) {
			return nil, &apiError{status: 400, code: "BadDigest", message: "The Content-MD5 you specified did not match what we received."}
		}
	}
	for _, header := range []http.Header{c.r.Header, trailer} {
		for name, values := range header {
			algorithm, ok := strings.CutPrefix(name, "X-Amz-Checksum-")
			if !ok || algorithm == "Algorithm" || algorithm == "Type" || algorithm == "Mode" {
				continue
			}
			algorithm = strings.ToUpper(algorithm)
			if checksumAlgorithms[algorithm] == nil {
				return nil, notImplemented("the checksum algorithm " + algorithm)
			}
			if c.given != (checksum{}) {
				return nil, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
			}
			c.given = checksum{algorithm, values[0], fullObject}
		}
	}
	// A checksum in the header of CompleteMultipartUpload is the object's, not
	// that of the request's body.
	if c.given.value != "" && c.op.name != "CompleteMultipartUpload" && c.given.value != checksumOf(c.given.algorithm, body).value {
		return nil, &apiError{status: 400, code: "BadDigest", message: "The " + c.given.algorithm + " you specified did not match the calculated checksum."}
	}
	if body == nil {
		body = []byte{}
	}
	c.digest = sum("MD5", body)
	if c.given.value == "" && c.op.name == "PutObject" {
		c.given = checksumOf("CRC64NVME", body) // S3's own
	}
	return body, nil
}

// unchunk takes the framing of aws-chunked away. Chunk signatures are not verified.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func unchunk(in []byte) (body []byte, trailer http.Header, ok bool) {
	body, trailer = make([]byte, 0, len(in)), http.Header{}
	for {
		line, rest, found := bytes.Cut(in, []byte("\r\n"))
		if !found {
			return nil, nil, false
		}
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 32)
		if err != nil {
			return nil, nil, false
		}
		in = rest
		if n == 0 {
			break
		}
		if uint64(len(in)) < n+2 || in[n] != '\r' || in[n+1] != '\n' {
			return nil, nil, false
		}
		body = append(body, in[:n]...)
		in = in[n+2:]
	}
	for {
		line, rest, _ := bytes.Cut(in, []byte("\r\n"))
		if len(line) == 0 {
			return body, trailer, true
		}
		name, value, found := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":")
		if !found {
			return nil, nil, false
		}
		trailer.Add(textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
		in = rest
	}
}

// contentHeaders are the headers that S3 stores with an object and returns.
var contentHeaders = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"}

// storedHeaders is what a write says about the content.
func storedHeaders(r *http.Request) (header, metadata map[string]string) {
	header, metadata = map[string]string{}, map[string]string{}
	for _, name := range contentHeaders {
		if value := r.Header.Get(name); value != "" {
			header[name] = value
		}
	}
	if coding, ok := header["Content-Encoding"]; ok {
		codings := slices.DeleteFunc(strings.Split(coding, ","), func(s string) bool { return strings.TrimSpace(s) == "aws-chunked" })
		if header["Content-Encoding"] = strings.TrimSpace(strings.Join(codings, ",")); header["Content-Encoding"] == "" {
			delete(header, "Content-Encoding")
		}
	}
	if header["Content-Type"] == "" {
		header["Content-Type"] = "binary/octet-stream"
	}
	for name, values := range r.Header {
		if key, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			metadata[strings.ToLower(key)] = strings.Join(values, ",")
		}
	}
	return header, metadata
}
