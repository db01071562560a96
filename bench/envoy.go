package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

// envoyRate is what Envoy's checks by gRPC must reach of an empty handler.
const envoyRate = 0.5

// measureEnvoy compares a member's check by gRPC with an empty handler of the
// same protocol that gives the same answer: checks for each second that the
// server is on a processor, since a gRPC client takes as much of the machine
// as the server and would hide the difference.
func measureEnvoy(ctx context.Context, p plan, dir string) ([]result, error) {
	data, who, err := seeded(ctx, dir, p.memberships)
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	empty, err := build(ctx, dir, "./bench/emptygrpc")
	if err != nil {
		return nil, err
	}
	server, address, err := startServer(ctx, program, data, oneCore)
	if err != nil {
		return nil, err
	}
	defer end(server)
	key, err := keyOf(ctx, address, who.User)
	if err != nil {
		return nil, err
	}
	product, err := dialEnvoy(server, data, envoyAsks(who.Tenant, key))
	if err != nil {
		return nil, err
	}
	answer, err := product.once(ctx)
	if err != nil {
		return nil, err
	}
	baseline, address, err := startBaseline(ctx, empty, base64.StdEncoding.EncodeToString(answer))
	if err != nil {
		return nil, err
	}
	defer end(baseline)
	plain, err := newEnvoy(baseline, address, product.asked)
	if err != nil {
		return nil, err
	}
	r, err := p.compare("gRPC Check / empty gRPC handler, for each second on a processor", envoyRate,
		func() (float64, error) { return product.rate(ctx, p.window) },
		func() (float64, error) { return plain.rate(ctx, p.window) })
	return []result{r}, err
}

// envoy asks one server as Envoy does.
type envoy struct {
	server *exec.Cmd
	client authv3.AuthorizationClient
	asked  *authv3.CheckRequest
}

// dialEnvoy finds where the program listens for gRPC.
func dialEnvoy(server *exec.Cmd, data string, asked *authv3.CheckRequest) (*envoy, error) {
	var addresses struct{ GRPC string }
	text, err := os.ReadFile(filepath.Join(data, "addresses.json"))
	if err == nil {
		err = json.Unmarshal(text, &addresses)
	}
	if err != nil {
		return nil, err
	}
	return newEnvoy(server, addresses.GRPC, asked)
}

func newEnvoy(server *exec.Cmd, address string, asked *authv3.CheckRequest) (*envoy, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return &envoy{server, authv3.NewAuthorizationClient(connection), asked}, err
}

// once asks once and gives the answer.
func (e *envoy) once(ctx context.Context) ([]byte, error) {
	got, err := e.client.Check(ctx, e.asked)
	if err == nil && got.GetOkResponse() == nil {
		err = fmt.Errorf("not allowed: %v", got)
	}
	if err != nil {
		return nil, err
	}
	return proto.Marshal(got)
}

// rate asks from several sides at once on one connection, as Envoy does, for a
// while, and gives the checks for each second of the server's on a processor.
func (e *envoy) rate(ctx context.Context, window time.Duration) (float64, error) {
	before, err := onCPU(e.server)
	if err != nil {
		return 0, err
	}
	var done atomic.Int64
	errs := make([]error, connections)
	var all sync.WaitGroup
	until := time.Now().Add(window)
	for i := range connections {
		all.Go(func() {
			for time.Now().Before(until) && errs[i] == nil {
				_, errs[i] = e.once(ctx)
				done.Add(1)
			}
		})
	}
	all.Wait()
	after, err := onCPU(e.server)
	if err := errors.Join(append(errs, err)...); err != nil {
		return 0, err
	}
	return float64(done.Load()) / (after - before).Seconds(), nil
}

// envoyAsks is a check of a member's as Envoy's filter sends it for a browser.
func envoyAsks(tenant, key string) *authv3.CheckRequest {
	path := "/tenants/" + tenant + "/things/42"
	peer := func(address string, port uint32) *authv3.AttributeContext_Peer {
		return &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: address, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
		}}}}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: peer("192.0.2.7", 50123), Destination: peer("10.0.0.1", 8000),
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "8011871398131281", Method: http.MethodGet, Path: path, Host: "app.example", Scheme: "https", Protocol: "HTTP/2", Size: -1,
			Headers: map[string]string{
				":method": http.MethodGet, ":path": path, ":authority": "app.example", ":scheme": "https", "x-api-key": key, "accept": "*/*",
				"user-agent": "curl/8.5.0", "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https", "x-request-id": "5b1f1c70-0e3b-4f0c-9a55-0a5a2f5e9d11",
			},
		}},
	}}
}
