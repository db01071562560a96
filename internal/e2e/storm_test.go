package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
)

const (
	stormWriters = 64
	backupEvery  = 3 // in every third round a copy is made meanwhile
)

// stormRounds is how often the server is killed.
func stormRounds() int {
	if os.Getenv("MEMBERWARD_FULL") != "" {
		return 100
	}
	return 10
}

// writer changes one user's membership again and again and knows what was
// acknowledged. The level stands for the whole state: "" is no member.
type writer struct {
	user   string
	acked  string
	trying string
	busy   bool
	once   string // the Idempotency-Key of the change that is tried
	done   int    // changes that were acknowledged
	wrong  error
}

// next is the change that a writer tries after a state.
func (w *writer) next(tenant string) (method, path, body, after string) {
	members := "/v1/tenants/" + tenant + "/members"
	switch w.acked {
	case "":
		return "POST", members, fmt.Sprintf(`{"user_id":%q,"level":"viewer"}`, w.user), "viewer"
	case "viewer":
		return "PATCH", members + "/" + w.user, `{"level":"member"}`, "member"
	case "member":
		return "PATCH", members + "/" + w.user, `{"level":"admin"}`, "admin"
	default:
		return "DELETE", members + "/" + w.user, "", ""
	}
}

// run writes until the server is gone.
func (w *writer) run(ctx context.Context, client *http.Client, api, tenant string) {
	for ctx.Err() == nil {
		method, path, body, after := w.next(tenant)
		w.trying, w.busy, w.once = after, true, uuid.NewString()
		got, err := callOnce(ctx, client, method, api+path, platformKey, body, w.once)
		if err != nil {
			return // killed: what became of it shows after the restart
		}
		w.busy = false
		if got.status >= 300 {
			w.wrong = fmt.Errorf("%s %s = %d: %s", method, path, got.status, got.body)
			return
		}
		w.acked = after
		w.done++
	}
}

// settle compares what is there after the restart with what was acknowledged,
// and asks again for what was under way: a retry of a change that was committed
// is answered as it was, and makes nothing.
func (w *writer) settle(s *server, tenant string) error {
	found, err := w.level(s, tenant)
	if err != nil {
		return err
	}
	if found != w.acked && (!w.busy || found != w.trying) {
		return fmt.Errorf("user %s: acknowledged %q, trying %q (%v), found %q", w.user, w.acked, w.trying, w.busy, found)
	}
	if !w.busy {
		return nil
	}
	committed := found != w.acked
	method, path, body, _ := w.next(tenant)
	got, err := callOnce(s.t.Context(), http.DefaultClient, method, s.api+path, platformKey, body, w.once)
	if err != nil {
		return err
	}
	if replayed := got.header.Get("Idempotency-Replayed") == "true"; got.status >= 300 || replayed != committed {
		return fmt.Errorf("user %s: the retry = %d, replayed %v; the change was committed: %v\n%s", w.user, got.status, replayed, committed, got.body)
	}
	w.done++
	w.acked, w.busy = w.trying, false
	if found, err = w.level(s, tenant); err == nil && found != w.acked {
		err = fmt.Errorf("user %s: after the retry %q, want %q", w.user, found, w.acked)
	}
	return err
}

// level reads what the user is; "" is no member.
func (w *writer) level(s *server, tenant string) (string, error) {
	got, err := call(s.t.Context(), http.DefaultClient, "GET", s.api+"/v1/tenants/"+tenant+"/members/"+w.user, platformKey, "")
	switch {
	case err != nil:
		return "", err
	case got.status == http.StatusOK:
		return got.field("level"), nil
	case got.status == http.StatusNotFound:
		return "", nil
	default:
		return "", fmt.Errorf("GET member %s = %d: %s", w.user, got.status, got.body)
	}
}

