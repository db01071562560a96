package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const page = "../../docs/configuration.md"

// TestTheReferenceIsUpToDate: the page is made from the table of settings.
func TestTheReferenceIsUpToDate(t *testing.T) {
	want := reference()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configuration.md is stale: go test ./internal/config -run TestTheReferenceIsUpToDate -update")
	}
}

// TestTheExampleOfThePageIsRead: what the page shows can be copied.
func TestTheExampleOfThePageIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memberward.yaml")
	text := strings.ReplaceAll(example, "/etc/memberward/proxy_secret", write(t, "secret", secret+"\n", 0o640))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := LoadServe(flags(map[string]string{"config": path}), nil)
	if err != nil || got.ProxySecret != secret || len(got.TrustedPeers) != 1 || !got.CookieSecure || got.CogneeValidationStatus != 422 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEverySettingIsOnThePage(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, found := range regexp.MustCompile("`([a-z_.]+|--[a-z-]+|MEMBERWARD_[A-Z_]+)`").FindAllStringSubmatch(string(data), -1) {
		names[found[1]] = true
	}
	for _, s := range Settings() {
		for _, name := range []string{s.Key, s.Variable, strings.TrimSuffix("--"+s.Flag, "--")} {
			if name != "" && !names[name] {
				t.Errorf("%s is not on the page", name)
			}
		}
		if s.Help == "" || strings.Contains(s.Help, "|") {
			t.Errorf("%s: the help %q does not fit a table", s, s.Help)
		}
	}
}

const example = `# /etc/memberward/memberward.yaml
data: /var/lib/memberward
proxy_listen: unix:/run/memberward/proxy.sock
log_format: json

trusted_peers: [10.1.2.0/24]
proxy_secret_file: /etc/memberward/proxy_secret

login_url: https://login.example.com/
redirect_hosts: [app.example.com]
public_url: https://members.example.com

cognee:
  validation_status: 422
`

const introduction = `# Configuration

<!-- Made from the table in internal/config/settings.go; write it anew with
     go test ./internal/config -run TestTheReferenceIsUpToDate -update -->

A setting comes from its flag, else from its environment variable, else from the configuration file, else it has its default. The file is named
by ` + "`--config FILE` or `MEMBERWARD_CONFIG`" + ` and is YAML:

` + "```yaml\n" + example + "```" + `

A start is refused, with exit code 3 and a line for every problem, when something is misspelt, contradictory or unsafe:

- a key that is not below, or stands twice; a variable that begins with ` + "`MEMBERWARD_`" + ` and is not below (only those that Kubernetes makes for a
  service called memberward are let pass)
- a value of another type, or none: leave a setting out, or give it a value
- YAML that says something else than it seems to: aliases, merged keys, a second document, empty items; more than 1 MiB
- a file that its group or others may write, or one that holds a secret and others may read: ` + "`chmod 640`" + `
- a listener beyond loopback or a URL in plain HTTP, without ` + "`insecure`" + `; networks of proxies so wide that strangers are in them

Paths are relative to the folder that the program is started in, in the file too.

| key in the file | flag | variable | default | what it is |
|---|---|---|---|---|
`

const closing = `
` + "`GOGC` and `GOMEMLIMIT`" + ` are Go's own. Unless you set them, Memberward takes 400, and 57 MiB, or twice what it has to keep where that is
more. ` + "`NOTIFY_SOCKET` and `WATCHDOG_USEC`" + ` are systemd's; see [deployment.md](deployment.md#systemd).
`

// reference is the text of docs/configuration.md.
func reference() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, s := range Settings() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n",
			code(s.Key), code(strings.TrimSuffix("--"+s.Flag, "--")), code(s.Variable), code(s.Default), strings.Join(about(s), "; "))
	}
	b.WriteString(closing)
	return b.String()
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// about says what a setting is, and what it may be.
func about(s Setting) []string {
	parts := []string{s.Help}
	switch {
	case len(s.Choices) > 0 && !strings.Contains(s.Help, orList(s.Choices)):
		parts = append(parts, orList(s.Choices))
	case s.Kind == Switch:
		parts = append(parts, "true or false")
	case s.Kind == List:
		parts = append(parts, "a list")
	}
	if s.Secret {
		parts = append(parts, "a secret")
	}
	return parts
}
