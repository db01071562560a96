package snippet_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/snippet"
)

// folders are where each proxy's files are shipped.
var folders = map[string][]string{
	"nginx": {"nginx/memberward.conf"}, "caddy": {"caddy/Caddyfile"}, "traefik": {"traefik/traefik.yaml", "traefik/memberward.yaml"},
	"haproxy": {"haproxy/haproxy.cfg", "haproxy/memberward.lua"}, "envoy": {"envoy/envoy.yaml"}, "apache": {"apache/memberward.conf"},
}

// What is printed are the very files, to the byte.
func TestTheShippedFilesAreGiven(t *testing.T) {
	if len(snippet.Proxies()) != len(folders) {
		t.Errorf("there are %q", snippet.Proxies())
	}
	for _, proxy := range snippet.Proxies() {
		files, err := snippet.Of(proxy, snippet.Addresses{})
		if err != nil || len(files) != len(folders[proxy]) {
			t.Fatalf("%s: %d files, %v", proxy, len(files), err)
		}
		for i, name := range folders[proxy] {
			want, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
			if err != nil {
				t.Fatal(err)
			}
			if files[i].Name != filepath.Base(name) || files[i].Text != string(want) {
				t.Errorf("%s: %s is not %s", proxy, files[i].Name, name)
			}
		}
	}
}

// Each address replaces one place, and nothing else changes.
func TestAddressesAreReplacedWhereTheyStand(t *testing.T) {
	for _, row := range []struct {
		proxy string
		at    snippet.Addresses
		want  []string // each once; in this order
	}{
		{"nginx", snippet.Addresses{Listen: ":443", Memberward: "unix:/run/mw.sock", Application: "app.internal:80"}, []string{"server unix:/run/mw.sock;", "server app.internal:80;", "listen 443;"}},
		{"nginx", snippet.Addresses{Listen: "[::1]:443"}, []string{"listen [::1]:443;"}},
		{"caddy", snippet.Addresses{Listen: "10.0.0.1:80", Memberward: "unix:/run/mw.sock", Application: "[::1]:80"}, []string{":80 {\n\tbind 10.0.0.1\n", "forward_auth unix//run/mw.sock {", "reverse_proxy [::1]:80\n"}},
		{"caddy", snippet.Addresses{Listen: ":80"}, []string{"\n:80 {\n"}},
		{"traefik", snippet.Addresses{Listen: ":80", Memberward: "mw:1", Application: "app:2"}, []string{`address: ":80"`, `"http://mw:1/authz/forward"`, `url: "http://app:2"`}},
		{"haproxy", snippet.Addresses{Listen: ":80", Memberward: "unix:/run/mw.sock", Application: "app:2"}, []string{"bind :80\n", "server application app:2\n", "server memberward unix@/run/mw.sock\n"}},
		{"envoy", snippet.Addresses{Listen: ":80", Memberward: "mw:1", Application: "[::1]:2"}, []string{`{address: "0.0.0.0", port_value: 80}`, `{address: "mw", port_value: 1}`, `{address: "::1", port_value: 2}`}},
		{"apache", snippet.Addresses{Listen: ":80", Memberward: "mw:1", Application: "app:2"}, []string{"fcgi://mw:1/\n", "Listen 80\n<VirtualHost *:80>\n", "http://app:2/ nocanon"}},
		{"apache", snippet.Addresses{Listen: "[::1]:80"}, []string{"Listen [::1]:80\n<VirtualHost [::1]:80>\n"}},
	} {
		files, err := snippet.Of(row.proxy, row.at)
		if err != nil {
			t.Errorf("%s: %v", row.proxy, err)
			continue
		}
		text := ""
		for _, f := range files {
			text += f.Text
		}
		for _, want := range row.want {
			if strings.Count(text, want) != 1 {
				t.Errorf("%s: %q stands there %d times", row.proxy, want, strings.Count(text, want))
			}
			_, text, _ = strings.Cut(text, want)
		}
	}
}

// An address is written into a configuration: nothing in it may mean more.
func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{
		"8000", ":0", ":65536", ":08", ":x", "a b:80", "a;:80", "a\n:80", "a{:80", "${HOME}:80", "http://a:80", "a:80/", "[::1", "::1:80", "[fe80::1%25x]:1", "a:", "a:-1", "a:+1", "é:80",
		"unix:/run/x",
	} {
		for _, proxy := range snippet.Proxies() {
			if _, err := snippet.Of(proxy, snippet.Addresses{Application: text}); err == nil || !strings.HasPrefix(err.Error(), "--application: ") {
				t.Errorf("%s: application %q: %v", proxy, text, err)
			}
			if _, err := snippet.Of(proxy, snippet.Addresses{Listen: text}); err == nil {
				t.Errorf("%s: listen %q", proxy, text)
			}
		}
	}
	for _, text := range []string{"unix:", "unix:run", "unix:/a b", "unix:/a;", "unix:/a\n", "unix:/$a"} {
		if _, err := snippet.Of("nginx", snippet.Addresses{Memberward: text}); err == nil {
			t.Errorf("memberward %q", text)
		}
	}
	for _, proxy := range []string{"traefik", "envoy", "apache"} {
		if _, err := snippet.Of(proxy, snippet.Addresses{Memberward: "unix:/run/mw.sock"}); err == nil {
			t.Errorf("%s asks over a socket", proxy)
		}
	}
	if _, err := snippet.Of("nginx", snippet.Addresses{Application: ":80"}); err == nil {
		t.Error("an application on every interface")
	}
	if _, err := snippet.Of("iis", snippet.Addresses{}); !errors.As(err, new(snippet.Unknown)) || !strings.Contains(err.Error(), "nginx, caddy, traefik, haproxy, envoy, apache") {
		t.Errorf("iis: %v", err)
	}
}
