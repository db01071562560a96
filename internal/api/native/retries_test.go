package native_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// once adds an Idempotency-Key to a request.
func once(c call, key string) call {
	c.header = append(c.header[:len(c.header):len(c.header)], "Idempotency-Key", key)
	return c
}

// restarted is the same world after a crash: nothing is remembered but what
// the store holds.
func (w *world) restarted() *world {
	return w.with(w.t, gate.New(w.store, w.engine, gate.Options{Clock: time.Now, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }}))
}

// TestARetryHasOneEffect: the same key, actor, route and body return the first
// answer, after a crash too; a secret that is shown once is absent from it.
func TestARetryHasOneEffect(t *testing.T) {
	for _, e := range newWorld(t).changing() {
		if e.path == "/v1/users/"+mary && e.method == http.MethodDelete || e.path == "/v1/api-keys/"+marysKey {
			continue // the caller is gone with the change, see the next test
		}
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			w := newWorld(t)
			c := once(e.call, "attempt 1")
			first := w.do(c)
			if first.Status > 299 || first.Header.Get("Idempotency-Replayed") != "" {
				t.Fatalf("the first answer is %d %v %s", first.Status, first.Header, first.Body)
			}
			revision, chain := w.state()
			for _, w := range []*world{w, w.restarted()} {
				again := w.must(first.Status, c)
				if again.Header.Get("Idempotency-Replayed") != "true" {
					t.Error("the retry does not say that it is one")
				}
				for _, name := range []string{"ETag", "Memberward-Revision", "X-Decision-Id"} {
					if again.Header.Get(name) != first.Header.Get(name) || again.Header.Get(name) == "" {
						t.Errorf("%s is %q, and was %q", name, again.Header.Get(name), first.Header.Get(name))
					}
				}
				want := first.Body
				for _, secret := range []string{"key", "code"} {
					if !strings.Contains(want, `"`+secret+`":"`) {
						continue
					}
					if text, shown := first.object(t)[secret].(string); shown {
						want = strings.Replace(want, `"`+secret+`":"`+text+`",`, "", 1)
					}
				}
				if again.Body != want {
					t.Errorf("the retry answers %s, want %s", again.Body, want)
				}
			}
			if after, end := w.state(); after != revision || end != chain {
				t.Errorf("retries went from revision %d to %d, from record %d to %d", revision, after, chain.Seq, end.Seq)
			}
		})
	}
}

// TestARetryByWhomTheChangeEnded: nobody is answered who is not there any
// more; the platform, which is, finds what it did.
func TestARetryByWhomTheChangeEnded(t *testing.T) {
	w := newWorld(t)
	own := once(call{as: mary, method: http.MethodDelete, path: "/v1/api-keys/" + marysKey}, "k")
	w.must(http.StatusNoContent, own)
	w.refused(http.StatusUnauthorized, "unauthenticated", own)
	c := once(call{as: platform, method: http.MethodDelete, path: "/v1/users/" + mary}, "k")
	w.must(http.StatusNoContent, c)
	w.must(http.StatusNoContent, c)
}

// TestAnotherRequestUnderTheSameKey: another body, route or query is refused;
// another actor's key is another key.
func TestAnotherRequestUnderTheSameKey(t *testing.T) {
	w := newWorld(t)
	c := once(call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: `{"level":"viewer"}`}, "k")
	w.must(http.StatusOK, c)
	for name, other := range map[string]call{
		"another body":              {method: c.method, path: c.path, body: `{"level":"member"}`},
		"another spelling":          {method: c.method, path: c.path, body: `{"level": "viewer"}`},
		"another object":            {method: c.method, path: "/v1/tenants/acme/members/" + vic, body: c.body},
		"another name of the same":  {method: c.method, path: "/v1/tenants/" + acme + "/members/" + mary, body: c.body},
		"another method":            {method: http.MethodDelete, path: c.path},
		"another query":             {method: c.method, path: c.path + "?dry_run=false", body: c.body},
		"another operation":         {method: http.MethodPost, path: "/v1/tenants", body: `{"name":"N"}`},
		"a parameter moved to next": {method: c.method, path: "/v1/tenants/acm/members/e" + mary, body: c.body},
	} {
		other.as = adam
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusUnprocessableEntity, "idempotency_reused", once(other, "k"))
		})
	}
	c.as = olga
	if by := w.must(http.StatusOK, c); by.Header.Get("Idempotency-Replayed") != "" {
		t.Error("another actor was answered with the first one's outcome")
	}
	dry := c
	dry.path += "?dry_run=true"
	if answer := w.must(http.StatusOK, dry); answer.Header.Get("Idempotency-Replayed") != "" {
		t.Error("a dry run was answered with an outcome")
	}
}

