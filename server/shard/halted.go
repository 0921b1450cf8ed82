package shard

import "github.com/highwater-log/highwater/core/event"

// Halted says how a broker ended.
type Halted struct {
	Code event.HaltCode
	Text string
}

// Error tells it to a person.
func (h *Halted) Error() string {
	switch h.Code {
	case event.HaltRefused:
		return "the data directory cannot be used: " + h.Text
	case event.HaltDisk:
		return "the disk failed, and nothing was acknowledged after that: " + h.Text
	case event.HaltLost:
		return "acknowledged data is missing or damaged: " + h.Text
	}
	return "stopped: " + h.Text
}

// guard ends the process when a goroutine of the server panics, after the trace was told, SH-5. To be deferred.
func (s *Server) guard() {
	if p := recover(); p != nil {
		s.fatal(p, s.DumpTrace)
	}
}
