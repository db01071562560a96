package native_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestDecisions: the platform, that tenant's administrators and the actor's
// own; others' are as if they were not there.
func TestDecisions(t *testing.T) {
	w := newWorld(t)
	const member = "/v1/tenants/acme/members/"
	removed := w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: member + vic})
	refused := w.must(http.StatusForbidden, call{as: mary, method: http.MethodDelete, path: member + olga})
	dry := w.must(http.StatusOK, call{as: adam, method: http.MethodDelete, path: member + mary + "?dry_run=true"})
	asked := w.ask(mary, "", "resource.write", "acme", "")
	listed := w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/tenants/acme/members"})
	for name, c := range map[string]struct {
		of          reply
		kind, actor string
		action      string
		allow       bool
		target      any
		knows       []string // may read it, with its facts
		told        []string // may read that it was refused, and no more
	}{
		"a change":  {removed, "change", adam, "member.remove", true, vic, []string{platform, olga, adam}, nil},
		"a refusal": {refused, "change", mary, "member.remove", false, olga, []string{platform, olga, adam}, []string{mary}},
		"a dry run": {dry, "dry_run", adam, "member.remove", true, mary, []string{platform, olga, adam}, nil},
		"a check":   {asked, "check", mary, "resource.write", true, nil, []string{platform, olga, adam, mary}, nil},
		"a read":    {listed, "read", mary, "member.list", true, nil, []string{platform, olga, adam, mary}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			id := c.of.Header.Get("X-Decision-Id")
			for _, who := range []string{platform, olga, adam, mary, nina, sam} {
				read := call{as: who, method: http.MethodGet, path: "/v1/decisions/" + id}
				switch {
				case slices.Contains(c.knows, who):
					kept := w.must(http.StatusOK, read).object(t)
					got := []any{kept["id"], kept["kind"], kept["actor"], kept["action"], kept["allow"], kept["tenant"], kept["target"], kept["dialect"]}
					if diff := cmp.Diff([]any{id, c.kind, c.actor, c.action, c.allow, acme, c.target, "native"}, got); diff != "" {
						t.Errorf("%s reads something else:\n%s", who, diff)
					}
					if input, _ := kept["input"].(map[string]any); input["version"] != 1.0 {
						t.Errorf("%s reads no facts: %v", who, kept["input"])
					}
				case slices.Contains(c.told, who):
					kept := w.must(http.StatusOK, read).object(t)
					if kept["input"] != nil || kept["target"] != nil || !cmp.Equal(codes(kept), []any{"not_permitted"}) {
						t.Errorf("%s reads more than was answered: %v", who, kept)
					}
				default:
					w.refused(http.StatusNotFound, "decision_expired", read)
				}
			}
		})
	}
	for _, none := range []string{nowhere, "x", "current", "%00"} {
		w.refused(http.StatusNotFound, "decision_expired", call{as: platform, method: http.MethodGet, path: "/v1/decisions/" + none})
	}
}

// TestAudit: filters, pages, and records whose hashes anybody can compute.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	begun := time.Now().UTC().Format(time.RFC3339Nano)
	for _, body := range []string{`{"level":"viewer"}`, `{"level":"member"}`} {
		w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: body})
	}
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + vic})
	w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"N","owner_id":"` + nina + `"}`})

	for name, c := range map[string]struct {
		as, query string
		want      []any // actions
	}{
		"all, the platform": {platform, "", []any{"store.bootstrap", "member.update", "member.update", "member.remove", "tenant.create"}},
		"of a tenant":       {adam, "?tenant=acme", []any{"member.update", "member.update", "member.remove"}},
		"by an action":      {adam, "?tenant=" + acme + "&action=member.update", []any{"member.update", "member.update"}},
		"by an actor":       {platform, "?actor=platform", []any{"tenant.create"}},
		"by a user":         {platform, "?actor=" + strings.ToUpper(adam), []any{"member.update", "member.update", "member.remove"}},
		"since":             {platform, "?since=" + begun, []any{"member.update", "member.update", "member.remove", "tenant.create"}},
		"since, to come":    {platform, "?since=2999-01-01T00:00:00Z", []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := w.in(t).must(http.StatusOK, call{as: c.as, method: http.MethodGet, path: "/v1/audit" + c.query})
			actions := []any{}
			for _, item := range answer.object(t)["items"].([]any) {
				actions = append(actions, item.(map[string]any)["action"])
			}
			if diff := cmp.Diff(c.want, actions); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
		})
	}
	w.followed(call{as: platform, method: http.MethodGet, path: "/v1/audit?limit=2"}, 5)

	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodGet, path: "/v1/audit"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: "/v1/audit?tenant=acme"})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: adam, method: http.MethodGet, path: "/v1/audit?tenant=globex"})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: adam, method: http.MethodGet, path: "/v1/audit?tenant=No%20Such"})
	page := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/audit?limit=1"}).object(t)
	cursor, _ := page["next_cursor"].(string)
	for _, query := range []string{"tenant=acme", "action=member.update", "actor=platform", "since=" + begun} {
		w.refused(http.StatusBadRequest, "invalid", call{as: platform, method: http.MethodGet, path: "/v1/audit?" + query + "&cursor=" + cursor})
	}
}

// followed reads all pages, and the chain as anybody can: the hash is that of
// the record as it stands there without its last member.
func (w *world) followed(c call, want int) {
	w.t.Helper()
	prev, path, seen := strings.Repeat("0", 64), c.path, 0
	for {
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  *string           `json:"next_cursor"`
		}
		check(w.t, json.Unmarshal([]byte(w.must(http.StatusOK, c).Body), &page))
		for _, item := range page.Items {
			text, hash, cut := bytes.Cut(item, []byte(`,"hash":"`))
			sum := sha256.Sum256(append(slices.Clone(text), '}'))
			var record struct{ Prev string }
			check(w.t, json.Unmarshal(item, &record))
			if !cut || string(hash) != hex.EncodeToString(sum[:])+`"}` || record.Prev != prev {
				w.t.Errorf("record %s does not follow %s", item, prev)
			}
			prev = hex.EncodeToString(sum[:])
			seen++
		}
		if page.Next == nil {
			break
		}
		c.path = path + "&cursor=" + *page.Next
	}
	verified := w.must(http.StatusOK, call{as: c.as, method: http.MethodGet, path: "/v1/audit/verify"}).object(w.t)
	if diff := cmp.Diff(map[string]any{"ok": true, "records": float64(want), "head": prev}, verified); diff != "" || seen != want {
		w.t.Errorf("%d records read, verified (-want +got):\n%s", seen, diff)
	}
}

