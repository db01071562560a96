package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// authorizers bounds the FastCGI connections at once: each carries one check,
// and Apache opens no more than it has workers.
const authorizers = 1024

// fcgiDoor answers Apache's checks. Each connection carries one, which takes
// less time than stopping may.
func (p *program) fcgiDoor(l net.Listener) door {
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	return door{
		listener: l,
		serve:    func(l net.Listener) error { return p.authorize(ctx, l, &open) },
		shut: func(stop context.Context) error {
			err := l.Close()
			defer cancel()
			done := make(chan struct{})
			go func() { open.Wait(); close(done) }()
			select {
			case <-done:
			case <-stop.Done():
				p.warnCutOff()
			}
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		},
	}
}

// authorize accepts connections until the listener is closed.
func (p *program) authorize(ctx context.Context, l net.Listener, open *sync.WaitGroup) error {
	room := make(chan struct{}, authorizers)
	for {
		room <- struct{}{}
		conn, err := accept(l)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		open.Go(func() {
			defer func() { <-room }()
			if err := p.proxy.ServeAuthorizer(ctx, conn); err != nil {
				p.logger.Debug("no FastCGI check", "peer", conn.RemoteAddr().String(), "error", err.Error())
			}
		})
	}
}

// passing are the faults of accepting that end by themselves: the program or
// the machine has no room just now, or the client is gone again (accept(2)).
var passing = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
}

// acceptPause is how long nobody is accepted after such a fault.
const acceptPause = 50 * time.Millisecond

// accept waits for a connection through the faults that pass, as the servers
// of the other listeners do: a failure here would end the whole program.
func accept(l net.Listener) (net.Conn, error) {
	for {
		conn, err := l.Accept()
		if !slices.ContainsFunc(passing, func(fault error) bool { return errors.Is(err, fault) }) {
			return conn, err
		}
		time.Sleep(acceptPause)
	}
}
