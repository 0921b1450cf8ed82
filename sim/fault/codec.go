package fault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Write writes p, one object per line.
func Write(w io.Writer, p *Plan) error {
	b := bufio.NewWriter(w)
	writeLine(b, "header", p.Header)
	for i := range p.Ops {
		writeLine(b, "op", p.Ops[i])
	}
	for i := range p.Faults {
		writeLine(b, "fault", p.Faults[i])
	}
	if p.Verdict != nil {
		writeLine(b, "verdict", p.Verdict)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// writeLine puts the kind of the line before the fields of v. Errors stay in the writer.
func writeLine(b *bufio.Writer, kind string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types of a plan always marshal
	}
	_, _ = fmt.Fprintf(b, "{\"line\":%q,%s\n", kind, text[1:]) // Flush tells
}

// Read reads what Write wrote. Unknown lines, fields and formats are errors: a plan that is half understood would run
// as another one.
func Read(r io.Reader) (*Plan, error) {
	p := &Plan{}
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		if len(bytes.TrimSpace(scan.Bytes())) == 0 {
			continue
		}
		if err := p.readLine(scan.Bytes()); err != nil {
			return nil, fmt.Errorf("plan line %d: %w", n, err)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	if p.Header.Format == 0 {
		return nil, errors.New("plan without a header")
	}
	return p, nil
}

func (p *Plan) readLine(text []byte) error {
	var kind struct {
		Line string `json:"line"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return err
	}
	switch kind.Line {
	case "header":
		if err := readStrict(text, &p.Header); err != nil {
			return err
		}
		if p.Header.Format != Format {
			return fmt.Errorf("format %d: this build reads %d", p.Header.Format, Format)
		}
		return nil
	case "op":
		p.Ops = append(p.Ops, Op{})
		return readStrict(text, &p.Ops[len(p.Ops)-1])
	case "fault":
		p.Faults = append(p.Faults, Fault{})
		return readStrict(text, &p.Faults[len(p.Faults)-1])
	case "verdict":
		p.Verdict = &Verdict{}
		return readStrict(text, p.Verdict)
	}
	return fmt.Errorf("unknown kind of line %q", kind.Line)
}

// readStrict reads the fields of a line into v, which must know all of them but the kind.
func readStrict(text []byte, v any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	delete(fields, "line")
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(rest))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
