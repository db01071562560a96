package app

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/memberward/memberward/internal/proxy"
)

// The names of Envoy's ext_authz protocol.
const (
	extAuthzService = "envoy.service.auth.v3.Authorization"
	extAuthzCheck   = "/" + extAuthzService + "/Check"
)

// secretKey is the metadata in which Envoy shows the secret of the proxies.
const secretKey = "x-memberward-secret"

// extAuthz answers Envoy's ext_authz by gRPC. Every answer is an explicit Ok
// or Denied: an error of gRPC would let the request through where Envoy is
// told failure_mode_allow (contracts/proxy.md).
//
// The published Go types would make the program 3 MB larger, for a dozen
// fields. So a message is taken for an empty one, whose unknown fields are all
// that was sent, and read in extauthz_wire.go.
type extAuthz func(context.Context, proxy.EnvoyCheck) proxy.EnvoyVerdict

// service describes the protocol to the server.
func (e extAuthz) service() *grpc.ServiceDesc {
	check := func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		request := &emptypb.Empty{}
		if err := decode(request); err != nil {
			return nil, err
		}
		handle := func(ctx context.Context, request any) (any, error) {
			sent, _ := request.(*emptypb.Empty)
			return e.check(ctx, sent), nil
		}
		if intercept == nil {
			return handle(ctx, request)
		}
		return intercept(ctx, request, &grpc.UnaryServerInfo{Server: e, FullMethod: extAuthzCheck}, handle)
	}
	return &grpc.ServiceDesc{
		ServiceName: extAuthzService, HandlerType: (*any)(nil), Metadata: "envoy/service/auth/v3/external_auth.proto",
		Methods: []grpc.MethodDesc{{MethodName: "Check", Handler: check}},
	}
}

// check answers one request, whatever it holds.
func (e extAuthz) check(ctx context.Context, request *emptypb.Empty) *emptypb.Empty {
	asked, ok := readCheck(request.ProtoReflect().GetUnknown())
	if !ok {
		asked = proxy.EnvoyCheck{} // which is denied, with an id and a line in the log
	}
	if from, known := peer.FromContext(ctx); known {
		asked.Peer = from.Addr
	}
	sent, _ := metadata.FromIncomingContext(ctx)
	asked.Secret = sent.Get(secretKey)
	verdict := e(ctx, asked)
	switch {
	case verdict.Status != http.StatusOK:
		return deniedByEnvoy(verdict)
	case !ok:
		return deniedByEnvoy(proxy.EnvoyVerdict{})
	}
	return message(appendAllowed(nil, verdict))
}

// deniedByEnvoy is an explicit denial; the zero verdict is 403.
func deniedByEnvoy(verdict proxy.EnvoyVerdict) *emptypb.Empty {
	return message(appendDenied(nil, verdict))
}

// message makes a message of its encoded fields.
func message(fields []byte) *emptypb.Empty {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(fields)
	return m
}
