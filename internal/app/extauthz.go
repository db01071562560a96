package app

import (
	"context"
	"net"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

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
type extAuthz struct {
	judge  func(context.Context, proxy.EnvoyCheck) proxy.EnvoyVerdict
	trusts func(net.Addr) bool
	schema *schema
}

// service describes the protocol to the server. Check takes one message and
// gives one, but is served as a stream: so a peer that is not trusted is
// answered before anything of it is kept, and a call without a message is
// answered, too.
func (e extAuthz) service() *grpc.ServiceDesc {
	serve := func(_ any, stream grpc.ServerStream) error { return stream.SendMsg(e.answer(stream)) }
	return &grpc.ServiceDesc{
		ServiceName: extAuthzService, HandlerType: (*any)(nil), Metadata: schemaRoot,
		Streams: []grpc.StreamDesc{{StreamName: "Check", Handler: serve, ServerStreams: true, ClientStreams: true}},
	}
}

// answer receives one request and answers it.
func (e extAuthz) answer(stream grpc.ServerStream) *wire {
	ctx, request := stream.Context(), &wire{}
	from, known := peer.FromContext(ctx)
	if known && e.trusts(from.Addr) && stream.RecvMsg(request) != nil {
		request = &wire{}
	}
	return e.check(ctx, request)
}

// check answers one request, whatever it holds. What holds nothing is denied,
// with an id and a line in the log.
func (e extAuthz) check(ctx context.Context, request *wire) *wire {
	asked, ok := e.read(request.data)
	if from, known := peer.FromContext(ctx); known {
		asked.Peer = from.Addr
	}
	asked.Secret = metadata.ValueFromIncomingContext(ctx, secretKey)
	verdict := e.judge(ctx, asked)
	switch {
	case verdict.Status != http.StatusOK:
		return deniedByEnvoy(verdict)
	case !ok:
		return deniedByEnvoy(proxy.EnvoyVerdict{})
	}
	return &wire{appendAllowed(nil, verdict)}
}

// read reads a request; one that is malformed is empty.
func (e extAuthz) read(data []byte) (proxy.EnvoyCheck, bool) {
	asked, ok := readCheck(data)
	if !ok {
		return proxy.EnvoyCheck{}, false
	}
	asked.Describe = func(path string, headers map[string]string) ([]byte, error) {
		return e.schema.attributes(data, path, headers)
	}
	return asked, true
}

// deniedByEnvoy is an explicit denial; the zero verdict is 403.
func deniedByEnvoy(verdict proxy.EnvoyVerdict) *wire { return &wire{appendDenied(nil, verdict)} }
