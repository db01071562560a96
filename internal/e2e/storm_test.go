package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
)

const (
	stormWriters = 64
	stormRounds  = 30 // issue 2, "Shown by"
)

// writer changes one user's membership again and again and knows what was
// acknowledged. The level stands for the whole state: "" is no member.
type writer struct {
	user   string
	acked  string
	trying string
	busy   bool
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
		w.trying, w.busy = after, true
		got, err := call(ctx, client, method, api+path, platformKey, body)
		if err != nil {
			return // killed: what became of it shows after the restart
		}
		w.busy = false
		if got.status >= 300 {
			w.wrong = fmt.Errorf("%s %s = %d: %s", method, path, got.status, got.body)
			return
		}
		w.acked = after
	}
}

// settle compares what is there after the restart with what was acknowledged.
func (w *writer) settle(s *server, tenant string) error {
	got, err := call(s.t.Context(), http.DefaultClient, "GET", s.api+"/v1/tenants/"+tenant+"/members/"+w.user, platformKey, "")
	if err != nil {
		return err
	}
	found := ""
	switch got.status {
	case http.StatusOK:
		found = got.field("level")
	case http.StatusNotFound:
	default:
		return fmt.Errorf("GET member %s = %d: %s", w.user, got.status, got.body)
	}
	if found != w.acked && (!w.busy || found != w.trying) {
		return fmt.Errorf("user %s: acknowledged %q, trying %q (%v), found %q", w.user, w.acked, w.trying, w.busy, found)
	}
	w.acked, w.busy = found, false
	return nil
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
	for round := range stormRounds {
		storm(t, s, writers, tenant)
		wholeStore(t, dir, round)
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
}

// storm lets all writers write for a moment and kills the server under them.
func storm(t *testing.T, s *server, writers []*writer, tenant string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: stormWriters}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for _, w := range writers {
		wg.Go(func() { w.run(ctx, client, s.api, tenant) })
	}
	time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
	s.kill()
	wg.Wait()
	for _, w := range writers {
		if w.wrong != nil {
			t.Fatal(w.wrong)
		}
	}
}

// wholeStore opens the file as the kill left it and wants the chain, the
// counters and the indexes whole.
func wholeStore(t *testing.T, dir string, round int) {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(dir, "memberward.db"), boltstore.Options{Clock: time.Now})
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
