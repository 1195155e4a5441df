package wire

import (
	"bytes"
	"cmp"
	"io"
)

// Printer writes parts of a document until the first error.
type Printer struct {
	W   io.Writer
	buf bytes.Buffer
	Err error
}

// Print writes s as it is.
func (p *Printer) Print(s string) {
	if p.Err == nil {
		_, p.Err = io.WriteString(p.W, s)
	}
}

// Value writes v as JSON on one line.
func (p *Printer) Value(v any) {
	if p.Err == nil {
		p.Err = Encode(&p.buf, v)
	}
	if p.Err == nil {
		_, p.Err = p.W.Write(p.buf.Bytes())
	}
}

// Walked is an array of the document itself, of texts that are JSON already.
func (p *Printer) Walked(texts func(func([]byte) error) error) {
	p.Print("[")
	i := 0
	err := texts(func(body []byte) error {
		p.item(i, "  ")
		i++
		if p.Err == nil {
			_, p.Err = p.W.Write(body)
		}
		return p.Err
	})
	p.Err = cmp.Or(p.Err, err)
	if i > 0 {
		p.Print("\n  ")
	}
	p.Print("]")
}

func (p *Printer) item(i int, indent string) {
	if i > 0 {
		p.Print(",")
	}
	p.Print("\n  " + indent)
}

// Array writes items as a JSON array, an item a line.
func Array[T any](p *Printer, indent string, items []T) {
	p.Print("[")
	for i, v := range items {
		p.item(i, indent)
		p.Value(v)
	}
	if len(items) > 0 {
		p.Print("\n" + indent)
	}
	p.Print("]")
}
