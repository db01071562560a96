package app

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/memberward/memberward/internal/proxy"
)

// observeCall counts one gRPC call and turns a panic into an error.
func (p *program) observeCall(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	began := p.clock()
	defer func() {
		if broken := recover(); broken != nil {
			p.logPanic(info.FullMethod, broken)
			answer, err = nil, status.Error(codes.Internal, "the server made a mistake")
		}
		p.metrics.Request("grpc", serviceOf(info.FullMethod), statusOfCall(err), p.clock().Sub(began))
	}()
	return next(ctx, request)
}

// observeStream does the same for calls that stream, which are counted when
// they end. Envoy's checks are among them: their panic is a denial.
func (p *program) observeStream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	began := p.clock()
	defer func() {
		if broken := recover(); broken != nil {
			p.logPanic(info.FullMethod, broken)
			err = status.Error(codes.Internal, "the server made a mistake")
			if info.FullMethod == extAuthzCheck {
				err = stream.SendMsg(deniedByEnvoy(proxy.EnvoyVerdict{}))
			}
		}
		p.metrics.Request("grpc", serviceOf(info.FullMethod), statusOfCall(err), p.clock().Sub(began))
	}()
	return next(server, stream)
}

// logPanic names the kind of what broke: its value may hold anything.
func (p *program) logPanic(method string, broken any) {
	text := fmt.Sprintf("%T", broken)
	if e, is := broken.(interface{ RuntimeError() }); is {
		text = fmt.Sprint(e)
	}
	p.logger.Error("panic", "method", method, "cause", text, "stack", string(debug.Stack()))
}

// serviceOf gives the label of a method: the interceptors only ever see those
// that are served.
func serviceOf(method string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return service
}

// statusOfCall puts what a call came to into the statuses of the other
// listeners. A denial of Envoy's is an answer like any other: decisions are
// counted for themselves.
func statusOfCall(err error) int {
	switch status.Code(err) {
	case codes.OK:
		return http.StatusOK
	case codes.Canceled:
		return statusGone
	case codes.NotFound:
		return http.StatusNotFound
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// statusGone stands for a call whose caller did not wait for its end.
const statusGone = 499
