package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// authorizers bounds the FastCGI connections at once: Apache opens one for each
// check, and no more than it has workers.
const authorizers = 1024

// fcgiDoor answers Apache's checks, each of which takes less time than stopping
// may.
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
		conn, err := p.accept(l)
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

// acceptAgain is how long to wait when there is no room for another connection.
const acceptAgain = 50 * time.Millisecond

// accept waits for the next connection, and for room: a program that has every
// file open that it may goes on when one is closed, as on its other listeners.
func (p *program) accept(l net.Listener) (net.Conn, error) {
	for told := false; ; told = true {
		conn, err := l.Accept()
		var errno syscall.Errno
		if !errors.As(err, &errno) || !errno.Temporary() {
			return conn, err
		}
		if !told {
			p.logger.Error("no room for a connection of Apache", "error", err.Error())
		}
		time.Sleep(acceptAgain)
	}
}
