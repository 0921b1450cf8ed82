package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Address is where a broker listens, or where clients reach it.
type Address struct {
	Host string // empty: every address of the machine
	Port int32  // 0: any free one
}

// String renders a as HOST:PORT.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))) }

// Everywhere reports whether a names no single host: nothing that a client could dial.
func (a Address) Everywhere() bool {
	ip := net.ParseIP(a.Host)
	return a.Host == "" || (ip != nil && ip.IsUnspecified())
}

// ParseAddress reads HOST:PORT or PLAINTEXT://HOST:PORT.
func ParseAddress(text string) (Address, error) {
	protocol, rest, named := strings.Cut(text, "://")
	if !named {
		rest = text
	} else if !strings.EqualFold(protocol, "PLAINTEXT") {
		return Address{}, fmt.Errorf("%q: only PLAINTEXT:// is spoken", text)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		return Address{}, fmt.Errorf("%q is not HOST:PORT: %w", text, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, fmt.Errorf("%q is no port: it must be 0 to 65535", port)
	}
	return Address{Host: host, Port: int32(n)}, nil
}