func TestVerifyingTheAuditOfATenant(t *testing.T) {
	w := newWorld(t)
	none := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: "/v1/audit/verify?tenant=acme"}).object(t)
	if diff := cmp.Diff(map[string]any{"ok": true, "records": 0.0, "head": nil}, none); diff != "" {
		t.Errorf("verified:\n%s", diff)
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodGet, path: "/v1/audit/verify"})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodGet, path: "/v1/audit/verify?tenant=acme"})
}

// TestExplanations: which rules fired, which nearly did, and the facts; null
// where the caller may not know.
func TestExplanations(t *testing.T) {
	w := newWorld(t)
	ask := func(as, body string) map[string]any {
		t.Helper()
		return w.must(http.StatusOK, call{as: as, method: http.MethodPost, path: "/v1/check?explain=true", body: body}).object(t)
	}
	allowed := ask(mary, `{"action":"resource.write","tenant":"acme"}`)
	why, _ := allowed["explanation"].(map[string]any)
	if fired, _ := why["fired"].([]any); len(fired) == 0 || why["input"].(map[string]any)["version"] != 1.0 {
		t.Errorf("nothing explains why: %v", allowed)
	}
	denied := ask(adam, `{"action":"member.remove","tenant":"acme","resource":{"type":"user","id":"`+olga+`"}}`)
	why, _ = denied["explanation"].(map[string]any)
	found := []any{}
	for _, rule := range why["fired"].([]any) {
		found = append(found, rule.(map[string]any)["code"])
	}
	if !slices.Contains(found, any("owner_permanent")) {
		t.Errorf("the objection is not among what fired: %v", found)
	}
	about := ask(adam, `{"subject":"`+mary+`","action":"member.remove","tenant":"acme","resource":{"type":"user","id":"`+vic+`"}}`)
	if why, _ = about["explanation"].(map[string]any); len(why["nearly"].([]any)) == 0 {
		t.Errorf("nothing nearly permitted it: %v", about)
	}
	for name, body := range map[string]string{
		"a stranger":        `{"action":"tenant.read","tenant":"globex"}`,
		"an unknown one":    `{"action":"tenant.read","tenant":"no-such"}`,
		"without the right": `{"action":"member.remove","tenant":"acme","resource":{"type":"user","id":"` + olga + `"}}`,
	} {
		answer := ask(mary, body)
		if value, there := answer["explanation"]; !there || value != nil {
			t.Errorf("%s reads %v", name, answer)
		}
	}
	if _, there := w.ask(mary, "", "resource.write", "acme", "").object(t)["explanation"]; there {
		t.Error("an explanation that nobody asked for")
	}
	if plain := w.must(http.StatusOK, call{as: mary, method: http.MethodPost, path: "/v1/check?explain=false", body: `{"action":"resource.write","tenant":"acme"}`}); strings.Contains(plain.Body, "explanation") {
		t.Error("an explanation that was declined")
	}
}

