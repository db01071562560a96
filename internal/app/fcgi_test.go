package app

import (
	"errors"
	"log/slog"
	"net"
	"syscall"
	"testing"
)

// crowded is a listener that has no room at first.
type crowded struct {
	net.Listener
	refuses int
}

func (c *crowded) Accept() (net.Conn, error) {
	if c.refuses > 0 {
		c.refuses--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return nil, net.ErrClosed
}

// TestNoRoomForAConnectionOfApache: who opens more connections than there are
// files ends nothing but the wait for room.
func TestNoRoomForAConnectionOfApache(t *testing.T) {
	p := &program{parts: parts{logger: slog.New(slog.DiscardHandler)}}
	l := &crowded{refuses: 3}
	if _, err := p.accept(l); !errors.Is(err, net.ErrClosed) || l.refuses != 0 {
		t.Errorf("%v with %d refusals left: it should have gone on until the listener was closed", err, l.refuses)
	}
}
