package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/highwater-log/highwater/server/health"
)

// What a client of the listener may take (HT-1).
const (
	connectionsAtMost = 64
	headerBytes       = 8 << 10
	headerPatience    = 5 * time.Second
	answerPatience    = 30 * time.Second
	idlePatience      = time.Minute
	closePatience     = time.Second
)

// Pages are what the listener answers with.
type Pages struct {
	Metrics     http.Handler
	Live, Ready func() []health.Check
}

// Server is a listener of operators.
type Server struct {
	listener net.Listener
	server   http.Server
	served   chan struct{}
}

// Listen opens the listener at address. Nobody is answered before Serve.
func Listen(address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and probes: %w", err)
	}
	return &Server{listener: bound(l, connectionsAtMost), served: make(chan struct{})}, nil
}

// Address is where it listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until Close, in the background.
func (s *Server) Serve(p Pages, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.Metrics)
	mux.Handle("GET /livez", health.Handler("alive", p.Live))
	mux.Handle("GET /readyz", health.Handler("ready", p.Ready))
	s.server = http.Server{
		Handler: http.MaxBytesHandler(mux, 0), MaxHeaderBytes: headerBytes, ReadHeaderTimeout: headerPatience, ReadTimeout: headerPatience,
		WriteTimeout: answerPatience, IdleTimeout: idlePatience, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Warn("metrics and probes are not answered any more", "error", err)
		}
	}()
}

// Close ends it, after the answers that are being given.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close() // whoever is still there gets no answer
	}
	_ = s.listener.Close() // it is closed, unless it was never served
}
