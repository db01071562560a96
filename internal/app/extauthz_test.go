package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/telemetry"
)

const envoysCast = `
users: [{id: 0190aaaa-0000-7000-8000-000000000001, email: olga@example.com}, {id: 0190aaaa-0000-7000-8000-000000000002, email: vic@example.com}]
tenants: [{id: 0190bbbb-0000-7000-8000-000000000001, slug: acme, name: Acme, owner: olga@example.com}]
memberships: [{tenant: acme, user: vic@example.com, level: viewer, enabled: true}]
keys: [{user: olga@example.com, key: the-key-of-olga-for-tests-of-envoy}, {user: vic@example.com, key: the-key-of-vic-for-tests-of-envoy--}]
`

// envoyAsks is a check as Envoy's filter sends it.
func envoyAsks(method, path, key string) *authv3.CheckRequest {
	headers := map[string]string{":method": method, ":path": path, ":authority": "app.example", ":scheme": "https", "accept": "*/*", "x-api-key": key}
	if key == "" {
		delete(headers, "x-api-key")
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "192.0.2.7", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 4711}},
		}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "1", Method: method, Headers: headers, Path: path, Host: "app.example", Scheme: "https", Protocol: "HTTP/1.1", Size: -1,
		}},
		ContextExtensions: map[string]string{"a": "b"},
	}}
}

func withBody(asked *authv3.CheckRequest, size int) *authv3.CheckRequest {
	asked.Attributes.Request.Http.RawBody = make([]byte, size)
	return asked
}