// TestManyChecks: in their order, at one revision; an invalid one is named.
func TestManyChecks(t *testing.T) {
	w := newWorld(t)
	all := func(as, body string) call {
		return call{as: as, method: http.MethodPost, path: "/v1/checks", body: body}
	}
	answer := w.must(http.StatusOK, all(mary, `{"checks":[{"action":"resource.write","tenant":"acme"},{"action":"tenant.delete","tenant":"acme"},{"action":"tenant.read","tenant":"globex"},{"subject":"`+mary+`","action":"tenant.read","tenant":"`+acme+`"}]}`)).object(t)
	allows := []any{}
	for _, result := range answer["results"].([]any) {
		one := result.(map[string]any)
		allows = append(allows, one["allow"])
		if one["revision"] != answer["revision"] || one["decision_id"] == "" {
			t.Errorf("a result without its decision, or of another revision: %v", one)
		}
	}
	if diff := cmp.Diff([]any{true, false, false, true}, allows); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	const good = `{"action":"tenant.read","tenant":"acme"}`
	many := strings.Repeat(good+",", 999) + good
	if thousand := w.must(http.StatusOK, all(mary, `{"checks":[`+many+`]}`)).object(t); len(thousand["results"].([]any)) != 1000 {
		t.Error("a thousand checks have another number of results")
	}
	explained := w.must(http.StatusOK, call{as: mary, method: http.MethodPost, path: "/v1/checks?explain=true", body: `{"checks":[` + good + `]}`}).object(t)
	if explained["results"].([]any)[0].(map[string]any)["explanation"] == nil {
		t.Error("checks explain nothing")
	}
	for name, c := range map[string]struct{ body, location string }{
		"none":                {`{"checks":[]}`, "body.checks"},
		"none at all":         {`{}`, "body.checks"},
		"null":                {`{"checks":null}`, "body.checks"},
		"a null among them":   {`{"checks":[` + good + `,null]}`, "body.checks.1"},
		"1,001":               {`{"checks":[` + many + `,` + good + `]}`, "body.checks"},
		"no action":           {`{"checks":[` + good + `,{"tenant":"acme"}]}`, "body.checks.1.action"},
		"a subject of null":   {`{"checks":[` + good + `,{"subject":null,"action":"tenant.read","tenant":"acme"}]}`, "body.checks.1.subject"},
		"a subject of no id":  {`{"checks":[` + good + `,{"subject":"x","action":"tenant.read","tenant":"acme"}]}`, "body.checks.1.subject"},
		"a resource, no type": {`{"checks":[{"action":"tenant.read","tenant":"acme","resource":{"id":"1"}}]}`, "body.checks.0.resource.type"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.in(t).refused(http.StatusUnprocessableEntity, "invalid", all(mary, c.body))
			if first := p["errors"].([]any)[0].(map[string]any)["location"]; first != c.location {
				t.Errorf("it names %v, want %s", first, c.location)
			}
		})
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid", all(mary, `{"checks":[`+good+`,{"action":"user.create","tenant":"acme"}]}`))
	if detail, _ := p["detail"].(string); !strings.HasPrefix(detail, "checks[1]") {
		t.Errorf("the gate's objection does not name its check: %v", p)
	}
	w.refused(http.StatusForbidden, "not_permitted", all(mary, `{"checks":[`+good+`,{"subject":"`+adam+`","action":"tenant.read","tenant":"acme"}]}`))
}

// TestAdministration: platform only, and what it says holds.
func TestAdministration(t *testing.T) {
	w := newWorld(t)
	told := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/admin/info"}).object(t)
	if told["version"] != "test" || told["revision"] != float64(w.store.Revision()) || told["policy_revision"] == "" || told["store"].(map[string]any)["changes"] == 0.0 {
		t.Errorf("info: %v", told)
	}
	whole := w.must(http.StatusOK, call{as: platform, method: http.MethodPost, path: "/v1/admin/verify"}).object(t)
	if whole["ok"] != true || whole["records"] == 0.0 || len(whole["faults"].([]any)) != 0 || whole["audit"] != 1.0 {
		t.Errorf("verify: %v", whole)
	}
	for _, c := range []call{
		{method: http.MethodGet, path: "/v1/admin/info"},
		{method: http.MethodPost, path: "/v1/admin/verify"},
		{method: http.MethodPost, path: "/v1/admin/backup"},
		{method: http.MethodPost, path: "/v1/admin/signing-keys/rotate", body: `{}`},
	} {
		for _, who := range []string{olga, nina} {
			c.as = who
			w.refused(http.StatusForbidden, "not_permitted", c)
		}
	}
}

