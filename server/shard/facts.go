package shard

import "github.com/highwater-log/highwater/server/metrics"

// Counts implements metrics.Source.
func (s *Server) Counts() *metrics.Broker { return s.count }

// Facts implements metrics.Source. It asks every connection, so that none has to keep a sum.
func (s *Server) Facts() metrics.Facts {
	pool := s.buffers.Stats()
	f := metrics.Facts{
		RequestBytes: s.memory.inUse(), RequestBytesMost: requestBytes, BuffersUsed: pool.Used, BuffersFree: pool.Free,
		Ready: s.serves(),
	}
	for _, c := range s.clients.all() {
		c.mu.Lock()
		f.Connections++
		f.InFlight += c.frames.InFlight()
		f.ConnectionBytes += int64(c.frames.Held())
		c.mu.Unlock()
	}
	f.DiskFree, f.DiskSize, f.DiskAsked = s.space()
	return f
}

// space is what the file system of the data directory has, unless the directory is closed or cannot tell.
func (s *Server) space() (free, size int64, ok bool) {
	s.closing.RLock()
	defer s.closing.RUnlock()
	select {
	case <-s.done:
		return 0, 0, false
	default:
	}
	free, size, err := s.dir.Space()
	return free, size, err == nil
}
