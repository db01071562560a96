package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// A platform key acts for a user on the listener of the APIs; at proxy checks
// the header says nothing, whoever sends it.
func TestThePlatformActsForAUser(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.LogLevel, cfg.SelfRegistration = "debug", true
	r := launch(t, cfg)
	defer r.stop(t)
	key, token := strings.TrimSpace(readFile(t, cfg.Data, keyFile)), olgaOfAcme(t, "http://"+r.at.API)
	_, me := call(t, "GET", "http://"+r.at.API+"/api/v1/permissions/tenants/me", "", "Authorization", "Bearer "+token)
	_, found := call(t, "GET", "http://"+r.at.API+"/v1/users?email=olga@example.com", "", "Authorization", "Bearer "+key)
	_, olga, _ := strings.Cut(found, `"id":"`)
	if len(olga) < 36 {
		t.Fatalf("olga is %s", found)
	}
	olga = olga[:36]
	for _, tc := range []struct {
		name, key, user string
		status          int
	}{
		{"the platform for olga", key, olga, http.StatusOK},
		{"the platform for nobody we know", key, uuid.NewString(), http.StatusForbidden},
		{"the platform for no id", key, "olga", http.StatusBadRequest},
		{"olga for herself", token, olga, http.StatusForbidden},
		{"nobody for olga", "", olga, http.StatusUnauthorized},
	} {
		pairs := []string{"X-Act-As", tc.user}
		if tc.key != "" {
			pairs = append(pairs, "Authorization", "Bearer "+tc.key)
		}
		status, body := call(t, "GET", "http://"+r.at.API+"/api/v1/permissions/tenants/me", "", pairs...)
		if status != tc.status || status == http.StatusOK && body != me {
			t.Errorf("%s: %d %s, want %d", tc.name, status, body, tc.status)
		}
	}
	if log := r.stderr.String(); !strings.Contains(log, "actor="+olga+" delegated=true via=platform_key key=") {
		t.Errorf("the decision log does not name both: %s", log)
	}
	for _, user := range []string{olga, uuid.NewString(), "olga"} {
		status, body := call(t, "GET", "http://"+r.at.Proxy+"/authz/nginx", "", "Authorization", "Bearer "+token, "X-Act-As", user,
			"X-Original-URI", "/tenants/acme/x", "X-Original-Method", "GET", "X-Original-Host", "app.example.com")
		if status != http.StatusOK {
			t.Errorf("a proxy check with X-Act-As %s: %d %s", user, status, body)
		}
	}
}
