package request

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/wire"
)

// Payload is the body of a request as the caller meant it: without the framing
// of aws-chunked, and checked against every digest that came with it. It needs
// the operation's name and the request only.
func (c *Request) Payload() ([]byte, *wire.Error) {
	if c.decoded == nil && c.refused == nil {
		c.decoded, c.refused = c.decode()
	}
	return c.decoded, c.refused
}

func (c *Request) decode() ([]byte, *wire.Error) {
	body, trailer := c.Body, http.Header{}
	hash := c.HTTP.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(hash, "STREAMING-") {
		var ok bool
		if body, trailer, ok = unchunk(body); !ok {
			return nil, &wire.Error{
				Status: 400, Code: "IncompleteBody",
				Message: "The request body terminated unexpectedly",
			}
		}
		if text := c.HTTP.Header.Get("X-Amz-Decoded-Content-Length"); text != strconv.Itoa(len(body)) {
			return nil, &wire.Error{
				Status: 400, Code: "IncompleteBody",
				Message: "The request body does not have the length that x-amz-decoded-content-length names",
			}
		}
	} else if len(hash) == 2*sha256.Size {
		if got := sha256.Sum256(body); hex.EncodeToString(got[:]) != hash {
			return nil, &wire.Error{
				Status: 400, Code: "XAmzContentSHA256Mismatch",
				Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
			}
		}
	}
	if text := c.HTTP.Header.Get("Content-Md5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != md5.Size {
			return nil, &wire.Error{
				Status: 400, Code: "InvalidDigest",
				Message: "The Content-MD5 you specified is not valid.",
			}
		}
		if got := md5.Sum(body); !bytes.Equal(got[:], want) {
			return nil, &wire.Error{
				Status: 400, Code: "BadDigest",
				Message: "The Content-MD5 you specified did not match what we received.",
			}
		}
	}
	for _, header := range []http.Header{c.HTTP.Header, trailer} {
		for name, values := range header {
			algorithm, ok := strings.CutPrefix(name, "X-Amz-Checksum-")
			if !ok || algorithm == "Algorithm" || algorithm == "Type" || algorithm == "Mode" {
				continue
			}
			algorithm = strings.ToUpper(algorithm)
			if checksum.Algorithms[algorithm] == nil {
				return nil, wire.NotImplemented("the checksum algorithm " + algorithm)
			}
			if c.Given != (checksum.Checksum{}) {
				return nil, wire.InvalidRequest(
					"Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
				)
			}
			c.Given = checksum.Checksum{Algorithm: algorithm, Value: values[0], Kind: checksum.FullObject}
		}
	}
	// A checksum in the header of CompleteMultipartUpload is the object's, not
	// that of the request's body.
	if c.Given.Value != "" && c.Known.Name != "CompleteMultipartUpload" && c.Given.Value != checksum.Of(c.Given.Algorithm, body).Value {
		return nil, &wire.Error{
			Status: 400, Code: "BadDigest",
			Message: "The " + c.Given.Algorithm + " you specified did not match the calculated checksum.",
		}
	}
	if body == nil {
		body = []byte{}
	}
	c.Digest = checksum.Sum("MD5", body)
	if c.Given.Value == "" && c.Known.Name == "PutObject" {
		c.Given = checksum.Of("CRC64NVME", body) // S3's own
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
