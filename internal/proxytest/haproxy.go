package proxytest

import (
	"crypto/sha256"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// HAProxy is HAProxy with deploy/haproxy/haproxy.cfg and the script beside it.
func HAProxy() Kind {
	return Kind{
		Name:    "haproxy",
		shipped: "deploy/haproxy/haproxy.cfg",
		addresses: func(sidecar, application, listen string) []string {
			return []string{
				"server memberward 127.0.0.1:8081", "server memberward " + strings.Replace(sidecar, "unix:", "unix@", 1),
				"server application 127.0.0.1:3000", "server application " + application,
				"bind :8000", "bind " + listen,
			}
		},
		prepare: prepareHAProxy,
	}
}

// prepareHAProxy gives this one an internal socket of its own: the names of
// abstract ones are the machine's.
func prepareHAProxy(t testing.TB, binary, dir, config string) *exec.Cmd {
	t.Helper()
	main, script := filepath.Join(dir, "haproxy.cfg"), filepath.Join(dir, "memberward.lua")
	own := strings.NewReplacer("/etc/haproxy/memberward.lua", script, "abns@memberward", fmt.Sprintf("abns@memberward-%x", sha256.Sum256([]byte(dir))))
	write(t, main, own.Replace(config))
	write(t, script, own.Replace(file(t, "deploy/haproxy/memberward.lua")))
	return exec.Command(binary, "-db", "-f", main)
}
