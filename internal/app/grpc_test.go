package app

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/memberward/memberward/internal/telemetry"
)

// dial gives a client of a gRPC listener.
func dial(t *testing.T, address string) grpc_health_v1.HealthClient {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return grpc_health_v1.NewHealthClient(connection)
}

func TestHealthOfTheRunningProgram(t *testing.T) {
	r := launch(t, settings(t.TempDir()))
	client := dial(t, r.at.GRPC)
	got, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Check: %v, %v", got, err)
	}
	for _, name := range []string{"grpc.health.v1.Health", "memberward", " ", strings.Repeat("x", 1000)} {
		if _, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: name}); status.Code(err) != codes.NotFound {
			t.Errorf("Check of %.20q: %v, want NotFound", name, err)
		}
	}
	if got, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: extAuthzService}); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Check of Envoy's service: %v, %v", got, err)
	}
	list, err := client.List(t.Context(), &grpc_health_v1.HealthListRequest{})
	if err != nil || len(list.GetStatuses()) != 2 || list.GetStatuses()[extAuthzService].GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING || list.GetStatuses()[""].GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("List: %v, %v", list, err)
	}
	huge := &grpc_health_v1.HealthCheckRequest{Service: strings.Repeat("x", messageLimit+1)}
	if _, err := client.Check(t.Context(), huge); status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a message over the limit: %v", err)
	}
	watching, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := watching.Recv(); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Watch: %v, %v", got, err)
	}
	unknown, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unknown.Recv(); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN {
		t.Errorf("Watch of an unknown service: %v, %v", got, err)
	}

	r.stop(t) // does not wait for those who watch
	if got, err := watching.Recv(); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("Watch, as the program stops: %v, %v", got, err)
	}
	if _, err := watching.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the end of the watch: %v, want Unavailable", err)
	}
	if strings.Contains(r.stderr.String(), "requests were cut off") {
		t.Errorf("the stop had to cut something off: %s", &r.stderr)
	}
}

func TestWhoHoldsTheAddressOfGRPC(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := settings(t.TempDir())
	cfg.GRPCListen = taken.Addr().String()
	want := cfg.GRPCListen + " is in use by another program: choose another address with --grpc-listen (port 0 takes a free one)"
	if err := fails(t, cfg); err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// Health is what /readyz says, at the moment of the question.
func TestHealthFollowsReadiness(t *testing.T) {
	fault := errors.New("the store has stopped")
	checks := []telemetry.Check{
		{Name: "store", Ready: func(context.Context) error { return fault }},
		{Name: "policy", Ready: func(context.Context) error { return nil }},
	}
	h := &health{ready: func(ctx context.Context) error { return telemetry.Ready(ctx, checks) }, every: time.Millisecond}
	for _, row := range []struct {
		fault error
		want  grpc_health_v1.HealthCheckResponse_ServingStatus
	}{
		{fault, grpc_health_v1.HealthCheckResponse_NOT_SERVING},
		{nil, grpc_health_v1.HealthCheckResponse_SERVING},
		{fault, grpc_health_v1.HealthCheckResponse_NOT_SERVING},
	} {
		fault = row.fault
		got, err := h.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		list, listErr := h.List(t.Context(), &grpc_health_v1.HealthListRequest{})
		if err != nil || listErr != nil || got.GetStatus() != row.want || list.GetStatuses()[""].GetStatus() != row.want {
			t.Errorf("fault %v: %v, %v, %v, %v; want %v", row.fault, got, err, list, listErr, row.want)
		}
	}
}

// stream is the server's end of a watch.
type stream struct {
	grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]
	ctx  context.Context
	sent []grpc_health_v1.HealthCheckResponse_ServingStatus
	fail error
}

// Context implements grpc.ServerStream.
func (s *stream) Context() context.Context { return s.ctx }

// Send implements grpc.ServerStreamingServer.
func (s *stream) Send(answer *grpc_health_v1.HealthCheckResponse) error {
	s.sent = append(s.sent, answer.GetStatus())
	return s.fail
}

func TestWatchTellsEachChangeOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks := []error{nil, nil, io.EOF, io.EOF, nil, nil}
	h := &health{every: time.Microsecond, ready: func(context.Context) error {
		if len(looks) == 0 {
			cancel()
			return nil
		}
		look := looks[0]
		looks = looks[1:]
		return look
	}}
	s := &stream{ctx: ctx}
	err := h.Watch(&grpc_health_v1.HealthCheckRequest{}, s)
	const yes, no = grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING
	if len(s.sent) != 3 || s.sent[0] != yes || s.sent[1] != no || s.sent[2] != yes || status.Code(err) != codes.Canceled {
		t.Errorf("told %v, %v; want yes, no, yes, Canceled", s.sent, err)
	}
	s = &stream{ctx: t.Context(), fail: io.ErrClosedPipe}
	if err := h.Watch(&grpc_health_v1.HealthCheckRequest{}, s); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("somebody who has gone: %v", err)
	}
}

// A call that does not end must not keep the program from stopping.
func TestACallThatDoesNotEndIsCutOff(t *testing.T) {
	var out outlet
	logger, err := telemetry.NewLogger(&out, "text", "info")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{parts: parts{logger: logger}}
	l, err := listenTCP(t.Context(), "--grpc-listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{})
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		close(arrived)
		<-s.Context().Done()
		return nil
	}))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	if _, err := dial(t, l.Addr().String()).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := p.shutGRPC(ctx, server); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil || !strings.Contains(out.String(), "requests were cut off") {
		t.Errorf("Serve: %v; the log: %s", err, &out)
	}
}
