package gate

import (
	"net/url"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// Attributes describes a proxied request in the words of Envoy's protocol, as
// rules that were written for the OPA Envoy plugin read it; nil where there is
// no request. It says again what the request's own facts say, without the
// credentials, so it is neither kept nor recorded apart from them.
func Attributes(r *tenancy.HTTPRequest) map[string]any {
	if r.Method == "" && r.Path == "" && r.RawPath == "" && r.Host == "" {
		return nil
	}
	path := text(r.Path)
	if len(r.Query) > 0 {
		path += "?" + text(url.Values(r.Query).Encode())
	}
	headers := make(map[string]any, len(r.Headers))
	for name, values := range r.Headers {
		headers[name] = text(strings.Join(values, ","))
	}
	attributes := map[string]any{"request": map[string]any{"http": map[string]any{
		"method": text(r.Method), "scheme": text(r.Scheme), "host": text(r.Host), "path": path, "headers": headers,
	}}}
	if r.ClientIP != "" {
		attributes["source"] = map[string]any{"address": map[string]any{"socketAddress": map[string]any{"address": text(r.ClientIP)}}}
	}
	return attributes
}
