package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Unfinished is the run file of a run that is to be continued: what it says about
// the buckets that were read and judged as a whole need not be asked for again. It
// reads the file and never closes it: that is up to the caller of [Resume].
type Unfinished struct {
	Run *Run

	file  io.ReadSeeker
	whole map[bucketID]*Judged
}

type bucketID struct{ account, name string }

// Resume reads a run file, whether its run ended or not. A last line that was cut
// is left out. The file is read again by [Unfinished.Replay].
func Resume(file io.ReadSeeker) (*Unfinished, error) {
	u := &Unfinished{file: file, whole: map[bucketID]*Judged{}}
	i := &index{u: u}
	_, done, err := replay(file, wholeLines, func(m Message) error { return m.Send(i) })
	switch {
	case err != nil:
		return nil, err
	case done && i.buckets > i.judged:
		return nil, errors.New("run file: it does not say which buckets were judged as a whole, as that of a scan of AWS does, so it cannot be continued")
	case u.Run == nil || u.Run.Judge == "":
		return nil, errors.New("run file: it does not say what judged it, so it cannot be continued")
	}
	return u, nil
}

// index notes the run and the buckets that were judged as a whole.
type index struct {
	Discard
	u               *Unfinished
	judged, buckets int
}

func (i *index) Coverage(c *fact.Coverage) error {
	i.buckets = c.Buckets.Scanned
	return nil
}

func (i *index) Run(r *Run) error {
	if i.u.Run == nil {
		i.u.Run = r
	}
	return nil
}

func (i *index) Judged(j *Judged) error {
	i.judged++
	if !j.Whole {
		return nil
	}
	id := bucketID{j.AccountID, j.Bucket}
	if i.u.whole[id] != nil {
		return fmt.Errorf("run file: bucket %s is judged twice", text.Visible(j.Bucket))
	}
	i.u.whole[id] = &Judged{Links: j.Links}
	return nil
}

// wholeLines cuts a text into lines and leaves out a last one that does not end.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}

// Judged reports whether a bucket need not be read again, and how many links it has.
func (u *Unfinished) Judged(account, bucket string) (links int, yes bool) {
	j := u.whole[bucketID{account, bucket}]
	if j == nil {
		return 0, false
	}
	return j.Links, true
}

// Replay gives what the file says about those buckets to h, each bucket's messages
// ended by its Judged, findings as the rules gave them.
func (u *Unfinished) Replay(h Handler) error {
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	again := &wholeBuckets{next: h}
	_, _, err := replay(bufio.NewReader(u.file), wholeLines, func(m Message) error { return m.Send(again) })
	return err
}

// wholeBuckets passes on what is said about the buckets that were judged as a whole,
// less what this run decides anew.
type wholeBuckets struct {
	Discard
	next      Handler
	about     []Message // the bucket that is not judged yet
	additions []string  // with buckets that are read again
}

func (b *wholeBuckets) Link(l *finding.Link) error {
	l.Baseline = "" // as the baseline of this run
	b.about = append(b.about, Message{Link: l})
	return nil
}

func (b *wholeBuckets) Finding(f *finding.Finding) error {
	f.Waiver, f.Baseline = nil, "" // the waivers of this run decide
	b.about = append(b.about, Message{Finding: f})
	return nil
}

func (b *wholeBuckets) Facts(d *fact.Document) error {
	b.about = append(b.about, Message{Facts: d})
	return nil
}

func (b *wholeBuckets) Judged(j *Judged) error {
	b.additions = append(b.additions, j.Additions...)
	whole := *j
	whole.Additions = b.additions
	about := append(b.about, Message{Judged: &whole})
	b.about = b.about[:0]
	if !j.Whole {
		return nil
	}
	b.additions = nil
	for _, m := range about {
		if err := m.Send(b.next); err != nil {
			return err
		}
	}
	return nil
}