// The published client gets from the running program what the protocol says.
func TestExtAuthzOfTheRunningProgram(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.Bootstrap = filepath.Join(t.TempDir(), "bootstrap.yaml")
	if err := os.WriteFile(cfg.Bootstrap, []byte(envoysCast), 0o600); err != nil {
		t.Fatal(err)
	}
	r := launch(t, cfg)
	connection, err := grpc.NewClient(r.at.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	client := authv3.NewAuthorizationClient(connection)
	const olga, vic = "the-key-of-olga-for-tests-of-envoy", "the-key-of-vic-for-tests-of-envoy--"
	raw := envoyAsks("GET", "/tenants/acme/x", "")
	raw.Attributes.Request.Http.Headers = nil
	raw.Attributes.Request.Http.HeaderMap = &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: "x-api-key", RawValue: []byte(vic)}}}
	both := envoyAsks("GET", "/tenants/acme/x", olga)
	both.Attributes.Request.Http.HeaderMap = &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: "x-api-key", Value: olga}}}
	agreeing := envoyAsks("GET", "/tenants/acme/x", "")
	agreeing.Attributes.Request.Http.Headers = map[string]string{"x-api-key": vic, "accept": "a,b"}
	agreeing.Attributes.Request.Http.HeaderMap = &corev3.HeaderMap{Headers: []*corev3.HeaderValue{
		{Key: "Accept", Value: "a"}, {Key: "x-api-key", RawValue: []byte(vic)}, {Key: "accept", RawValue: []byte("b")},
	}}
	twice := envoyAsks("GET", "/tenants/acme/x", "")
	twice.Attributes.Request.Http.Headers = nil
	twice.Attributes.Request.Http.HeaderMap = &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: ":path", Value: "/tenants/acme/x"}, {Key: ":path", Value: "/tenants/acme/x"}, {Key: "x-api-key", Value: vic}}}
	for name, tt := range map[string]struct {
		request *authv3.CheckRequest
		status  int32
		code    codes.Code
	}{
		"an owner who writes":        {envoyAsks("POST", "/tenants/acme/x?q=1", olga), 200, codes.OK},
		"a viewer who reads":         {envoyAsks("GET", "/tenants/acme/x", vic), 200, codes.OK},
		"a viewer who writes":        {envoyAsks("POST", "/tenants/acme/x", vic), 403, codes.PermissionDenied},
		"headers as a list of bytes": {raw, 200, codes.OK},
		"headers in two forms":       {both, 403, codes.PermissionDenied},
		"two forms that agree":       {agreeing, 200, codes.OK},
		"a pseudo-header twice":      {twice, 403, codes.PermissionDenied},
		"a body of 2 MiB":            {withBody(envoyAsks("GET", "/tenants/acme/x", olga), 2<<20), 403, codes.PermissionDenied},
		"a body of 8 MiB":            {withBody(envoyAsks("GET", "/tenants/acme/x", olga), 8<<20), 403, codes.PermissionDenied},
		"a body of 500 KiB":          {withBody(envoyAsks("GET", "/tenants/acme/x", olga), 500<<10), 200, codes.OK},
		"no credential":              {envoyAsks("GET", "/tenants/acme/x", ""), 401, codes.Unauthenticated},
		"a wrong credential":         {envoyAsks("GET", "/tenants/acme/x", "nobody's"), 401, codes.Unauthenticated},
		"an unknown tenant":          {envoyAsks("GET", "/tenants/void/x", olga), 403, codes.PermissionDenied},
		"a path that is ambiguous":   {envoyAsks("GET", "/tenants/acme/%2e%2e/void", olga), 403, codes.PermissionDenied},
		"no attributes":              {&authv3.CheckRequest{}, 403, codes.PermissionDenied},
		"a path of 40 KiB":           {envoyAsks("GET", "/tenants/acme/"+strings.Repeat("x", 40<<10), olga), 403, codes.PermissionDenied},
	} {
		got, err := client.Check(t.Context(), tt.request)
		if err != nil {
			t.Errorf("%s: %v, want an explicit answer", name, err)
			continue
		}
		allowed, denied := got.GetOkResponse(), got.GetDeniedResponse()
		if codes.Code(got.GetStatus().GetCode()) != tt.code || (allowed != nil) != (tt.status == 200) || (denied != nil) == (tt.status == 200) {
			t.Errorf("%s: %v, want %v", name, got, tt.code)
			continue
		}
		headers := map[string]string{}
		for _, option := range append(allowed.GetHeaders(), denied.GetHeaders()...) {
			headers[option.GetHeader().GetKey()] = option.GetHeader().GetValue()
			if option.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
				t.Errorf("%s: %v would stand beside the client's own", name, option)
			}
		}
		switch {
		case tt.status == 200 && (headers["X-Auth-Level"] == "" || headers["X-Auth-Tenant"] != "0190bbbb-0000-7000-8000-000000000001" || len(allowed.GetHeadersToRemove()) != 2):
			t.Errorf("%s: %v", name, got)
		case tt.status != 200 && (int32(denied.GetStatus().GetCode()) != tt.status || denied.GetBody() != "" || headers["X-Auth-Subject"] != "" || headers["X-Decision-Id"] == ""):
			t.Errorf("%s: %v", name, got)
		case tt.status == 401 && headers["Www-Authenticate"] == "":
			t.Errorf("%s: no WWW-Authenticate in %v", name, got)
		}
	}
	for name, sent := range map[string][]byte{"no protobuf": []byte("\xff\xff\xff"), "nothing": {}, "a message that is cut off": {0x0a, 9, 1}} {
		answer := &wire{}
		err := connection.Invoke(t.Context(), extAuthzCheck, &wire{sent}, answer, grpc.ForceCodecV2(newCodec()))
		got := &authv3.CheckResponse{}
		if err != nil || proto.Unmarshal(answer.data, got) != nil || got.GetDeniedResponse().GetStatus().GetCode() != 403 {
			t.Errorf("%s: %v, %v, want an explicit denial", name, got, err)
		}
	}
	empty, err := connection.NewStream(t.Context(), &grpc.StreamDesc{}, extAuthzCheck)
	if err != nil {
		t.Fatal(err)
	}
	noMessage := &authv3.CheckResponse{}
	if err := errors.Join(empty.CloseSend(), empty.RecvMsg(noMessage)); err != nil || noMessage.GetDeniedResponse() == nil {
		t.Errorf("no message at all: %v, %v", noMessage, err)
	}
	if services := reflected(t, connection); !strings.Contains(services, extAuthzService) || !strings.Contains(services, "grpc.health.v1.Health") {
		t.Errorf("reflection lists %s", services)
	}
	counted := metricsOf(t, r)
	if !strings.Contains(counted, `dialect="`+extAuthzService+`",listener="grpc",status="200"`) {
		t.Errorf("the calls are not counted:\n%s", counted)
	}
}

