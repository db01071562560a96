package app

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
)

// crowded is a listener that fails before it gives a connection, and then for
// good.
type crowded struct {
	net.Listener
	faults []error
	given  net.Conn
}

func (c *crowded) Addr() net.Addr { return &net.TCPAddr{} }

func (c *crowded) Accept() (net.Conn, error) {
	if len(c.faults) == 0 {
		return c.given, nil
	}
	fault := c.faults[0]
	c.faults = c.faults[1:]
	return nil, fault
}

// A lack of descriptors passes: it must not end the program, which also
// answers on other listeners.
func TestNoRoomForAConnectionPasses(t *testing.T) {
	at := func(fault error) error {
		return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", fault)}
	}
	p := &program{parts: parts{logger: slog.New(slog.DiscardHandler)}}
	given, other := net.Pipe()
	t.Cleanup(func() { given.Close(); other.Close() })
	got, err := p.patient(&crowded{faults: []error{at(syscall.EMFILE), at(syscall.ENFILE), at(syscall.ECONNABORTED)}, given: given}).Accept()
	if err != nil || got != given {
		t.Errorf("Accept() = %v, %v; want the connection after the faults", got, err)
	}
	for _, fault := range []error{net.ErrClosed, at(syscall.EINVAL)} {
		if got, err := p.patient(&crowded{faults: []error{fault}, given: given}).Accept(); !errors.Is(err, fault) || got != nil {
			t.Errorf("Accept() = %v, %v; want %v", got, err, fault)
		}
	}
}
