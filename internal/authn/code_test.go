package authn

import (
	"net/url"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// TestCodes: each code is another, is no key, and stands in a path as it is.
func TestCodes(t *testing.T) {
	s := newScene(t)
	seen := map[tenancy.Digest]bool{}
	for range 100 {
		code, err := s.NewCode()
		if err != nil {
			t.Fatal(err)
		}
		if seen[code.Digest] || code.Digest != s.CodeDigest(code.Text) || url.PathEscape(code.Text) != code.Text {
			t.Errorf("the code %q comes twice, has another digest or does not stand in a path", code.Text)
		}
		if len(code.Text) < 40 || strings.HasPrefix(code.Text, "mw_") {
			t.Errorf("%q is no code of 256 bits, or looks like a key", code.Text)
		}
		seen[code.Digest] = true
	}
}
