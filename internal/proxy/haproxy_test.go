package proxy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/memberward/memberward/internal/proxytest"
)

// What only HAProxy has, and faults in its configuration that the matrix finds.

// TestHAProxySpoofsAreNoticed leaves out, one by one, the lines that keep a
// client from saying who it is.
func TestHAProxySpoofsAreNoticed(t *testing.T) {
	for _, tt := range []struct{ fault, with, spoof string }{
		{"http-request del-header x-auth- -m beg", "", "X-Auth-Assertion: forged"},
		{"http-request set-header x-auth-roles         %[var(txn.memberward_roles)]", "", "X-None: 1"},
	} {
		if got := spoofed(newSite(t, proxytest.HAProxy(), tt.fault, tt.with), t, tt.spoof); got == "" {
			t.Errorf("a configuration without %q passes", tt.fault)
		}
	}
}

// TestHAProxyWithoutTheLastRuleIsNoticed: the script lets nobody through, and
// keeps nobody out.
func TestHAProxyWithoutTheLastRuleIsNoticed(t *testing.T) {
	application := &proxytest.Application{}
	p := proxytest.HAProxy().Start(t, proxytest.Setup{
		Sidecar: impostor(t, "refuse"), Application: application,
		Break: []string{"http-request deny deny_status 502 unless { var(txn.memberward_status) -m int 200 }", ""},
	})
	if p.Get(t, "/tenants/acme/x", asOlga); application.Requests() == 0 {
		t.Error("without the rule, nothing opens: the rule proves nothing")
	}
}

// TestAHAProxyScriptThatFailsOpensNothing runs one that only fails when a
// request comes.
func TestAHAProxyScriptThatFailsOpensNothing(t *testing.T) {
	script := filepath.Join(t.TempDir(), "broken.lua")
	text := `core.register_action("broken", { "http-req" }, function(txn) error("on purpose") end, 0)`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, proxytest.HAProxy(), "lua-load ", "lua-load "+script+"\n    lua-load ", "http-request lua.memberward", "http-request lua.broken")
	if got := s.Get(t, "/tenants/acme/x", asOlga); got.Status != 502 || s.application.Requests() != 0 {
		t.Errorf("%d, %d requests reached the application", got.Status, s.application.Requests())
	}
}

func TestHAProxyWithoutKeepaliveIsNoticed(t *testing.T) {
	s := newSite(t, proxytest.HAProxy(), "http-reuse always", "http-reuse never\n    option httpclose")
	if requests, connections := load(t, s); connections < requests {
		t.Errorf("without keepalive %d checks cost only %d connections", requests, connections)
	}
}

func TestHAProxyOtherUpgradesAreNoticed(t *testing.T) {
	s := newSite(t, proxytest.HAProxy(),
		"http-request del-header connection", "", "http-request del-header upgrade unless websocket", "")
	if !upgraded(t, s, "Upgrade: h2c") {
		t.Error("a configuration that upgrades to anything is not noticed")
	}
}

// TestHAProxyOtherPathsAreNoticed plants the classic mistake: a prefix is
// stripped behind the check.
func TestHAProxyOtherPathsAreNoticed(t *testing.T) {
	if !differs(t, proxytest.HAProxy(), "backend application\n    # Address 2", "backend application\n    http-request replace-path /tenants/acme(.*) \\1\n    # Address 2") {
		t.Error("a configuration that rewrites paths passes")
	}
}
