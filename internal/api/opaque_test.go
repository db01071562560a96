package api_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/api"
)

func TestOpaqueIDs(t *testing.T) {
	if api.OpaqueUserID(strings.ToUpper(olga.String())) != olga {
		t.Error("a UUID does not stand for itself")
	}
	bare := strings.ReplaceAll(olga.String(), "-", "")
	seen := map[string]string{olga.String(): "a UUID"}
	for _, text := range []string{"", "qqkbbkqvio08", "current", "{" + olga.String() + "}", "urn:uuid:" + olga.String(), bare, "00000000-0000-0000-0000-000000000000", "\x00", "\xff"} {
		id := api.OpaqueTenantID(text)
		if id.IsZero() || seen[id.String()] != "" || id != api.OpaqueTenantID(text) {
			t.Errorf("%q is %s, which is %q", text, id, seen[id.String()])
		}
		seen[id.String()] = text
	}
}
