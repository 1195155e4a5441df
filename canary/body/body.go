// Package body is the content of probe objects: made from a seed, and compared with what was read.
package body

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
)

// Body is the content of a probe object: bytes made from a seed, so that an
// object of any size is written and compared without being held in memory. It
// is an io.ReadSeeker over [0, size).
type Body struct {
	seed   string
	size   int64
	offset int64
	block  int64 // number of the block in sum, -1 = none
	sum    [sha256.Size]byte
}

// New is a body of so many bytes.
func New(seed string, size int64) *Body { return &Body{seed: seed, size: size, block: -1} }

func (b *Body) Read(p []byte) (int, error) {
	if b.offset >= b.size {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && b.offset < b.size {
		block, at := b.offset/sha256.Size, b.offset%sha256.Size
		if block != b.block {
			b.block, b.sum = block, sha256.Sum256(binary.BigEndian.AppendUint64([]byte(b.seed), uint64(block)))
		}
		c := copy(p[n:], b.sum[at:min(sha256.Size, at+b.size-b.offset)])
		n += c
		b.offset += int64(c)
	}
	return n, nil
}

func (b *Body) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.offset
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of a probe's body")
	}
	b.offset = offset
	return offset, nil
}

// SHA256 is the checksum of the whole body as S3 writes it.
func (b Body) SHA256() (string, error) {
	b.offset = 0
	h := sha256.New()
	_, err := io.Copy(h, &b)
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), err
}

// nvme is the polynomial of CRC-64/NVME, bits reversed.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// CRC64 is the other checksum, the only one of a whole object that S3
// takes for an upload in parts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (b Body) CRC64() (string, error) {
	b.offset = 0
	h := crc64.New(nvme)
	_, err := io.Copy(h, &b)
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), err
}

// Compare reads r to its end and says where it differs, "" if nowhere.
func (b Body) Compare(r io.Reader) (string, error) {
	b.offset = 0
	var want, got [32 << 10]byte
	for at := int64(0); ; {
		n, err := io.ReadFull(r, got[:])
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return "", err
		}
		m, _ := io.ReadFull(&b, want[:min(int64(n), b.size-at)]) // a body has no errors
		for i := range m {
			if want[i] != got[i] {
				return fmt.Sprintf("byte %d differs", at+int64(i)), nil
			}
		}
		at += int64(m)
		switch {
		case m < n:
			return fmt.Sprintf("goes on after byte %d", at), nil
		case ended && at < b.size:
			return fmt.Sprintf("ends after byte %d", at), nil
		case ended:
			return "", nil
		}
	}
}

// Section is a part of the body.
func (b *Body) Section(from, size int64) io.ReadSeeker {
	return &section{b: *b, from: from, size: size}
}

// Size is in bytes.
func (b *Body) Size() int64 { return b.size }

// section is a part of a body.
type section struct {
	b          Body
	from, size int64
}

func (s *section) Read(b []byte) (int, error) {
	left := s.size - (s.b.offset - s.from)
	if s.b.offset < s.from {
		s.b.offset, left = s.from, s.size
	}
	if left <= 0 {
		return 0, io.EOF
	}
	return s.b.Read(b[:min(int64(len(b)), left)])
}

func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += max(s.b.offset, s.from) - s.from
	case io.SeekEnd:
		offset += s.size
	}
	s.b.offset = s.from + offset
	return offset, nil
}
