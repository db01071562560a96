package proxy_test

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// original is a request as a client makes it to any proxy. Empty parts are
// those of a member's page.
type original struct {
	method, host, target string
	lines                []string // "Name: value"
	peer                 string   // of the check; empty: loopback; "unix": a socket
}

// reply is what came of a check, in the words of HTTP.
type reply struct {
	status int
	header http.Header // the application's on 200, the client's otherwise
	length string      // of the body as it is announced; "none" where the protocol has no bodies to announce
	body   string
}

// asker asks by one protocol.
type asker func(t *testing.T, h *proxy.Handler, o original) reply

// askers are all protocols. What they cannot say is not asked: Envoy's own
// listener answers nobody but Envoy.
func askers() map[string]asker {
	return map[string]asker{
		"nginx": overHeaders("/authz/nginx", func(o original, h http.Header) {
			h.Set("X-Original-Method", o.method)
			h.Set("X-Original-Host", o.host)
			h.Set("X-Original-Uri", o.target)
		}),
		"ingress-nginx": overHeaders("/authz/nginx", func(o original, h http.Header) {
			h.Set("X-Original-Method", o.method)
			h.Set("X-Original-Url", "https://"+o.host+o.target)
		}),
		"forward": overHeaders("/authz/forward", forwardHeaders),
		"haproxy": overHeaders("/authz/haproxy", forwardHeaders),
		"envoy":   askEnvoy,
		"grpc":    askGRPC,
		"fcgi":    askFastCGI,
	}
}

// everyProtocol runs a test by each.
func everyProtocol(t *testing.T, test func(t *testing.T, ask func(h *proxy.Handler, o original) reply)) {
	t.Helper()
	for name, ask := range askers() {
		t.Run(name, func(t *testing.T) {
			test(t, func(h *proxy.Handler, o original) reply {
				o.method, o.host, o.target = cmp.Or(o.method, "GET"), cmp.Or(o.host, "app.example"), cmp.Or(o.target, "/tenants/acme/x")
				return ask(t, h, o)
			})
		})
	}
}

func forwardHeaders(o original, h http.Header) {
	h.Set("X-Forwarded-Method", o.method)
	h.Set("X-Forwarded-Proto", "https")
	h.Set("X-Forwarded-Host", o.host)
	h.Set("X-Forwarded-Uri", o.target)
}

func (o original) header() http.Header {
	h := http.Header{}
	for _, line := range o.lines {
		name, value, _ := strings.Cut(line, ": ")
		h[http.CanonicalHeaderKey(name)] = append(h[http.CanonicalHeaderKey(name)], value)
	}
	return h
}

func overHeaders(endpoint string, say func(original, http.Header)) asker {
	return func(_ *testing.T, h *proxy.Handler, o original) reply {
		r := httptest.NewRequest(http.MethodGet, endpoint, nil)
		r.Header = o.header()
		say(o, r.Header)
		return o.over(h, r)
	}
}

func askEnvoy(_ *testing.T, h *proxy.Handler, o original) reply {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header, r.Method, r.Host, r.RequestURI = o.header(), o.method, o.host, "/authz/envoy"+o.target
	return o.over(h, r)
}

// over asks by HTTP.
func (o original) over(h *proxy.Handler, r *http.Request) reply {
	r.RemoteAddr = cmp.Or(o.peer, "127.0.0.1:4711")
	if at := peerOf(o.peer); at != nil {
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	got := recorder.Result()
	return reply{got.StatusCode, got.Header, got.Header.Get("Content-Length"), recorder.Body.String()}
}

func askGRPC(_ *testing.T, h *proxy.Handler, o original) reply {
	asked := proxy.EnvoyCheck{
		Peer: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, Method: o.method, Scheme: "https", Host: o.host, Path: o.target,
	}
	if o.peer != "" {
		asked.Peer = peerOf(o.peer)
	}
	for name, values := range o.header() {
		for _, value := range values {
			if name == "X-Memberward-Secret" { // which Envoy shows as metadata of the call
				asked.Secret = append(asked.Secret, value)
				continue
			}
			asked.Header = append(asked.Header, proxy.Field{Name: strings.ToLower(name), Value: value})
		}
	}
	verdict := h.CheckEnvoy(context.Background(), asked)
	got := reply{status: verdict.Status, header: http.Header{}, length: "none"}
	for _, f := range verdict.Headers {
		got.header.Add(f.Name, f.Value)
	}
	return got
}

func askFastCGI(t *testing.T, h *proxy.Handler, o original) reply {
	all := pair("REQUEST_METHOD", o.method) + pair("REQUEST_SCHEME", "https") + pair("HTTP_HOST", o.host) + pair("REQUEST_URI", o.target) + pair("REMOTE_ADDR", "192.0.2.1")
	for name, values := range o.header() {
		all += pair("HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.Join(values, ", "))
	}
	wire := answerOver(t, h, fcgi(1, 1, begin)+fcgi(4, 1, all)+fcgi(4, 1, ""), o.peer)
	got := reply{header: http.Header{}, length: "none"}
	if len(wire) < 8 {
		return got
	}
	size := int(wire[4])<<8 | int(wire[5])
	head, body, _ := strings.Cut(wire[8:8+size], "\r\n\r\n")
	got.body = body
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Status" {
			got.status = int(value[0]-'0')*100 + int(value[1]-'0')*10 + int(value[2]-'0')
			continue
		}
		name = strings.ReplaceAll(strings.TrimPrefix(name, "Variable-"), "_", "-")
		got.header[http.CanonicalHeaderKey(name)] = append(got.header[http.CanonicalHeaderKey(name)], value)
	}
	return got
}

// peerOf is the address of a peer as a connection tells it.
func peerOf(text string) net.Addr {
	if text == "unix" {
		return &net.UnixAddr{Net: "unix"}
	}
	at, err := net.ResolveTCPAddr("tcp", cmp.Or(text, "127.0.0.1:4711"))
	if err != nil {
		return nil
	}
	return at
}

// from is a connection from somewhere.
type from struct {
	net.Conn
	at net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.at }
func (f from) LocalAddr() net.Addr  { return f.at }

// answerOver sends a request of FastCGI over a connection from somewhere.
func answerOver(t *testing.T, h *proxy.Handler, wire, peer string) string {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.ServeAuthorizer(context.Background(), from{far, peerOf(peer)})
	}()
	go func() { _, _ = io.WriteString(near, wire) }() // ends when the other side has closed
	answer, _ := io.ReadAll(near)
	<-done
	return string(answer)
}
