package process

import (
	"io"
	"net"
	"time"
)

// askPatience bounds one attempt: a request that comes while a broker recovers waits for it.
const askPatience = 5 * time.Second

// question is a Metadata request, version 1, about no topic: answered by who has recovered.
var question = []byte{
	0, 0, 0, 14, // bytes that follow
	0, 3, 0, 1, // key, version
	0, 0, 0, 7, // correlation id
	0xff, 0xff, // no client id
	0, 0, 0, 0, // no topic
}

// ask reports whether a recovered broker answers at address.
func ask(address string) error {
	c, err := net.DialTimeout("tcp", address, askPatience)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the answer is there, or it is not
	if err := c.SetDeadline(time.Now().Add(askPatience)); err != nil {
		return err
	}
	if _, err := c.Write(question); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 8)) // length and correlation id
	return err
}
