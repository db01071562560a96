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

	"github.com/memberward/memberward/internal/http1"
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

// Server is the HTTP server of every listener but that of proxies, with its
// limits of time and size. It answers every request itself: net/http would
// answer OPTIONS * with 200.
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

// door is a server of any protocol.
type door struct {
	listener net.Listener
	serve    func(net.Listener) error        // until it is shut, which is no error
	shut     func(ctx context.Context) error // finishes what is in flight, and cuts off the rest when ctx ends
}

// serve answers on every listener until ctx ends, and then stops gracefully:
// the ops listener goes last, so that whoever asks learns that we are not
// ready.
func (p *program) serve(ctx context.Context, l listeners) error {
	group, ctx := errgroup.WithContext(ctx)
	doors := []door{
		p.httpDoor(l.api, p.server(p.apis())), p.httpDoor(p.patient(l.proxy), p.proxyServer()), p.grpcDoor(l.grpc, ctx.Done()),
	}
	if l.fcgi != nil {
		doors = append(doors, p.fcgiDoor(l.fcgi))
	}
	ops := p.httpDoor(l.ops, p.server(telemetry.OpsHandler(p.metrics.Handler(), p.checks())))
	for _, d := range append(doors, ops) {
		group.Go(func() error { return d.serve(d.listener) })
	}
	group.Go(func() error { return p.manager.watch(ctx, p.alive) })
	group.Go(func() error { return p.rotateKeys(ctx) })
	group.Go(func() error { return p.watchRoutes(ctx) })
	group.Go(func() error { return limitMemory(ctx, p.environment) })
	group.Go(func() error {
		<-ctx.Done()
		p.stopping.Store(true)
		p.manager.tell(stoppingState)
		p.logger.Info("stopping", "at_most", stopTimeout)
		return p.stop(doors, ops)
	})
	return group.Wait()
}

// proxyServer is the server of the checks of proxies, whose answers are
// counted, refusals among them.
func (p *program) proxyServer() *http1.Server {
	counted := func(handler http.HandlerFunc) http.Handler { return p.counted("proxy", "proxy", handler) }
	return &http1.Server{
		Handler: counted(p.proxy.ServeHTTP), Refuse: counted(p.proxy.Refuse),
		HeadLimit: headLimit, HeadTimeout: headTimeout, WriteTimeout: headTimeout, IdleTimeout: idleTimeout,
		Clock: p.clock, Log: p.logger,
	}
}

// httpServer is a server of HTTP, net/http's or our own.
type httpServer interface {
	Serve(l net.Listener) error         // until it is shut, which is http.ErrServerClosed
	Shutdown(ctx context.Context) error // finishes what is in flight, or gives ctx's error
	Close() error                       // cuts off the rest
}

func (p *program) httpDoor(l net.Listener, server httpServer) door {
	return door{
		listener: l,
		serve:    func(l net.Listener) error { return answer(server, l) },
		shut:     func(ctx context.Context) error { return p.shut(ctx, server) },
	}
}

// answer serves one listener; that it was told to stop is no error.
func answer(server httpServer, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// stop finishes what is in flight, for a while, and cuts off the rest.
func (p *program) stop(doors []door, ops door) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var group errgroup.Group
	for _, d := range doors {
		group.Go(func() error { return d.shut(ctx) })
	}
	return errors.Join(group.Wait(), ops.shut(ctx))
}

func (p *program) shut(ctx context.Context, server httpServer) error {
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		p.warnCutOff()
		return server.Close()
	}
	return err
}

func (p *program) warnCutOff() {
	p.logger.Warn("requests were cut off: they took longer than the time to stop")
}

// ready is nil when /readyz says yes.
func (p *program) ready(ctx context.Context) error { return telemetry.Ready(ctx, p.checks()) }

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
