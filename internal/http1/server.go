package http1

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers the requests of a listener. All fields are required; none may
// change while it serves.
type Server struct {
	Handler http.Handler
	// Refuse answers what is no request: it cannot be read, is too long, or
	// expects something. The connection ends with it.
	Refuse http.Handler

	HeadLimit    int           // of a request, in bytes
	HeadTimeout  time.Duration // from its first byte to its last
	WriteTimeout time.Duration // of an answer
	IdleTimeout  time.Duration // between an answer and the next request; above that of any proxy

	Clock func() time.Time // wall-clock time
	Log   *slog.Logger     // of connections that broke, at the level of debugging

	mu       sync.Mutex
	stopping atomic.Bool
	listener net.Listener
	open     map[*conn]struct{}
	serving  sync.WaitGroup
}

// Serve answers until the server is shut, which it reports as
// [http.ErrServerClosed], or the listener fails. A server serves once.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.begin(l) {
		return http.ErrServerClosed
	}
	for {
		accepted, err := l.Accept()
		if err != nil {
			if s.stopping.Load() {
				return http.ErrServerClosed
			}
			return err
		}
		if c := s.admit(accepted); c != nil {
			go func() {
				defer s.leave(c)
				defer c.cutOff()
				c.serve()
			}()
		}
	}
}

// begin notes what ends the server, unless it has ended already.
func (s *Server) begin(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.open = l, map[*conn]struct{}{}
	return !s.stopping.Load()
}

// admit counts a connection among the open ones; nil: it came too late.
func (s *Server) admit(accepted net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		_ = accepted.Close()
		return nil
	}
	c := newConn(s, accepted)
	s.open[c] = struct{}{}
	s.serving.Add(1)
	return c
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.serving.Done()
}

// Shutdown accepts nobody any more, closes idle connections and waits until
// every request that has begun is answered. It ends with ctx, too, and gives
// its error then.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.stop((*conn).endIfIdle)
	done := make(chan struct{})
	go func() { s.serving.Wait(); close(done) }()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		return errors.Join(err, ctx.Err())
	}
}

// Close ends everything at once, answered or not.
func (s *Server) Close() error {
	return s.stop(func(c *conn) {
		_ = c.Close()
		c.cutOff()
	})
}

// stop closes the listener, and ends each open connection.
func (s *Server) stop(end func(*conn)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping.Store(true)
	for c := range s.open {
		end(c)
	}
	if s.listener == nil {
		return nil
	}
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
