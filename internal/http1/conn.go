package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Whether a connection waits for a request.
const (
	busy int32 = iota
	idle
	ended // while it was idle
)

// lingering is how long a connection that ends is kept for what the other side
// still sends: closing over it would destroy the answer on its way.
const lingering = 250 * time.Millisecond

// conn is one connection.
type conn struct {
	net.Conn
	server *Server
	ctx    context.Context // of its requests
	cutOff context.CancelFunc
	peer   string // their RemoteAddr
	head   io.LimitedReader
	reader *bufio.Reader
	answer response
	state  atomic.Int32

	readBy, writeBy time.Time // the deadlines in force
}

func newConn(s *Server, accepted net.Conn) *conn {
	c := &conn{Conn: accepted, server: s, peer: accepted.RemoteAddr().String()}
	c.ctx, c.cutOff = context.WithCancel(context.WithValue(context.Background(), http.LocalAddrContextKey, accepted.LocalAddr()))
	c.head.R = accepted
	c.reader = bufio.NewReader(&c.head)
	c.answer.header = http.Header{}
	return c
}

// serve answers one request after another.
func (c *conn) serve() {
	defer c.Close()
	defer func() {
		if broken := recover(); broken != nil {
			c.server.Log.Error("a connection broke", "peer", c.peer, "panic", fmt.Sprintf("%T", broken), "stack", string(debug.Stack()))
		}
	}()
	for c.wait() {
		handler := c.server.Handler
		r, err := c.read()
		if err != nil {
			if c.broke(err) {
				c.server.Log.Debug("a request that never came whole", "peer", c.peer, "error", err.Error())
				return
			}
			handler = c.server.Refuse // the error may quote a credential
			r = (&http.Request{ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Close: true}).WithContext(c.ctx)
		}
		r.RemoteAddr = c.peer
		handler.ServeHTTP(&c.answer, r)
		last := r.Close || !r.ProtoAtLeast(1, 1) || r.Body != nil && r.Body != http.NoBody || c.server.stopping.Load()
		if err := c.send(r, last); err != nil {
			c.server.Log.Debug("no answer could be sent", "peer", c.peer, "error", err.Error())
			return
		}
		if last {
			Leave(c.Conn, c.server.Clock())
			return
		}
	}
}

// wait waits for the first byte of a request.
func (c *conn) wait() bool {
	if postpone(&c.readBy, c.server.Clock(), c.server.IdleTimeout, c.SetReadDeadline) != nil {
		return false
	}
	c.state.Store(idle)
	if c.server.stopping.Load() {
		return false
	}
	c.head.N = int64(c.server.HeadLimit)
	_, err := c.reader.Peek(1)
	return err == nil && c.state.CompareAndSwap(idle, busy)
}

// endIfIdle closes the connection unless a request has begun.
func (c *conn) endIfIdle() {
	if c.state.CompareAndSwap(idle, ended) {
		_ = c.Close()
	}
}

// read reads the head of a request. net/http's parser is as strict as its
// server but for what stands in valid.
func (c *conn) read() (*http.Request, error) {
	if whole, _ := c.reader.Peek(c.reader.Buffered()); !bytes.Contains(whole, []byte("\r\n\r\n")) {
		c.readBy = time.Time{} // to be idle has another
		if err := c.SetReadDeadline(c.server.Clock().Add(c.server.HeadTimeout)); err != nil {
			return nil, err
		}
	}
	r, err := http.ReadRequest(c.reader)
	if err == nil {
		err = valid(r)
	}
	if err != nil {
		return nil, err
	}
	return r.WithContext(c.ctx), nil
}

// broke reports whether a head could not be read since nobody sends it any
// more, or too slowly: there is nobody to answer.
func (c *conn) broke(err error) bool {
	return errors.As(err, new(*net.OpError)) || errors.Is(err, io.ErrUnexpectedEOF) && c.head.N > 0
}

// valid refuses what net/http's server refuses beside its parser (RFC 9112, 3.2
// and 9110, 5.5 and 10.1.1), a Host that is empty, and a target that names a
// host: beside it, nobody would hold the Host header against anything.
func valid(r *http.Request) error {
	switch {
	case r.ProtoMajor != 1:
		return errors.New("another version of HTTP")
	case r.URL.Host != "":
		return errors.New("a target that names a host")
	case r.ProtoAtLeast(1, 1) && r.Host == "":
		return errors.New("no host")
	case !httpguts.ValidHostHeader(r.Host):
		return errors.New("a host that is none")
	}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return errors.New("a header with a name that is none")
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return errors.New("a header with a value that is none")
			}
		}
	}
	for _, expected := range r.Header["Expect"] {
		if !strings.EqualFold(expected, "100-continue") {
			return errors.New("an expectation that is none")
		}
	}
	return nil
}

// send sends what the handler has answered.
func (c *conn) send(r *http.Request, last bool) error {
	now := c.server.Clock()
	if err := postpone(&c.writeBy, now, c.server.WriteTimeout, c.SetWriteDeadline); err != nil {
		return err
	}
	_, err := c.Write(c.answer.take(r, now, last))
	return err
}

// postpone sets a deadline that is so far away, unless the one in force is
// nearly as far: each time that one is set may wake a thread.
func postpone(by *time.Time, now time.Time, timeout time.Duration, set func(time.Time) error) error {
	if left := by.Sub(now); left >= timeout-timeout/8 && left <= timeout { // a clock may be set back
		return nil
	}
	*by = now.Add(timeout)
	return set(*by)
}

// Leave ends a connection's answers, and throws away what the other side still
// sends until it has no more, or for as long as an answer may be on its way. The
// caller closes it.
func Leave(conn net.Conn, now time.Time) {
	half, can := conn.(interface{ CloseWrite() error })
	if !can || half.CloseWrite() != nil || conn.SetReadDeadline(now.Add(lingering)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}