// TestRotation: tokens are signed with a new key from then on; the ones before
// are good until they expire, or are refused at once.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	const password = "correct horse battery"
	id := w.kim(password)
	old := w.login(password)
	good := func(token string) bool {
		return w.do(call{method: http.MethodGet, path: "/v1/users/" + id, header: bearer(token)}).Status == http.StatusOK
	}
	rotate := call{as: platform, method: http.MethodPost, path: "/v1/admin/signing-keys/rotate", body: `{}`}
	first := w.must(http.StatusCreated, rotate)
	second := w.login(password)
	if !good(old) || !good(second) || strings.Split(old, ".")[0] == strings.Split(second, ".")[0] {
		t.Error("a token is refused, or the key is still the one before")
	}
	if strings.Contains(first.Body, "seed") || first.object(t)["id"] == "" {
		t.Errorf("= %s", first.Body)
	}
	dry := rotate
	dry.path, dry.body = rotate.path+"?dry_run=true", `{"revoke":true}`
	w.must(http.StatusOK, dry)
	if !good(old) || !good(w.login(password)) {
		t.Error("a dry run revoked tokens")
	}
	rotate.body = `{"revoke":true}`
	w.must(http.StatusCreated, rotate)
	if good(old) || good(second) || !good(w.login(password)) {
		t.Error("tokens from before are good, or new ones are not")
	}
}

// TestBackups: the answer is the store, of the revision that its headers name.
func TestBackups(t *testing.T) {
	w := newWorld(t)
	answer := w.must(http.StatusOK, call{as: platform, method: http.MethodPost, path: "/v1/admin/backup"})
	header := map[string]string{
		"Content-Type": "application/octet-stream", "Memberward-Revision": "2", // the cast's, and nina's invitation
		"Content-Disposition": `attachment; filename="memberward-2.db"`,
	}
	for name, want := range header {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if answer.Header.Get("X-Decision-Id") == "" {
		t.Error("the copy names no decision")
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	check(t, os.WriteFile(path, []byte(answer.Body), 0o600))
	copied, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
	check(t, err)
	if copied.Revision() != 2 {
		t.Errorf("the copy is of revision %d", copied.Revision())
	}
	check(t, copied.Close())
}

// failing is a gate whose backup breaks off after some of the copy.
type failing struct {
	broken
	after string
}

func (f failing) Backup(_ context.Context, _ tenancy.Actor, to io.Writer, _ tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if f.after != "" {
		to.(interface{ Begin(tenancy.Outcome) }).Begin(tenancy.Outcome{Revision: 7})
		if _, err := io.WriteString(to, f.after); err != nil {
			return tenancy.Outcome{}, err
		}
	}
	return tenancy.Outcome{}, f.err
}

// TestABackupThatFails: before the first byte it is a problem; after it the
// connection breaks, so that nobody takes a part for the whole.
func TestABackupThatFails(t *testing.T) {
	base := newWorld(t)
	full := &tenancy.Error{Code: tenancy.CodeStoreFull}
	w := base.with(t, failing{broken{full}, ""})
	w.refused(http.StatusInsufficientStorage, "store_full", call{as: platform, method: http.MethodPost, path: "/v1/admin/backup"})
	busy := base.with(t, failing{broken{&tenancy.Error{Code: tenancy.CodeConflict, Msg: "another backup is being made"}}, ""})
	busy.refused(http.StatusConflict, "conflict", call{as: platform, method: http.MethodPost, path: "/v1/admin/backup"})
	for _, part := range []string{"x", strings.Repeat("x", 1<<20)} {
		w := base.with(t, failing{broken{errors.New("the disk broke")}, part})
		server := httptest.NewUnstartedServer(w.handler)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.Start()
		defer server.Close()
		request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/admin/backup", http.NoBody)
		check(t, err)
		request.Header.Set("X-Api-Key", keyText(platform))
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		if err == nil {
			t.Errorf("after %d bytes a backup that failed ended cleanly", len(part))
		}
	}
}

// TestTheLogHoldsNoSecret: nothing of a body, a header or a query is logged.
func TestTheLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.handler = api.New(api.Options{
		Dialects: []api.Dialect{w.dialect}, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		NewID: uuid.NewString, Now: time.Now,
	})
	made := ""
	for i, c := range []call{
		{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/password", body: `{"new":"a secret password"}`},
		{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/password", body: `{"current":"a secret password","new":"short"}`},
		{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{}`},
		{as: platform, method: http.MethodGet, path: "/v1/audit?actor=secret"},
		{as: platform, method: http.MethodPost, path: "/v1/admin/signing-keys/rotate", body: `{}`},
	} {
		answer := w.do(once(c, fmt.Sprint("a secret attempt ", i)))
		if _, key, found := strings.Cut(answer.Body, `"key":"`); found {
			made, _, _ = strings.Cut(key, `"`)
		}
	}
	if made == "" || log.Len() == 0 {
		t.Fatal("nothing was made, or logged")
	}
	for _, secret := range []string{"secret", made, keyText(mary)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, log.String())
		}
	}
}
