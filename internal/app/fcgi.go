package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
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
		serve:    func(l net.Listener) error { return p.authorize(ctx, p.patient(l), &open) },
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
		conn, err := l.Accept()
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
