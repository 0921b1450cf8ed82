package record

import "encoding/binary"

// cursor takes fields off the front of one record. The first complaint stays; after it every field is zero.
type cursor struct {
	p   []byte
	why string
}

func (c *cursor) fail(field, what string) {
	if c.why == "" {
		c.why = field + " " + what
	}
	c.p = nil
}

func (c *cursor) int8(field string) int8 {
	if len(c.p) == 0 {
		c.fail(field, "is cut off")
		return 0
	}
	v := int8(c.p[0])
	c.p = c.p[1:]
	return v
}

// varlong takes a zigzag varint of 64 bits: at most ten bytes, padded or not, as Kafka's readers take it.
func (c *cursor) varlong(field string) int64 {
	if len(c.p) > 0 && c.p[0] < 0x80 { // most are one byte
		u := c.p[0]
		c.p = c.p[1:]
		return int64(u>>1) ^ -int64(u&1)
	}
	v, n := binary.Varint(c.p)
	if n <= 0 {
		if n == 0 {
			c.fail(field, "is cut off")
		} else {
			c.fail(field, "is longer than a varint can be")
		}
		return 0
	}
	c.p = c.p[n:]
	return v
}

// varint takes a zigzag varint of 32 bits: at most five bytes.
func (c *cursor) varint(field string) int {
	before := len(c.p)
	v := c.varlong(field)
	if c.why == "" && (before-len(c.p) > binary.MaxVarintLen32 || v != int64(int32(v))) {
		c.fail(field, "is longer than a varint can be")
		return 0
	}
	return int(v)
}

// bytes takes a length and so many bytes, as a view.
func (c *cursor) bytes(field string) []byte {
	n := c.varint(field)
	if c.why == "" && (n < 0 || n > len(c.p)) {
		c.fail(field, "runs past the record")
	}
	if c.why != "" {
		return nil
	}
	p := c.p[:n:n]
	c.p = c.p[n:]
	return p
}

// nullable takes bytes, or nil where the length is -1.
func (c *cursor) nullable(field string) []byte {
	if len(c.p) > 0 && c.p[0] == 1 { // -1 in zigzag
		c.p = c.p[1:]
		return nil
	}
	return c.bytes(field)
}

// count takes how many headers follow: each has at least two bytes.
func (c *cursor) count(field string) int {
	n := c.varint(field)
	if c.why == "" && (n < 0 || n > len(c.p)/2) {
		c.fail(field, "runs past the record")
	}
	if c.why != "" {
		return 0
	}
	return n
}
