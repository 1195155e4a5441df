package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"crosscheck/report/internal/text"
)

// Unfinished is the run file of a run that is to be continued: what it says about
// the buckets that were read and judged as a whole need not be asked for again.
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
	_, _, err := replay(file, wholeLines, func(m Message) error {
		switch {
		case m.Run != nil && u.Run == nil:
			u.Run = m.Run
		case m.Judged != nil && m.Judged.Whole:
			id := bucketID{m.Judged.AccountID, m.Judged.Bucket}
			if u.whole[id] != nil {
				return fmt.Errorf("run file: bucket %s is judged twice", text.Visible(m.Judged.Bucket))
			}
			u.whole[id] = &Judged{Links: m.Judged.Links}
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case u.Run == nil || u.Run.Judge == "":
		return nil, errors.New("run file: it does not say what judged it, so it cannot be continued")
	}
	return u, nil
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
	var about []Message
	_, _, err := replay(bufio.NewReader(u.file), wholeLines, func(m Message) error {
		switch {
		case m.Link != nil:
			m.Link.Baseline = "" // as the baseline of this run
			about = append(about, m)
		case m.Finding != nil:
			m.Finding.Waiver, m.Finding.Baseline = nil, "" // the waivers of this run decide
			about = append(about, m)
		case m.Judged != nil:
			if m.Judged.Whole {
				for _, m := range append(about, m) {
					if err := m.Send(h); err != nil {
						return err
					}
				}
			}
			about = about[:0]
		}
		return nil
	})
	return err
}
