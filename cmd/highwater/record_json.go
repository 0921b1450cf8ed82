package main

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordJSON is one record as --output json prints it. Keys and values that are no UTF-8 text appear in base64 under
// another name; null ones do not appear.
type recordJSON struct {
	Topic       string       `json:"topic"`
	Partition   int32        `json:"partition"`
	Offset      int64        `json:"offset"`
	Timestamp   int64        `json:"timestamp_ms"`
	Key         *string      `json:"key,omitempty"`
	KeyBase64   []byte       `json:"key_base64,omitempty"`
	Value       *string      `json:"value,omitempty"`
	ValueBase64 []byte       `json:"value_base64,omitempty"`
	Headers     []headerJSON `json:"headers,omitempty"`
}

type headerJSON struct {
	Key         string  `json:"key"`
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

// appendRecordJSON appends r as one line of JSON.
func appendRecordJSON(line []byte, r *kgo.Record) []byte {
	j := recordJSON{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli()}
	j.Key, j.KeyBase64 = textOrBytes(r.Key)
	j.Value, j.ValueBase64 = textOrBytes(r.Value)
	for _, h := range r.Headers {
		hj := headerJSON{Key: h.Key}
		hj.Value, hj.ValueBase64 = textOrBytes(h.Value)
		j.Headers = append(j.Headers, hj)
	}
	text, err := json.Marshal(j)
	if err != nil {
		panic(fmt.Sprintf("a record of plain fields cannot be rendered: %v", err))
	}
	return append(append(line, text...), '\n')
}

func textOrBytes(p []byte) (*string, []byte) {
	if p == nil {
		return nil, nil
	}
	if !utf8.Valid(p) {
		return nil, p
	}
	text := string(p)
	return &text, nil
}
