package authzen_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
)

const (
	readers      = `"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1","properties":{"a":1,"b":{"c":2,"d":3}}}`
	readersAgain = `"resource":{"properties":{"b":{"d":3,"c":2},"a":1},"id":"record-1","type":"record"},"action":{"name":"read"},"subject":{"id":"?","type":"user"}`
)

// firstPage gives the token of the second page of who may read.
func firstPage(t *testing.T, s *apitest.Stage) string {
	t.Helper()
	var first struct {
		Page struct {
			Next string `json:"next_token"`
		}
	}
	got := ask(t, s, "search/subject", `{`+readers+`,"page":{"limit":1}}`)
	if err := json.Unmarshal([]byte(got.Body), &first); err != nil || first.Page.Next == "" {
		t.Fatalf("the first page: %s", got.Body)
	}
	return first.Page.Next
}

func follow(t *testing.T, s *apitest.Stage, search, token string) apitest.Answer {
	t.Helper()
	return ask(t, s, "search/subject", `{`+search+`,"page":{"token":"`+token+`"}}`)
}

// A token shows nothing of where its page begins, and holds however the search
// is written.
func TestATokenIsOpaque(t *testing.T) {
	s := set(t, records, nil, pointURL)
	token := firstPage(t, s)
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || strings.Contains(string(plain), "alice") || strings.Contains(token, "alice") {
		t.Errorf("the token %s is %q, %v", token, plain, err)
	}
	for _, search := range []string{readers, readersAgain} {
		if got := follow(t, s, search, token); got.Status != http.StatusOK || !strings.Contains(got.Body, "bob") || strings.Contains(got.Body, "alice") {
			t.Errorf("the second page: %d %s", got.Status, got.Body)
		}
	}
}

// No bit of a token can be changed, nothing added or taken away, and the token
// of one search or of one server is none of another.
func TestATokenCannotBeMade(t *testing.T) {
	s := set(t, records, nil, pointURL)
	token := firstPage(t, s)
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	forged := map[string]string{
		"padded": token + "=", "with a letter more": token + "A", "twice": token + token, "with a blank": token + " ", "of another server": firstPage(t, set(t, records, nil, pointURL)),
		"plain": base64.RawURLEncoding.EncodeToString([]byte("0alice")),
	}
	for i := range plain {
		for bit := range 8 {
			changed := []byte(string(plain))
			changed[i] ^= 1 << bit
			forged["with a bit changed "+string(rune('a'+i))+string(rune('0'+bit))] = base64.RawURLEncoding.EncodeToString(changed)
		}
		forged["cut short "+string(rune('a'+i))] = base64.RawURLEncoding.EncodeToString(plain[:i+1])
	}
	delete(forged, "cut short "+string(rune('a'+len(plain)-1))) // the whole
	for name, text := range forged {
		if got := follow(t, s, readers, text); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for name, search := range map[string]string{
		"another resource":  strings.Replace(readers, "record-1", "record-2", 1),
		"another action":    strings.Replace(readers, "read", "write", 1),
		"another type":      strings.Replace(readers, "user", "robot", 1),
		"another property":  strings.Replace(readers, `"a":1`, `"a":2`, 1),
		"with a context":    readers + `,"context":{"a":1}`,
		"with action's own": strings.Replace(readers, `"read"`, `"read","properties":{"a":1}`, 1),
	} {
		if got := follow(t, s, search, token); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}
