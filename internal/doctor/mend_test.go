package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every remedy is a line of a shipped configuration, so that what the doctor
// advises is what the tests of the proxies start.
func TestEveryRemedyIsShipped(t *testing.T) {
	for _, r := range remedies {
		name := "X-Auth-Subject"
		if r.text == "RequestHeader unset NAME" {
			name = assertionHeader // is not in every answer
		}
		if r.code == "control_believed" {
			name = map[string]string{"nginx": "X-Original-Method", "caddy": "X-Forwarded-Host", "haproxy": "X-Forwarded-Uri"}[r.proxy]
			if strings.HasPrefix(r.text, "request_header") {
				name = "X-Forwarded-Method"
			}
		}
		if !slices.Contains(Proxies(), r.proxy) || shippedLine(r.proxy, r.named(name)) == "" {
			t.Errorf("%s: no shipped line of %s holds %q", r.code, r.proxy, r.named(name))
		}
		if why(r.code) == "" {
			t.Errorf("%s: no advice", r.code)
		}
	}
	if shippedLine("nginx", "no such line") != "" || shippedLine("nginx", "Address 1 of 3") != "" {
		t.Error("a line that is not there is found, or a comment taken for one")
	}
}

// Whoever spoofs a header is told how to remove it, for every proxy and every
// header, ours or not.
func TestEverySpoofIsMended(t *testing.T) {
	for _, name := range append(slices.Clone(identityHeaders), "Remote-User") {
		for _, proxy := range Proxies() {
			lines, want := mends("identity_spoofed", name, proxy), 1
			if proxy == "apache" && name == assertionHeader {
				want = 2 // is not in every answer: it is removed, and set where it is
			}
			if len(lines) != want {
				t.Errorf("%s, %s: %+v", name, proxy, lines)
			}
			for _, mend := range lines {
				line := strings.ToLower(mend.Line)
				if mend.Proxy != proxy || !strings.Contains(line, strings.ToLower(name)) && !strings.Contains(line, "x-auth-*") && !strings.Contains(line, "x-auth- ") {
					t.Errorf("%s, %s: mended by %+v", name, proxy, mend)
				}
			}
		}
	}
}

// The headers are those of the checks.
func TestTheIdentityHeadersAreAllThereAre(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "proxy", "headers.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`= "(X-[A-Za-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) != len(identityHeaders) {
		t.Errorf("%d headers, %d are examined", len(found), len(identityHeaders))
	}
	for _, name := range found {
		if !slices.Contains(identityHeaders, name[1]) {
			t.Errorf("%s is not examined", name[1])
		}
	}
}

func TestPathsAreComparedAsDecisionsWriteThem(t *testing.T) {
	for written, want := range map[string]string{
		"/a": "/a", "/%41%7e": "/A~", "/a%2fb": "/a%2Fb", "/a b": "/a%20b", "/[a]": "/%5Ba%5D", "/a%26b": "/a%26b", "/a&b": "/a&b", "/é": "/%C3%A9", "/%zz": "/%25zz", "/a%": "/a%25", "/%4": "/%254",
	} {
		if got := canonical(written); got != want {
			t.Errorf("canonical(%q) = %q, want %q", written, got, want)
		}
	}
}
