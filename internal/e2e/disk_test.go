package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// faultyDisk makes the system calls of a running server fail, as a tracer can,
// until it is mended.
type faultyDisk struct{ tracer *exec.Cmd }

// breakDisk has each call that rule names fail; rule is in strace's words.
func breakDisk(t *testing.T, s *server, rules ...string) faultyDisk {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is missing: apt-get install strace")
	}
	args := []string{"-f", "-p", strconv.Itoa(s.cmd.Process.Pid), "-e", "trace=pwrite64,fdatasync,ftruncate", "-e", "signal=none"}
	for _, rule := range rules {
		args = append(args, "-e", "inject="+rule)
	}
	disk := faultyDisk{tracer: exec.Command(path, args...)}
	said, err := disk.tracer.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.tracer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.mend(t) })
	attached := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			select {
			case attached <- lines.Text():
			default: // the calls themselves
			}
		}
		close(attached)
	}()
	select {
	case first := <-attached: // strace says so once it is
		if !strings.Contains(first, "attached") {
			t.Fatalf("strace cannot attach to a process here: %q", first)
		}
	case <-time.After(patience):
		t.Fatal("strace does not attach")
	}
	return disk
}

// mend lets go of the server.
func (d faultyDisk) mend(t *testing.T) {
	t.Helper()
	if d.tracer.ProcessState != nil {
		return
	}
	_ = d.tracer.Process.Signal(syscall.SIGINT) // it detaches
	_ = d.tracer.Wait()                         // and ends by that signal
}

func TestAFullDiskRefusesWritesAndNothingElse(t *testing.T) {
	s := start(t, t.TempDir())
	user, key := s.user("olga@example.com")
	tenant := s.must(http.StatusCreated, "POST", "/v1/tenants", key, `{"name":"Acme","slug":"acme"}`).field("id")
	other, _ := s.user("mary@example.com")
	add := fmt.Sprintf(`{"user_id":%q}`, other)
	s.settled(user, key)
	disk := breakDisk(t, s, "pwrite64:error=ENOSPC", "ftruncate:error=ENOSPC")
	got := s.must(http.StatusInsufficientStorage, "POST", "/v1/tenants/"+tenant+"/members", key, add)
	if code := got.field("code"); code != "store_full" {
		t.Errorf("code %q, want store_full", code)
	}
	s.must(http.StatusOK, "GET", "/v1/tenants/"+tenant+"/members/"+user, key, "")
	s.must(http.StatusNotFound, "GET", "/v1/tenants/"+tenant+"/members/"+other, key, "")
	check := s.must(http.StatusOK, "POST", "/v1/check", key, `{"action":"resource.write","tenant":"acme"}`)
	if check.field("allow") != "true" {
		t.Errorf("a check while the disk is full: %s", check.body)
	}
	dry := s.must(http.StatusOK, "POST", "/v1/tenants/"+tenant+"/members?dry_run=true", key, add)
	if dry.header.Get("Memberward-Dry-Run") != "true" {
		t.Errorf("a dry run while the disk is full: %s", dry.body)
	}
	disk.mend(t)
	s.must(http.StatusCreated, "POST", "/v1/tenants/"+tenant+"/members", key, add)
	s.stop()
}

// TestAnUnknownOutcomeIsSettledByARetry: a sync that fails leaves nobody
// knowing whether the change is on the disk. The server says so and stops
// serving; after the restart the same Idempotency-Key finds out, and the
// change is there once.
func TestAnUnknownOutcomeIsSettledByARetry(t *testing.T) {
	for name, rule := range map[string]string{
		"the first sync fails": "fdatasync:error=EIO:when=1",
		"the last sync fails":  "fdatasync:error=EIO:when=2",
		"both fail":            "fdatasync:error=EIO",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := start(t, dir)
			owner, key := s.user("olga@example.com")
			tenant := s.must(http.StatusCreated, "POST", "/v1/tenants", key, `{"name":"Acme","slug":"acme"}`).field("id")
			other, _ := s.user("mary@example.com")
			path, add, once := "/v1/tenants/"+tenant+"/members", fmt.Sprintf(`{"user_id":%q}`, other), uuid.NewString()
			s.settled(owner, key)
			disk := breakDisk(t, s, rule)
			got, err := callOnce(t.Context(), http.DefaultClient, "POST", s.api+path, key, add, once)
			if err != nil || got.status != http.StatusServiceUnavailable || got.field("code") != "outcome_unknown" {
				t.Fatalf("POST member = %d %s, %v; want 503 outcome_unknown", got.status, got.body, err)
			}
			disk.mend(t)
			s.stopped(t, key, tenant)
			s.kill()

			s = start(t, dir)
			found, err := call(t.Context(), http.DefaultClient, "GET", s.api+path+"/"+other, key, "")
			if err != nil {
				t.Fatal(err)
			}
			committed := found.status == http.StatusOK
			got, err = callOnce(t.Context(), http.DefaultClient, "POST", s.api+path, key, add, once)
			if err != nil || got.status != http.StatusCreated || (got.header.Get("Idempotency-Replayed") == "true") != committed {
				t.Errorf("the retry = %d, replayed %q, %v; the change was committed: %v", got.status, got.header.Get("Idempotency-Replayed"), err, committed)
			}
			s.must(http.StatusOK, "GET", path+"/"+other, key, "")
			s.stop()
		})
	}
}

// stopped wants a server that serves nothing any more, and says so.
func (s *server) stopped(t *testing.T, key, tenant string) {
	t.Helper()
	s.must(http.StatusServiceUnavailable, "GET", "/v1/tenants/"+tenant, key, "")
	ready, err := http.Get(s.ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	ready.Body.Close()
	if ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz of a store that stopped = %d, want 503", ready.StatusCode)
	}
}

// settled waits until the uses of the credentials so far are written down,
// which happens behind the answers: from then on only a change reaches the
// disk.
func (s *server) settled(user, key string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		keys := s.must(http.StatusOK, "GET", "/v1/users/"+user+"/api-keys", key, "").body
		if strings.Contains(keys, `"last_used_at":"`) {
			return
		}
	}
	s.t.Fatal("the use of a key is never written down")
}
