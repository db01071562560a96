package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

// How much one gRPC connection may take. Envoy and Kubernetes keep one
// connection with one or a few streams at a time.
const (
	messageLimit  = 1 << 20  // bytes, as for every body (contracts/README.md, rule 11)
	receiveLimit  = 64 << 20 // bytes: what is longer than a message may be is denied up to here; beyond, gRPC itself gives an error
	streamLimit   = 256      // at once, of one connection
	streamWorkers = 32       // goroutines that go from call to call; a new one would grow its stack for each check
	connectionAge = 30 * time.Minute
	pingAfter     = time.Minute      // of silence, whether the peer is still there
	pingTimeout   = 20 * time.Second // until a peer that does not answer is gone
	pingAtMost    = 10 * time.Second // a peer that pings more often is cut off
)

// grpcServer serves Envoy's ext_authz, and grpc.health.v1 until stopping is closed. Its limits are
// those of the other listeners, in gRPC's words.
func (p *program) grpcServer(stopping <-chan struct{}) *grpc.Server {
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(newCodec()), grpc.MaxRecvMsgSize(receiveLimit), grpc.MaxSendMsgSize(messageLimit), grpc.MaxConcurrentStreams(streamLimit),
		grpc.NumStreamWorkers(streamWorkers), grpc.MaxHeaderListSize(headLimit), grpc.ConnectionTimeout(headTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: idleTimeout, MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: stopTimeout,
			Time: pingAfter, Timeout: pingTimeout,
		}),
		grpc.UnaryInterceptor(p.observeCall), grpc.StreamInterceptor(p.observeStream),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingAtMost, PermitWithoutStream: true}),
	)
	grpc_health_v1.RegisterHealthServer(server, &health{ready: p.ready, stopping: stopping, every: watchInterval})
	server.RegisterService(extAuthz{p.proxy.CheckEnvoy, p.proxy.Trusts, p.schema}.service(), nil)
	described := reflection.ServerOptions{Services: server, DescriptorResolver: p.schema}
	grpc_reflection_v1.RegisterServerReflectionServer(server, reflection.NewServerV1(described))
	grpc_reflection_v1alpha.RegisterServerReflectionServer(server, reflection.NewServer(described))
	return server
}

// watchInterval is how soon a watcher learns of a change.
const watchInterval = time.Second

// health answers grpc.health.v1 by what /readyz says at the moment of the
// question. It knows the empty name, the whole program, and Envoy's checks,
// which are served whenever the program is.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	ready    func(ctx context.Context) error
	stopping <-chan struct{} // ends what watches
	every    time.Duration   // between a watcher's looks
}

// Check implements grpc_health_v1.HealthServer.
func (h *health) Check(ctx context.Context, question *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !knownToHealth(question.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return h.answer(ctx), nil
}

// List implements grpc_health_v1.HealthServer.
func (h *health) List(ctx context.Context, _ *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	now := h.answer(ctx)
	return &grpc_health_v1.HealthListResponse{Statuses: map[string]*grpc_health_v1.HealthCheckResponse{"": now, extAuthzService: now}}, nil
}

func knownToHealth(service string) bool { return service == "" || service == extAuthzService }

func (h *health) answer(ctx context.Context) *grpc_health_v1.HealthCheckResponse {
	if h.ready(ctx) != nil {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
}

// Watch implements grpc_health_v1.HealthServer: the status now, and again
// whenever it has changed. When the program stops, watchers are told that it
// does not serve, and are let go, so that they do not keep it.
func (h *health) Watch(question *grpc_health_v1.HealthCheckRequest, stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	ctx := stream.Context()
	look := func() *grpc_health_v1.HealthCheckResponse { return h.answer(ctx) }
	if !knownToHealth(question.GetService()) { // may be known to a later version: the protocol keeps the call open
		look = func() *grpc_health_v1.HealthCheckResponse {
			return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN}
		}
	}
	ticker := time.NewTicker(h.every)
	defer ticker.Stop()
	for told := grpc_health_v1.HealthCheckResponse_UNKNOWN; ; {
		now := look()
		if now.GetStatus() != told {
			if err := stream.Send(now); err != nil {
				return err
			}
			told = now.GetStatus()
		}
		select {
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-h.stopping:
			return h.leave(stream, told)
		case <-ticker.C:
		}
	}
}

// leave ends a watch because the program stops.
func (h *health) leave(stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse], told grpc_health_v1.HealthCheckResponse_ServingStatus) error {
	if told == grpc_health_v1.HealthCheckResponse_SERVING {
		if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}); err != nil {
			return err
		}
	}
	return status.Error(codes.Unavailable, "the program is stopping")
}

func (p *program) grpcDoor(l net.Listener, stopping <-chan struct{}) door {
	server := p.grpcServer(stopping)
	return door{
		listener: l,
		serve: func(l net.Listener) error {
			if err := server.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
				return fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
			return nil
		},
		shut: func(ctx context.Context) error { return p.shutGRPC(ctx, server) },
	}
}

// shutGRPC waits for the calls in flight until ctx ends, and cuts off the
// rest.
func (p *program) shutGRPC(ctx context.Context, server *grpc.Server) error {
	cutOff := context.AfterFunc(ctx, server.Stop) // lets GracefulStop return
	server.GracefulStop()
	if !cutOff() {
		p.warnCutOff()
	}
	return nil
}
