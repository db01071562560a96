package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Whatever ends tokens ends all that were issued before it, and none that is
// issued after it, however soon.
func TestWhatEndsTokens(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.SelfRegistration = true
	r := launch(t, cfg)
	defer r.stop(t)
	api, platform := "http://"+r.at.API, "Bearer "+strings.TrimSpace(readFile(t, cfg.Data, keyFile))
	tokens := []string{olgaOfAcme(t, api)}
	_, found := call(t, "GET", api+"/v1/users?email=olga@example.com", "", "Authorization", platform)
	var users struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(found), &users); err != nil || len(users.Items) != 1 {
		t.Fatalf("olga is %s", found)
	}
	olga, password := api+"/v1/users/"+users.Items[0].ID, "olga's password"
	for _, step := range []struct{ name, url, body, by, password string }{
		{"she changes her password", olga + "/password", `{"current":"olga's password","new":"olga's other password"}`, "", "olga's other password"},
		{"she ends her tokens", olga + "/tokens/revoke", "", "", ""},
		{"the platform ends them", olga + "/tokens/revoke", "", platform, ""},
		{"the signing key is revoked", api + "/v1/admin/signing-keys/rotate", `{"revoke":true}`, platform, ""},
	} {
		if step.by == "" {
			step.by = "Bearer " + tokens[len(tokens)-1]
		}
		if status, body := call(t, "POST", step.url, step.body, "Authorization", step.by); status/100 != 2 {
			t.Fatalf("%s: %d %s", step.name, status, body)
		}
		if step.password != "" {
			password = step.password
		}
		for i, token := range tokens {
			if status, _ := call(t, "GET", olga, "", "Authorization", "Bearer "+token); status != http.StatusUnauthorized {
				t.Errorf("%s: token %d is answered with %d, want 401", step.name, i, status)
			}
		}
		fresh := signIn(t, api, password)
		if status, body := call(t, "GET", olga, "", "Authorization", "Bearer "+fresh); status != http.StatusOK {
			t.Errorf("%s: a token issued right after is answered with %d %s", step.name, status, body)
		}
		tokens = append(tokens, fresh)
	}
	status, body := call(t, "POST", api+"/v1/admin/signing-keys/rotate", `{}`, "Authorization", platform)
	if status/100 != 2 {
		t.Fatalf("rotate: %d %s", status, body)
	}
	if status, _ := call(t, "GET", olga, "", "Authorization", "Bearer "+tokens[len(tokens)-1]); status != http.StatusOK {
		t.Errorf("a token of the key before is answered with %d, want 200", status)
	}
}

func signIn(t *testing.T, api, password string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"email": "olga@example.com", "password": password})
	if err != nil {
		t.Fatal(err)
	}
	_, answer := call(t, "POST", api+"/v1/tokens", string(body))
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(answer), &token); err != nil || token.Text == "" {
		t.Fatalf("sign in: %s", answer)
	}
	return token.Text
}