func TestKillInAStormOfWritersLosesNothing(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, "--log-level", "warn")
	owner, ownerKey := s.user("owner@example.com")
	tenant := s.must(http.StatusCreated, "POST", "/v1/tenants", ownerKey, `{"name":"Storm","slug":"storm"}`).field("id")
	writers := make([]*writer, stormWriters)
	for i := range writers {
		user, _ := s.user(fmt.Sprintf("w%d@example.com", i))
		writers[i] = &writer{user: user}
	}
	copies := 0
	rounds := stormRounds()
	for round := range rounds {
		copied := filepath.Join(t.TempDir(), "copy.db")
		if storm(t, s, writers, tenant, round%backupEvery == 0, copied) {
			wholeStore(t, copied, round)
			copies++
		}
		wholeStore(t, filepath.Join(dir, "memberward.db"), round)
		s = start(t, dir, "--log-level", "warn")
		members := 1 // the owner
		for _, w := range writers {
			if err := w.settle(s, tenant); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if w.acked != "" {
				members++
			}
		}
		got := s.must(http.StatusOK, "GET", "/v1/tenants/"+tenant+"/members?limit=1000", platformKey, "")
		if n := countItems(t, got.body); n != members {
			t.Fatalf("round %d: %d members listed, want %d", round, n, members)
		}
		s.must(http.StatusOK, "GET", "/v1/tenants/"+tenant+"/members/"+owner, ownerKey, "")
	}
	s.stop()
	everyChangeIsRecordedOnce(t, dir, writers)
	t.Logf("%d rounds; %d copies were made whole before the kill", rounds, copies)
}

// everyChangeIsRecordedOnce counts each user's changes in the audit, which
// holds one record for every change that was made.
func everyChangeIsRecordedOnce(t *testing.T, dir string, writers []*writer) {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(dir, "memberward.db"), boltstore.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	made := map[string]int{}
	err = store.View(t.Context(), func(r gate.Reader) error {
		for after := uint64(0); ; {
			records, err := r.Audit(after, 1000)
			if err != nil || len(records) == 0 {
				return err
			}
			for _, data := range records {
				record, _, err := audit.Decode(data)
				if err != nil {
					return err
				}
				after = record.Seq
				if strings.HasPrefix(record.Action, "member.") && record.Verdict == audit.Allowed {
					made[record.Target]++
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		if made[w.user] != w.done {
			t.Errorf("user %s: %d changes were acknowledged, %d were made", w.user, w.done, made[w.user])
		}
	}
}

// storm lets all writers write for a moment and kills the server under them,
// perhaps in the middle of a copy. It reports whether the copy came to its end.
func storm(t *testing.T, s *server, writers []*writer, tenant string, backup bool, copied string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: stormWriters}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for _, w := range writers {
		wg.Go(func() { w.run(ctx, client, s.api, tenant) })
	}
	whole := false
	if backup {
		wg.Go(func() { whole = copyStore(ctx, client, s.api, copied) == nil })
	}
	time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
	s.kill()
	wg.Wait()
	for _, w := range writers {
		if w.wrong != nil {
			t.Fatal(w.wrong)
		}
	}
	return whole
}

// copyStore asks for a copy of the store. A stream that is cut is an error.
func copyStore(ctx context.Context, client *http.Client, api, to string) error {
	got, err := call(ctx, client, "POST", api+"/v1/admin/backup", platformKey, "")
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("POST /v1/admin/backup = %d: %s", got.status, got.body)
	}
	return os.WriteFile(to, []byte(got.body), 0o600)
}

// wholeStore opens the file as the kill left it and wants the chain, the
// counters and the indexes whole.
func wholeStore(t *testing.T, path string, round int) {
	t.Helper()
	store, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
	if err != nil {
		t.Fatalf("round %d: open: %v", round, err)
	}
	defer store.Close()
	report, err := store.Verify(t.Context())
	if err != nil || len(report.Faults) > 0 {
		t.Fatalf("round %d: verify: %v, faults %v", round, err, report.Faults)
	}
	if os.Getenv("MEMBERWARD_FULL") != "" {
		t.Logf("round %d: %+v", round, report)
	}
}
