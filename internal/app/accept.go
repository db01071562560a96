package app

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"time"
)

// passing are the faults of accepting that end by themselves: the program or
// the machine has no room just now, or the client is gone again (accept(2)).
var passing = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
}

// acceptPause is how long nobody is accepted after such a fault.
const acceptPause = 50 * time.Millisecond

// patient is a listener that waits through the faults that pass, as net/http
// and gRPC do: a failure there would end the whole program.
type patient struct {
	net.Listener
	tell func(error) // of the first of several in a row
}

func (p *program) patient(l net.Listener) net.Listener {
	return patient{l, func(err error) {
		p.logger.Error("no room for a connection", "listener", l.Addr().String(), "error", err.Error())
	}}
}

// Accept implements [net.Listener].
func (l patient) Accept() (net.Conn, error) {
	for told := false; ; told = true {
		conn, err := l.Listener.Accept()
		if !slices.ContainsFunc(passing, func(fault error) bool { return errors.Is(err, fault) }) {
			return conn, err
		}
		if !told {
			l.tell(err)
		}
		time.Sleep(acceptPause)
	}
}
