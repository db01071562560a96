package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

func TestARestartFindsEverythingThere(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, "--self-registration")
	s.must(http.StatusCreated, "POST", "/api/v1/auth/register", "", `{"email":"olga@example.com","password":"correct horse battery"}`)
	token := s.must(http.StatusOK, "POST", "/v1/tokens", "", `{"email":"olga@example.com","password":"correct horse battery"}`).field("access_token")
	tenant := s.must(http.StatusCreated, "POST", "/v1/tenants", token, `{"name":"Acme"}`).field("id")
	mary, key := s.user("mary@example.com")
	s.must(http.StatusCreated, "POST", "/v1/tenants/"+tenant+"/members", token, `{"user_id":"`+mary+`"}`)
	before := s.must(http.StatusOK, "GET", "/v1/tenants/"+tenant+"/members", token, "").body
	s.stop()

	s = start(t, dir)
	if after := s.must(http.StatusOK, "GET", "/v1/tenants/"+tenant+"/members", token, "").body; after != before {
		t.Errorf("members after the restart:\n%s\nbefore:\n%s", after, before)
	}
	s.must(http.StatusOK, "GET", "/v1/tenants/acme", key, "")
	s.must(http.StatusOK, "GET", "/v1/users/"+mary, platformKey, "")
	if mode := fileMode(t, filepath.Join(dir, "memberward.db")); mode != 0o600 {
		t.Errorf("the store has mode %o, want 600", mode)
	}
	s.stop()
}

func fileMode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