func metricsOf(t *testing.T, r *running) string {
	t.Helper()
	response, err := http.Get("http://" + r.at.Ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func reflected(t *testing.T, connection *grpc.ClientConn) string {
	t.Helper()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(connection).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := &grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	got, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return got.String()
}

// What is malformed or there twice is denied, whatever the check of the rest
// would say.
func TestExtAuthzOfHostileMessages(t *testing.T) {
	var asked proxy.EnvoyCheck
	e := extAuthz{judge: func(_ context.Context, check proxy.EnvoyCheck) proxy.EnvoyVerdict {
		asked = check
		return proxy.EnvoyVerdict{Status: http.StatusOK}
	}}
	encode := func(m *authv3.CheckRequest) []byte {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := encode(envoyAsks("GET", "/tenants/acme/x", "key"))
	decision := func(data []byte) *authv3.CheckResponse {
		read := &authv3.CheckResponse{}
		if err := proto.Unmarshal(e.check(t.Context(), &wire{data}).data, read); err != nil {
			t.Fatal(err)
		}
		return read
	}
	if decision(good).GetOkResponse() == nil || asked.Path != "/tenants/acme/x" {
		t.Fatal("a whole message was not let through, so the rows below show nothing")
	}
	http := func(data []byte) []byte {
		return appendMessage(nil, 1, appendMessage(nil, 4, appendMessage(nil, 2, data)))
	}
	for name, data := range map[string][]byte{
		"the attributes twice":       append(append([]byte{}, good...), good...),
		"a path twice":               http(appendMessage(appendMessage(nil, 4, []byte("/a")), 4, []byte("/b"))),
		"a message that is cut off":  good[:len(good)-1],
		"a field of another type":    http(appendNumber(nil, 4, 1)),
		"a tag of no field":          {0},
		"a length beyond the end":    {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a header that is malformed": http(appendMessage(nil, 3, []byte{0x0a, 5})),
		"a header's value twice":     http(appendMessage(nil, 3, appendMessage(appendMessage(nil, 2, []byte("a")), 2, []byte("b")))),
	} {
		if got := decision(data); got.GetDeniedResponse() == nil || asked.Path != "" || asked.Header != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// sentMessages notes what a server sends.
type sentMessages struct {
	grpc.ServerStream
	all []string
}

// SendMsg implements grpc.ServerStream.
func (s *sentMessages) SendMsg(m any) error {
	s.all = append(s.all, string(m.(*wire).data))
	return nil
}

// A call that panics is answered and logged without its value.
func TestAPanicInAGRPCCall(t *testing.T) {
	var out outlet
	logger, err := telemetry.NewLogger(&out, "text", "info")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{parts: parts{logger: logger, metrics: telemetry.NewMetrics(Version(), nil)}, clock: time.Now}
	broken := func(context.Context, any) (any, error) { panic("a secret") }
	sent := &sentMessages{}
	check := func(any, grpc.ServerStream) error { panic("a secret") }
	err = p.observeStream(nil, sent, &grpc.StreamServerInfo{FullMethod: extAuthzCheck}, check)
	if err != nil || len(sent.all) != 1 || sent.all[0] != string(deniedByEnvoy(proxy.EnvoyVerdict{}).data) {
		t.Errorf("of a check: %v, %v; want an explicit denial", sent.all, err)
	}
	if _, err := p.observeCall(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/grpc.health.v1.Health/Check"}, broken); status.Code(err) != codes.Internal {
		t.Errorf("of anything else: %v", err)
	}
	stream := func(any, grpc.ServerStream) error { panic("a secret") }
	if err := p.observeStream(nil, nil, &grpc.StreamServerInfo{FullMethod: "/grpc.health.v1.Health/Watch"}, stream); status.Code(err) != codes.Internal {
		t.Errorf("of a stream: %v", err)
	}
	if text := out.String(); strings.Contains(text, "secret") || strings.Count(text, "msg=panic") != 3 {
		t.Errorf("the log says %s", text)
	}
}
