// Package spool keeps any number of values in bounded memory: [Spool] sorts them, on
// disk where they are many, and [Top] keeps the first of them.
package spool

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// spoolBytes is how much of one kind of message is kept in memory, as encoded.
const spoolBytes = 4 << 20

// Spool sorts any number of messages in bounded memory: they are kept encoded,
// and where they are many, in sorted runs on disk that are merged when they are
// walked. The order is that of the key and then of the content, so the order of
// arrival never shows.
type Spool[T any] struct {
	Key    func(*T) []string             // what to sort by, the first part first
	Encode func(*bytes.Buffer, *T) error // its first line is the message in a JSON document
	Decode func(*json.Decoder) (*T, error)
	Limit  int // bytes in memory, 0 = spoolBytes

	n      int
	buf    bytes.Buffer
	batch  []spooled
	size   int // bytes in batch
	sorted bool
	file   *os.File
	runs   []*io.SectionReader
	end    int64
}

// spooled is one message: its key, and what it is decoded from.
type spooled struct{ key, value []byte }

func compareSpooled(a, b spooled) int {
	return cmp.Or(bytes.Compare(a.key, b.key), bytes.Compare(a.value, b.value))
}

// Len is how many messages were added.
func (s *Spool[T]) Len() int { return s.n }

// Add takes a message; an error is one of Encode or of the disk.
func (s *Spool[T]) Add(v *T) error {
	if err := s.Encode(&s.buf, v); err != nil {
		return err
	}
	key := strings.Join(s.Key(v), "\x00")
	both := make([]byte, 0, len(key)+s.buf.Len())
	both = append(append(both, key...), s.buf.Bytes()...)
	s.batch = append(s.batch, spooled{both[:len(key):len(key)], both[len(key):]})
	s.n, s.sorted = s.n+1, false
	if s.size += len(both) + 64; s.size > cmp.Or(s.Limit, spoolBytes) {
		return s.flush()
	}
	return nil
}

func (s *Spool[T]) sort() {
	if !s.sorted {
		slices.SortFunc(s.batch, compareSpooled)
		s.sorted = true
	}
}

func noRoom(err error) error {
	return fmt.Errorf("the results do not fit in memory and cannot be kept on disk "+
		"(set TMPDIR to a directory with room): %w", err)
}

// flush writes what is in memory to disk as one sorted run.
func (s *Spool[T]) flush() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "crosscheck-*") // 0600
		if err != nil {
			return noRoom(err)
		}
		_ = os.Remove(f.Name()) // the open file stays; nothing is left behind, however the process ends
		s.file = f
	}
	s.sort()
	w := bufio.NewWriterSize(s.file, 1<<16)
	start := s.end
	for _, m := range s.batch {
		var head [2 * binary.MaxVarintLen64]byte
		h := binary.AppendUvarint(binary.AppendUvarint(head[:0], uint64(len(m.key))), uint64(len(m.value)))
		for _, part := range [][]byte{h, m.key, m.value} {
			_, _ = w.Write(part) // Flush gives the first error
			s.end += int64(len(part))
		}
	}
	if err := w.Flush(); err != nil {
		return noRoom(err)
	}
	s.runs = append(s.runs, io.NewSectionReader(s.file, start, s.end-start))
	clear(s.batch)
	s.batch, s.size = s.batch[:0], 0
	return nil
}

// Each calls f with each message in order; it may be called again. Each value is a new
// one. An error of f ends the walk and is returned.
func (s *Spool[T]) Each(f func(*T) error) error {
	d := &lineDecoder{}
	return s.walk(func(m spooled) error {
		v, err := s.Decode(d.on(m.value))
		if err != nil {
			return err
		}
		return f(v)
	})
}

// Texts calls f with each message in order, as a JSON document has it.
func (s *Spool[T]) Texts(f func([]byte) error) error {
	return s.walk(func(m spooled) error {
		body, _, _ := bytes.Cut(m.value, []byte("\n"))
		return f(body)
	})
}

func (s *Spool[T]) walk(f func(spooled) error) error {
	s.sort()
	if len(s.runs) == 0 {
		for _, m := range s.batch {
			if err := f(m); err != nil {
				return err
			}
		}
		return nil
	}
	var m merge
	for _, run := range s.runs {
		if _, err := run.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := m.add(&runReader{r: bufio.NewReaderSize(run, 1<<15)}); err != nil {
			return err
		}
	}
	if err := m.add(&memoryReader{s.batch}); err != nil {
		return err
	}
	for m.Len() > 0 {
		if err := f(m.heads[0].m); err != nil {
			return err
		}
		if err := m.next(); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the memory and the disk.
func (s *Spool[T]) Close() {
	if s.file != nil {
		_ = s.file.Close() // removed long ago
	}
	s.file, s.runs, s.batch = nil, nil, nil
}

// lineDecoder decodes small JSON texts, numbers as they were written.
type lineDecoder struct{ r bytes.Reader }

func (d *lineDecoder) on(body []byte) *json.Decoder {
	d.r.Reset(body)
	dec := json.NewDecoder(&d.r)
	dec.UseNumber()
	return dec
}

// sortedReader gives messages in order, io.EOF at the end.
type sortedReader interface{ read() (spooled, error) }

type memoryReader struct{ rest []spooled }

func (r *memoryReader) read() (spooled, error) {
	if len(r.rest) == 0 {
		return spooled{}, io.EOF
	}
	m := r.rest[0]
	r.rest = r.rest[1:]
	return m, nil
}

type runReader struct{ r *bufio.Reader }

func (r *runReader) read() (spooled, error) {
	key, err := binary.ReadUvarint(r.r)
	if err != nil {
		return spooled{}, err // io.EOF at the end of the run
	}
	value, err := binary.ReadUvarint(r.r)
	if err != nil {
		return spooled{}, io.ErrUnexpectedEOF
	}
	both := make([]byte, key+value)
	if _, err := io.ReadFull(r.r, both); err != nil {
		return spooled{}, io.ErrUnexpectedEOF
	}
	return spooled{both[:key:key], both[key:]}, nil
}

// merge is a heap of readers by the message that each gives next.
type merge struct{ heads []head }

type head struct {
	m    spooled
	from sortedReader
}

func (m *merge) Len() int           { return len(m.heads) }
func (m *merge) Less(i, j int) bool { return compareSpooled(m.heads[i].m, m.heads[j].m) < 0 }
func (m *merge) Swap(i, j int)      { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }
func (m *merge) Push(x any)         { m.heads = append(m.heads, x.(head)) }
func (m *merge) Pop() any {
	last := m.heads[len(m.heads)-1]
	m.heads = m.heads[:len(m.heads)-1]
	return last
}

func (m *merge) add(from sortedReader) error {
	first, err := from.read()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	heap.Push(m, head{first, from})
	return nil
}

// next replaces the first message by the one that follows it in its reader.
func (m *merge) next() error {
	v, err := m.heads[0].from.read()
	switch {
	case errors.Is(err, io.EOF):
		heap.Pop(m)
		return nil
	case err != nil:
		return err
	}
	m.heads[0].m = v
	heap.Fix(m, 0)
	return nil
}
