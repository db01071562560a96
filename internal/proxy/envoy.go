package proxy

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
)

// envoy is how Envoy's ext_authz filter asks, by HTTP and by gRPC. Both are
// brought into the pseudo-headers of HTTP/2, which no client can send as
// headers: a colon begins no name.
var envoy = protocol{
	name:     "envoy",
	endpoint: "/authz/envoy",
	control:  []string{pseudoMethod, pseudoScheme, pseudoAuthority, pseudoPath, forwardedFor},
	read:     readEnvoy,
	removes:  true,
	ruled:    true,
}

const (
	pseudoMethod    = ":method"
	pseudoScheme    = ":scheme"
	pseudoAuthority = ":authority"
	pseudoPath      = ":path"
)

// headersToRemove names what Envoy takes from the request before the
// application sees it: what only we may say and this answer does not, and what
// is for us alone.
const headersToRemove = "X-Envoy-Auth-Headers-To-Remove"

// removed are the headers that an allow has the proxy remove: of the identity
// headers those that the answer does not set, and what is for us alone.
func (h *Handler) removed(a answer) []string {
	var names []string
	for _, name := range slices.Concat(identity, h.rules.preset.names()) {
		if !slices.ContainsFunc(a.fields, func(f field) bool { return f.name == name }) {
			names = append(names, name)
		}
	}
	return append(names, proxySecret)
}

// readEnvoy reads the original request. Over HTTP, Envoy says the scheme only
// where it is told to.
func readEnvoy(h http.Header) (t target, err error) {
	for _, part := range []struct {
		name string
		read func(string) error
	}{
		{pseudoMethod, t.readMethod},
		{pseudoAuthority, t.readHost},
		{pseudoPath, t.readPath},
		{pseudoScheme, t.readScheme},
	} {
		if part.name == pseudoScheme && !has(h, pseudoScheme) {
			continue
		}
		value, err := only(h, part.name)
		if err != nil {
			return target{}, err
		}
		if err := part.read(value); err != nil {
			return target{}, err
		}
	}
	return t, nil
}

// envoyOverHTTP brings a check by HTTP into the common form: its target is the
// prefix and the original one, its method and Host are the original ones. It
// reports false for requests to other paths.
func envoyOverHTTP(r *http.Request) (*http.Request, bool) {
	original, below := strings.CutPrefix(r.RequestURI, envoy.endpoint)
	if !below || original != "" && original[0] != '/' {
		return nil, false
	}
	asked := r.WithContext(r.Context())
	asked.Header = r.Header.Clone()
	asked.Header[pseudoMethod] = []string{r.Method}
	asked.Header[pseudoAuthority] = []string{r.Host}
	asked.Header[pseudoPath] = []string{original}
	if scheme := r.Header[forwardedProto]; len(scheme) > 0 {
		asked.Header[pseudoScheme] = scheme
	}
	return asked, true
}

// EnvoyCheck is a request as Envoy describes it by gRPC.
type EnvoyCheck struct {
	Peer   net.Addr // of the call
	Secret []string // what the call's metadata has as x-memberward-secret
	Source string   // address of Envoy's own client; empty: not said
	Method, Scheme, Host,
	Path string // as on the request line
	Header []Field // names in any case, pseudo-headers among them
	// Describe gives the attributes as JSON, in the words of the protocol, with
	// this path and these headers in place of those that were sent; nil: nothing
	// else is known of the request.
	Describe func(path string, headers map[string]string) ([]byte, error)
	Body     string // as far as Envoy sent it along
}

// Field is one header.
type Field struct{ Name, Value string }

// EnvoyVerdict answers a check. The zero value denies.
type EnvoyVerdict struct {
	Status   int      // 200, 401 or 403, or another denial that a rule names
	Headers  []Field  // of 200: for the application; otherwise for the client
	Remove   []string // of 200: what the application must not see
	ToClient []Field  // of 200: for the answer to the client
	Body     string   // of a denial that a rule gave one
	Metadata []byte   // for Envoy's other filters, a JSON object; nil: none
}

// CheckEnvoy judges a check by gRPC. Whatever fails is a denial, never an
// error.
func (h *Handler) CheckEnvoy(ctx context.Context, asked EnvoyCheck) EnvoyVerdict {
	a := h.judgeDescribed(h.calls, asked.request(ctx), described{attributes: asked.Describe, body: asked.Body})
	verdict := EnvoyVerdict{Status: a.code()}
	for _, f := range a.shown() {
		switch {
		case a.status == http.StatusOK && f.Name == headersToRemove: // has a place of its own in the answer
			verdict.Remove = strings.Split(f.Value, ",")
		case a.status != http.StatusOK || f.Name != "Vary": // is for caches
			verdict.Headers = append(verdict.Headers, f)
		}
	}
	if a.status != http.StatusOK {
		verdict.Headers = append(verdict.Headers, Field{"Cache-Control", "no-store"})
	}
	if w := a.wish; w != nil {
		verdict.Headers = append(verdict.Headers, shown(w.headers)...)
		verdict.Remove, verdict.ToClient = append(verdict.Remove, w.remove...), shown(w.toClient)
		verdict.Body, verdict.Metadata = w.body, w.metadata
	}
	return verdict
}

func (a answer) shown() []Field { return shown(a.fields) }

func shown(fields []field) []Field {
	shown := make([]Field, len(fields))
	for i, f := range fields {
		shown[i] = Field{f.name, f.value}
	}
	return shown
}

// request brings a check by gRPC into the common form. A client's own secret
// is not the proxy's.
func (asked EnvoyCheck) request(ctx context.Context) *http.Request {
	header := make(http.Header, len(asked.Header)+5)
	values := make([]string, len(asked.Header)) // one block for all that are there once
	for i, f := range asked.Header {
		name := http.CanonicalHeaderKey(f.Name)
		if several, repeated := header[name]; repeated {
			header[name] = append(several, f.Value)
			continue
		}
		values[i] = f.Value
		header[name] = values[i : i+1 : i+1]
	}
	delete(header, proxySecret)
	if len(asked.Secret) > 0 {
		header[proxySecret] = asked.Secret
	}
	for _, part := range []Field{{pseudoMethod, asked.Method}, {pseudoScheme, asked.Scheme}, {pseudoAuthority, asked.Host}, {pseudoPath, asked.Path}} {
		said := header[part.Name]
		if part.Value != "" && (len(said) != 1 || said[0] != part.Value) { // twice, if it is something else: refused
			header[part.Name] = append(said, part.Value)
		}
	}
	if asked.Source != "" && !has(header, forwardedFor) {
		header[forwardedFor] = []string{asked.Source}
	}
	request := &http.Request{Header: header}
	if asked.Peer == nil {
		return request.WithContext(ctx)
	}
	request.RemoteAddr = asked.Peer.String()
	return request.WithContext(context.WithValue(ctx, http.LocalAddrContextKey, asked.Peer))
}
