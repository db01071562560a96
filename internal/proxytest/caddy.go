package proxytest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Caddy is Caddy with deploy/caddy/Caddyfile.
func Caddy() Kind {
	return Kind{
		Name:    "caddy",
		shipped: "deploy/caddy/Caddyfile",
		addresses: func(sidecar, application, listen string) []string {
			host, port, err := net.SplitHostPort(listen)
			if err != nil { // freePort gives host:port
				panic(err)
			}
			return []string{
				"forward_auth 127.0.0.1:8081 ", "forward_auth " + strings.Replace(sidecar, "unix:", "unix/", 1) + " ",
				"reverse_proxy 127.0.0.1:3000", "reverse_proxy " + application,
				":8000 {", ":" + port + " {\n\tbind " + host,
			}
		},
		prepare: prepareCaddy,
	}
}

// prepareCaddy keeps Caddy from its administration port, and from everything
// in the home of whoever runs the test.
func prepareCaddy(t testing.TB, binary, dir, config string) *exec.Cmd {
	t.Helper()
	main := filepath.Join(dir, "frame.caddyfile")
	write(t, filepath.Join(dir, "memberward.caddyfile"), config)
	write(t, main, "{\n\tadmin off\n\tauto_https off\n}\nimport memberward.caddyfile\n")
	cmd := exec.Command(binary, "run", "--config", main, "--adapter", "caddyfile")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return cmd
}
