package snippet_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/memberward/memberward/internal/snippet"
)

// traefik is what of Traefik's two files must not change by accident.
type traefik struct {
	EntryPoints map[string]struct {
		Address          string
		ForwardedHeaders struct{ Insecure *bool } `yaml:"forwardedHeaders"`
		HTTP             struct {
			AliasHeadersStrategy string `yaml:"aliasHeadersStrategy"`
			Middlewares          []string
		}
	} `yaml:"entryPoints"`
	HTTP struct {
		Middlewares map[string]struct {
			ForwardAuth map[string]any `yaml:"forwardAuth"`
		}
		Routers map[string]struct {
			EntryPoints []string `yaml:"entryPoints"`
			Service     string
		}
		Services map[string]any
	}
}

// Traefik cannot be started here: its files are read instead.
func TestTraefikAsksAboutEverything(t *testing.T) {
	files, err := snippet.Of("traefik", snippet.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	var static, dynamic traefik
	for i, into := range []*traefik{&static, &dynamic} {
		if err := yaml.Unmarshal([]byte(files[i].Text), into); err != nil {
			t.Fatalf("%s: %v", files[i].Name, err)
		}
	}
	if len(static.EntryPoints) == 0 {
		t.Error("no entry point")
	}
	for name, e := range static.EntryPoints {
		if e.ForwardedHeaders.Insecure == nil || *e.ForwardedHeaders.Insecure || e.HTTP.AliasHeadersStrategy != "reject" || !slices.Equal(e.HTTP.Middlewares, []string{"memberward@file"}) {
			t.Errorf("entry point %s: %+v", name, e)
		}
	}
	auth := dynamic.HTTP.Middlewares["memberward"].ForwardAuth
	if auth["trustForwardHeader"] != false || auth["address"] != "http://127.0.0.1:8081/authz/forward" {
		t.Errorf("the middleware: %v", auth)
	}
	for _, key := range []string{"authRequestHeaders", "forwardBody", "maxBodySize", "authResponseHeadersRegex"} {
		if _, set := auth[key]; set {
			t.Errorf("%s is set", key)
		}
	}
	source, err := os.ReadFile(filepath.Join("..", "proxy", "headers.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`= "(X-[A-Za-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		if copied, _ := auth["authResponseHeaders"].([]any); !slices.Contains(copied, any(name[1])) {
			t.Errorf("%s is left to the client", name[1])
		}
	}
}
