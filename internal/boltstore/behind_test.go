package boltstore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func refusal(n int) audit.Record {
	return audit.Record{ID: fmt.Sprint(n), Time: time.Unix(1, 0).UTC(), Actor: "nobody", Action: "member.add", DecisionID: "d", Verdict: audit.Refused}
}

func TestRefusalsBeyondTheQueueAreCounted(t *testing.T) {
	s := fresh(t, Options{})
	for n := range behindRecords + 5 {
		if err := s.Append(t.Context(), refusal(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Update(t.Context(), putUser(1)); err != nil {
		t.Fatal(err)
	}
	// The timer may have flushed in between; then there was room for all.
	stats := s.Stats()
	if got, err := auditOf(t.Context(), s, 0, 2*behindRecords); err != nil || uint64(len(got)) != stats.Appended || stats.Appended+stats.DroppedRecords != behindRecords+5 {
		t.Errorf("%d records, %v; Stats = %+v", len(got), err, stats)
	}
	if s.Revision() != 1 {
		t.Errorf("revision = %d, want that of the one change", s.Revision())
	}
	isWhole(t, s)
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	s := fresh(t, Options{})
	if _, err := s.Update(t.Context(), putUser(1)); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(7, 0).UTC()
	if err := s.Append(t.Context(), refusal(1)); err != nil {
		t.Fatal(err)
	}
	s.Touch(tenancy.Touch{User: number(1), At: at})
	path := s.db.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	records, err := auditOf(t.Context(), again, 0, 10)
	var login time.Time
	failed := again.View(t.Context(), func(r gate.Reader) (err error) {
		login, err = r.LastLogin(number(1))
		return err
	})
	if err != nil || failed != nil || len(records) != 1 || !login.Equal(at) || again.Revision() != 1 {
		t.Errorf("reopened: %d records, last login %v, revision %d, %v, %v", len(records), login, again.Revision(), err, failed)
	}
}

func TestWhatCouldNotBeWrittenBehindIsQueuedAgain(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	s := fresh(t, Options{BeforeSync: func() error {
		if broken.Load() {
			return errors.New("planted")
		}
		return nil
	}})
	if err := s.Append(t.Context(), refusal(1)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a flush that fails", s.flush(), tenancy.CodeUnavailable)
	if err := s.Append(t.Context(), refusal(2)); err != nil {
		t.Fatal(err)
	}
	broken.Store(false)
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	records, err := auditOf(t.Context(), s, 0, 10)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v; want both", len(records), err)
	}
	if first, _, err := audit.Decode(records[0]); err != nil || first.ID != "1" {
		t.Errorf("the first record is %q, %v; want the older one", first.ID, err)
	}
	isWhole(t, s)
}

func TestTouches(t *testing.T) {
	key := tenancy.Key{ID: number(1), User: number(1)}
	early, late := time.Unix(5, 0).UTC(), time.Unix(9, 0).UTC()
	s := fresh(t, Options{})
	_, err := s.Update(t.Context(), func(tx gate.Tx) error { return errors.Join(putUser(1)(tx), tx.PutKey(key)) })
	if err != nil {
		t.Fatal(err)
	}
	used := func() (at time.Time) {
		t.Helper()
		err := errors.Join(s.flush(), s.View(t.Context(), func(r gate.Reader) (err error) {
			at, err = r.LastUsed(key.ID)
			return err
		}))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	s.Touch(tenancy.Touch{Key: key.ID, At: late})
	s.Touch(tenancy.Touch{Key: key.ID, At: early})
	s.Touch(tenancy.Touch{Key: number(9), At: late}) // of no key
	s.Touch(tenancy.Touch{})                         // of nothing
	if got := used(); !got.Equal(late) {
		t.Errorf("last used %v, want the later %v", got, late)
	}
	s.Touch(tenancy.Touch{Key: key.ID, At: early})
	if got := used(); !got.Equal(late) {
		t.Errorf("last used %v after an earlier use, want %v", got, late)
	}
	if s.Revision() != 1 {
		t.Errorf("revision = %d, want 1: no use raises it", s.Revision())
	}
	if _, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.DeleteKey(key.ID) }); err != nil {
		t.Fatal(err)
	}
	if got := used(); !got.IsZero() {
		t.Errorf("a deleted key was last used %v", got)
	}
	isWhole(t, s)
}

func TestTouchesBeyondTheQueueAreCounted(t *testing.T) {
	l := newLoad()
	kept := 0
	for n := range behindTouches + 3 {
		id := tenancy.KeyID{1, byte(n), byte(n >> 8)}
		if l.touch(tenancy.Touch{Key: id, At: time.Unix(1, 0)}) {
			kept++
		}
	}
	if kept != behindTouches || !l.touch(tenancy.Touch{Key: tenancy.KeyID{1}, At: time.Unix(2, 0)}) {
		t.Errorf("%d were kept, want %d and further ones of those", kept, behindTouches)
	}
}

func TestARecordThatCannotBeEncodedIsRefusedAtOnce(t *testing.T) {
	s := fresh(t, Options{})
	bad := refusal(1)
	bad.Target = "\xff"
	if err := s.Append(t.Context(), bad); err == nil {
		t.Error("Append of invalid UTF-8: no error")
	}
	_, err := s.Update(t.Context(), func(tx gate.Tx) error { return errors.Join(putUser(1)(tx), tx.Record(bad)) })
	if err == nil || hasUser(t, s, 1) || s.Revision() != 0 {
		t.Errorf("a change with such a record: %v, revision %d; want an error and nothing changed", err, s.Revision())
	}
	if _, err := s.Update(t.Context(), putUser(1)); err != nil {
		t.Error(err)
	}
	isWhole(t, s)
}