// TestWhatIsNotRemembered: refusals and dry runs leave the key free.
func TestWhatIsNotRemembered(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/tenants/acme/members/" + mary
	w.refused(http.StatusForbidden, "rank_exceeded", once(call{as: adam, method: http.MethodPatch, path: path, body: `{"level":"owner"}`}, "k"))
	w.must(http.StatusOK, once(call{as: adam, method: http.MethodPatch, path: path + "?dry_run=true", body: `{"level":"admin"}`}, "k"))
	if made := w.must(http.StatusOK, once(call{as: adam, method: http.MethodPatch, path: path, body: `{"level":"viewer"}`}, "k")); made.Header.Get("Idempotency-Replayed") != "" {
		t.Error("something was remembered that was not committed")
	}
}

// TestTenClientsAtOnce: the same Idempotency-Key at once has exactly one
// effect; the others are answered with it, or told to come again.
func TestTenClientsAtOnce(t *testing.T) {
	w := newWorld(t)
	revision, _ := w.state()
	c := once(call{as: nina, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"Only One"}`}, strings.Repeat("~", 255))
	var wait sync.WaitGroup
	var made, replayed atomic.Int64
	for range 10 {
		wait.Go(func() {
			for {
				answer := w.do(c)
				switch {
				case answer.Status == http.StatusConflict && answer.Header.Get("Retry-After") != "":
					continue // as the header says, but sooner
				case answer.Status != http.StatusCreated:
					t.Errorf("= %d %s", answer.Status, answer.Body)
				case answer.Header.Get("Idempotency-Replayed") == "true":
					replayed.Add(1)
				default:
					made.Add(1)
				}
				return
			}
		})
	}
	wait.Wait()
	after, _ := w.state()
	if made.Load() != 1 || replayed.Load() != 9 || after != revision+1 {
		t.Errorf("%d made it, %d were answered again, and the revision went from %d to %d", made.Load(), replayed.Load(), revision, after)
	}
}

// recorder is a gate that fails, and remembers what it was asked.
type recorder struct {
	broken
	last *tenancy.ApplyOptions
}

func (r recorder) Apply(_ context.Context, _ tenancy.Actor, _ tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	*r.last = opts
	return tenancy.Outcome{}, r.err
}

// TestTheDigestOfARequestIsKeyed: what is stored of a request tells nothing of
// its body to whoever does not hold the Idempotency-Key.
func TestTheDigestOfARequestIsKeyed(t *testing.T) {
	var last tenancy.ApplyOptions
	w := newWorld(t).with(t, recorder{broken{&tenancy.Error{Code: tenancy.CodeUnavailable}}, &last})
	digests := map[tenancy.Digest]string{}
	for _, key := range []string{"k1", "k2"} {
		for _, body := range []string{`{"to":"` + adam + `"}`, `{"to":"` + mary + `"}`} {
			w.do(once(call{as: olga, method: http.MethodPost, path: "/v1/tenants/acme/transfer-ownership", body: body}, key))
			if last.Idempotency.Key != key {
				t.Errorf("the gate got the key %q, want %q", last.Idempotency.Key, key)
			}
			digests[last.Idempotency.Request] = key + body
		}
	}
	if len(digests) != 4 {
		t.Errorf("four requests have %d digests: %v", len(digests), digests)
	}
}

// TestNoSecretIsStored: neither a password nor the text of a key is found in
// the file, nor the body that a receipt belongs to.
func TestNoSecretIsStored(t *testing.T) {
	w := newWorld(t)
	const password = "nobody shall find this one"
	w.must(http.StatusCreated, once(call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"kim@example.com","password":"` + password + `"}`}, "attempt"))
	w.must(http.StatusNoContent, once(call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/password", body: `{"new":"` + password + `"}`}, "attempt"))
	made := w.must(http.StatusCreated, once(call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"label":"a label to be found"}`}, "attempt 2"))
	text, _ := made.object(t)["key"].(string)
	asked := w.must(http.StatusCreated, once(call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/invitations", body: `{"email":"ivy@example.com"}`}, "attempt"))
	code, _ := asked.object(t)["code"].(string)
	w.must(http.StatusOK, once(call{method: http.MethodPost, path: "/v1/invitations/" + code + "/accept", body: `{"password":"` + password + `"}`}, "attempt"))
	file, err := os.ReadFile(w.path)
	check(t, err)
	for _, secret := range []string{password, text, text[36:], code, code[4:], ninasCode, "Bearer", keyText(mary)} {
		if strings.Contains(string(file), secret) {
			t.Errorf("%q is in the store", secret)
		}
	}
	if !strings.Contains(string(file), "a label to be found") {
		t.Error("the search finds nothing at all")
	}
}

// TestConditions: If-Match that does not match, or on a resource that is not
// there, is 412; nobody learns by it what they may not know.
func TestConditions(t *testing.T) {
	w := newWorld(t)
	const member = "/v1/tenants/acme/members/" + mary
	tag := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: member}).Header.Get("ETag")
	patch := call{as: adam, method: http.MethodPatch, path: member + "?dry_run=true", body: `{"level":"viewer"}`}
	for name, c := range map[string]struct {
		match  string
		status int
	}{
		"the version":                 {tag, 200},
		"one of several":              {`"x", ` + tag + `,"y"`, 200},
		"any":                         {"*", 200},
		"another version":             {`"x"`, 412},
		"the version, weak":           {"W/" + tag, 412},
		"the star, as a tag":          {`"*"`, 412},
		"an empty tag":                {`""`, 412},
		"the version in capitals":     {strings.ToUpper(tag), 412},
		"the version, weak, and more": {"W/" + tag + `, "x"`, 412},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := patch
			c2.header = []string{"If-Match", c.match}
			answer := w.in(t).must(c.status, c2)
			if c.status == 412 && answer.object(t)["code"] != "stale" {
				t.Errorf("the code is not stale: %s", answer.Body)
			}
		})
	}
	onTwoLines := patch
	onTwoLines.header, onTwoLines.twice = []string{"If-Match", tag}, true
	w.must(http.StatusOK, onTwoLines)
	patch.path = member
	patch.header = []string{"If-Match", tag}
	changed := w.must(http.StatusOK, patch)
	w.refused(http.StatusPreconditionFailed, "stale", patch)
	patch.header = []string{"If-Match", changed.Header.Get("ETag")}
	patch.body = `{"level":"member"}`
	w.must(http.StatusOK, patch) // the tag of a change is the next condition

	for name, c := range map[string]call{
		"a member removed":  {as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + nina},
		"a user deleted":    {as: platform, method: http.MethodDelete, path: "/v1/users/" + nobody},
		"a user unknown":    {as: platform, method: http.MethodPatch, path: "/v1/users/" + nobody, body: `{"surname":"x"}`},
		"a tenant deleted":  {as: platform, method: http.MethodDelete, path: "/v1/tenants/" + nowhere},
		"an organization":   {as: platform, method: http.MethodDelete, path: "/v1/organizations/" + nowhere},
		"what is made anew": {as: nina, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"N"}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, match := range []string{"*", `"x"`} {
				c.header = []string{"If-Match", match}
				w.in(t).refused(http.StatusPreconditionFailed, "stale", c)
			}
		})
	}
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodDelete, path: "/v1/tenants/acme", header: []string{"If-Match", "*"}})
	w.refused(http.StatusNotFound, "organization_unknown", call{as: nina, method: http.MethodDelete, path: "/v1/organizations/acme-group", header: []string{"If-Match", "*"}})
	for _, who := range []string{mary, nina} { // who may not know whether it is there reads what they would read anyway
		without := call{as: who, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + vic}
		with := without
		with.header = []string{"If-Match", `"x"`}
		if diff := cmp.Diff(w.do(without).blind(t), w.do(with).blind(t)); diff != "" {
			t.Errorf("a condition tells %s something:\n%s", who, diff)
		}
	}
}

// TestUnlessTheVersion: a read of one object with If-None-Match is 304 while
// the caller has it.
func TestUnlessTheVersion(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1/users/" + olga, "/v1/tenants/acme", "/v1/tenants/acme/members/" + mary, "/v1/policies"} {
		read := call{as: olga, method: http.MethodGet, path: path}
		whole := w.must(http.StatusOK, read)
		tag := whole.Header.Get("ETag")
		for _, value := range []string{tag, "W/" + tag, "*", `"x", ` + tag} {
			read.header = []string{"If-None-Match", value}
			answer := w.must(http.StatusNotModified, read)
			for _, name := range []string{"ETag", "Memberward-Revision", "X-Decision-Id", "X-Request-Id", "Cache-Control"} {
				if answer.Header.Get(name) == "" {
					t.Errorf("%s: 304 without %s", path, name)
				}
			}
			if answer.Body != "" || answer.Header.Get("ETag") != tag || answer.Header.Get("Content-Type") != "" {
				t.Errorf("%s: 304 with %v %q", path, answer.Header, answer.Body)
			}
		}
		read.header = []string{"If-None-Match", `"x"`}
		if again := w.must(http.StatusOK, read); again.Body != whole.Body {
			t.Errorf("%s: %s, want %s", path, again.Body, whole.Body)
		}
	}
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodGet, path: "/v1/tenants/acme", header: []string{"If-None-Match", "*"}})
}

// TestAtLeast: a read is answered at the revision asked for or later, and says
// so when the store has not reached it.
func TestAtLeast(t *testing.T) {
	w := newWorld(t)
	changed := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: `{"developer":true}`})
	revision := changed.Header.Get("Memberward-Revision")
	for _, e := range endpoints {
		if !w.terms(e.call)["Memberward-At-Least"] {
			continue
		}
		c := e.call
		c.header = []string{"Memberward-At-Least", revision}
		if answer := w.do(c); answer.Status != http.StatusOK && !e.missing {
			t.Errorf("%s %s at %s: %d %s", c.method, c.path, revision, answer.Status, answer.Body)
		}
		c.header[1] = "18446744073709551615"
		w.refused(http.StatusConflict, "conflict", c)
		if w.do(c).Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: 409 without Retry-After", c.method, c.path)
		}
	}
}
