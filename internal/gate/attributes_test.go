package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestAttributes(t *testing.T) {
	type object = map[string]any
	for name, tt := range map[string]struct {
		of   tenancy.HTTPRequest
		want object
	}{
		"no request": {tenancy.HTTPRequest{}, nil},
		"a request": {
			tenancy.HTTPRequest{
				Method: "GET", Scheme: "https", Host: "app.example", Path: "/tenants/acme/x", Segments: []string{"tenants", "acme", "x"}, RawPath: "/tenants/acme/%78",
				Query: map[string][]string{"b": {"2"}, "a": {"1", "c d"}}, Headers: map[string][]string{"x-own": {"1", "2"}}, ClientIP: "192.0.2.1",
			},
			object{
				"request": object{"http": object{
					"method": "GET", "scheme": "https", "host": "app.example", "path": "/tenants/acme/x?a=1&a=c+d&b=2", "headers": object{"x-own": "1,2"},
				}},
				"source": object{"address": object{"socketAddress": object{"address": "192.0.2.1"}}},
			},
		},
		"a request without more": {
			tenancy.HTTPRequest{Method: "PUT", Path: "/a\xff"},
			object{"request": object{"http": object{"method": "PUT", "scheme": "", "host": "", "path": "/a\uFFFD", "headers": object{}}}},
		},
	} {
		if diff := cmp.Diff(tt.want, gate.Attributes(&tt.of)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
