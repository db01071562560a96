package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/memberward/memberward/internal/telemetry"
)

// How long a connection may take, and how much its head may hold. Handlers
// bound bodies and decisions themselves.
const (
	headTimeout  = 10 * time.Second
	readTimeout  = time.Minute
	writeTimeout = 5 * time.Minute // a list that is read slowly
	idleTimeout  = 2 * time.Minute // longer than any proxy keeps a connection
	headLimit    = 64 << 10        // bytes
	stopTimeout  = 10 * time.Second
)

// Server is the HTTP server of every listener, with its limits of time and
// size. It answers every request itself: net/http would answer OPTIONS * with
// 200.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout: headTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headLimit,
	}
}

func (p *program) server(handler http.Handler) *http.Server {
	s := Server(handler)
	s.ErrorLog = slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug)
	return s
}

// serve answers on every listener until ctx ends, and then stops gracefully:
// the ops listener goes last, so that whoever asks learns that we are not
// ready.
func (p *program) serve(ctx context.Context, l listeners) error {
	ops := p.server(telemetry.OpsHandler(p.metrics.Handler(), p.checks()))
	doors := []*http.Server{p.server(p.apis()), p.server(p.counted("proxy", "proxy", p.proxy))}
	group, ctx := errgroup.WithContext(ctx)
	for i, listener := range []net.Listener{l.api, l.proxy} {
		group.Go(func() error { return answer(doors[i], listener) })
	}
	group.Go(func() error { return answer(ops, l.ops) })
	group.Go(func() error { return p.rotateKeys(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		p.stopping.Store(true)
		p.logger.Info("stopping", "at_most", stopTimeout)
		return p.stop(doors, ops)
	})
	return group.Wait()
}

// answer serves one listener; that it was told to stop is no error.
func answer(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// stop finishes what is in flight, for a while, and cuts off the rest.
func (p *program) stop(doors []*http.Server, ops *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	for _, door := range doors {
		group.Go(func() error { return p.shut(ctx, door) })
	}
	return errors.Join(group.Wait(), p.shut(ctx, ops))
}

func (p *program) shut(ctx context.Context, server *http.Server) error {
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		p.logger.Warn("requests were cut off: they took longer than the time to stop")
		return server.Close()
	}
	return err
}

// checks are the conditions of readiness.
func (p *program) checks() []telemetry.Check {
	return []telemetry.Check{
		{Name: "store", Ready: func(context.Context) error { return p.store.Err() }},
		{Name: "policy", Ready: func(context.Context) error {
			if p.engine.Active() == nil {
				return errors.New("no policy set is active")
			}
			return nil
		}},
		{Name: "listeners", Ready: func(context.Context) error {
			if p.stopping.Load() {
				return errors.New("the program is stopping")
			}
			return nil
		}},
	}
}
