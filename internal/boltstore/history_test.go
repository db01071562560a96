package boltstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// decided is the record of a decision with its input.
func decided(n int) audit.Record {
	r := decision(fmt.Sprintf("00000000-0000-7000-8000-%012d", n))
	r.Input = fmt.Appendf(nil, `{"n":%d}`, n)
	return r
}

// TestChangesAreTheSameAfterReopening reads the log, also across more than one
// snapshot, before and after the file is closed.
func TestChangesAreTheSameAfterReopening(t *testing.T) {
	path := filled(t, 300)
	s := openAt(t, path, boltstore.Options{})
	before, err := changes(t, s, 0)
	if err != nil || len(before) != 300 {
		t.Fatalf("%d changes, %v; want 300", len(before), err)
	}
	for i, c := range before {
		if c.Revision != tenancy.Revision(i+1) {
			t.Fatalf("change %d stands where %d belongs", c.Revision, i+1)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := changes(t, openAt(t, path, boltstore.Options{}), 0)
	if err != nil || !cmp.Equal(before, after) {
		t.Errorf("after reopening: %v, %s", err, cmp.Diff(before, after))
	}
}

func TestTheChangeLogHoldsNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, boltstore.Options{})
	_, err := s.Update(t.Context(), func(tx gate.Tx) error {
		return errors.Join(
			tx.PutUser(tenancy.User{ID: number(1), Email: "who@example.org", PasswordHash: "$argon2id$secret", Enabled: true}),
			tx.PutKey(tenancy.Key{ID: number(2), User: number(1), Digest: tenancy.Digest{1}}), tx.PutSigningKey(tenancy.SigningKey{ID: number(3), Seed: [32]byte{4}}),
			tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{5}, At: time.Unix(1, 0), Outcome: tenancy.Outcome{Result: tenancy.UserView{
				User: tenancy.User{ID: number(1), PasswordHash: "$argon2id$other", TokenEpoch: 9},
			}}}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := changes(t, s, 0)
	want := []tenancy.Commit{{Revision: 1, Effects: []tenancy.Effect{
		{Kind: tenancy.EffectUser, User: number(1)}, {Kind: tenancy.EffectKey, Key: number(2), User: number(1)},
	}}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("changes: %v, %s", err, cmp.Diff(want, got))
	}
	var copied bytes.Buffer
	if _, err := s.Backup(t.Context(), &copied); err != nil || bytes.Contains(copied.Bytes(), []byte("$argon2id$other")) {
		t.Errorf("the receipt holds a password's hash, %v", err)
	}
}

func TestChangesBeyondTheRevisionAreAConflict(t *testing.T) {
	s := open(t, boltstore.Options{})
	var coded *tenancy.Error
	if _, err := changes(t, s, 1); !errors.As(err, &coded) || coded.Code != tenancy.CodeConflict {
		t.Errorf("changes after 1 of an empty store: %v, want a conflict", err)
	}
	if got, err := changes(t, s, 0); err != nil || len(got) > 0 {
		t.Errorf("changes after 0 of an empty store: %v, %v", got, err)
	}
}

// TestADecisionHasOneInput: a change that would take another's place is
// refused; a refusal, which has been answered, keeps its record alone.
func TestADecisionHasOneInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, boltstore.Options{})
	if _, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.Record(decided(1)) }); err != nil {
		t.Fatal(err)
	}
	nameless, long := decided(2), decided(3)
	nameless.DecisionID, long.Input = "d", make([]byte, 1<<20)
	for name, fn := range map[string]func(gate.Tx) error{
		"an input again":          func(tx gate.Tx) error { return tx.Record(decided(1)) },
		"two inputs of a change":  func(tx gate.Tx) error { return errors.Join(tx.Record(decided(2)), tx.Record(decided(2))) },
		"an input without an id":  func(tx gate.Tx) error { return tx.Record(nameless) },
		"an input of a megabyte":  func(tx gate.Tx) error { return tx.Record(long) },
		"a receipt without an id": func(tx gate.Tx) error { return tx.PutReceipt(tenancy.Receipt{At: time.Unix(1, 0)}) },
		"a receipt without time":  func(tx gate.Tx) error { return tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{1}}) },
		"a receipt of a megabyte": func(tx gate.Tx) error {
			o := tenancy.Outcome{Result: tenancy.Tenant{Name: string(make([]byte, 1<<20))}}
			return tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{1}, At: time.Unix(1, 0), Outcome: o})
		},
	} {
		if _, err := s.Update(t.Context(), fn); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := errors.Join(s.Append(t.Context(), nameless), s.Append(t.Context(), long)); err == nil {
		t.Error("a refusal whose input cannot be kept: no error")
	}
	if err := errors.Join(s.Append(t.Context(), decided(1)), s.Append(t.Context(), decided(4)), s.Append(t.Context(), decided(4)), s.Close()); err != nil {
		t.Fatal(err)
	}
	if report := whole(t, openAt(t, path, boltstore.Options{})); report.Audit != 4 {
		t.Errorf("%d audit records, want all 4", report.Audit)
	}
}

// TestInputsQueuedBehindAreBounded queues more of them than there is room for.
func TestInputsQueuedBehindAreBounded(t *testing.T) {
	s := open(t, boltstore.Options{})
	const each = 1 << 19
	for n := range 16 {
		r := decided(n)
		r.Input = make([]byte, each)
		if err := s.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.Record(decided(99)) })
	if stats := s.Stats(); err != nil || stats.DroppedRecords == 0 || stats.Appended+stats.DroppedRecords != 16 {
		t.Errorf("%v; %d were written and %d dropped, of 16; want some dropped", err, stats.Appended, stats.DroppedRecords)
	}
}

// TestAReceiptOfTheSameIDReplaces also in its index, and within one change.
func TestAReceiptOfTheSameIDReplaces(t *testing.T) {
	s := open(t, boltstore.Options{})
	receipt := func(at int64, left tenancy.Left) tenancy.Receipt {
		return tenancy.Receipt{ID: tenancy.Digest{1}, At: time.Unix(at, 0).UTC(), Outcome: tenancy.Outcome{Result: left}}
	}
	for i := range int64(3) {
		_, err := s.Update(t.Context(), func(tx gate.Tx) error {
			if err := errors.Join(tx.PutReceipt(receipt(10*i+1, -1)), tx.PutReceipt(receipt(10*i+2, tenancy.Left(i)))); err != nil {
				return err
			}
			got, found, err := tx.Receipt(tenancy.Digest{1})
			if want := receipt(10*i+2, tenancy.Left(i)); err != nil || !found || !cmp.Equal(got, want) {
				err = fmt.Errorf("within the change: %v, %w, %s", found, err, cmp.Diff(want, got))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if r := s.Revision(); r != 0 {
		t.Errorf("revision %d: a receipt alone raises none", r)
	}
	whole(t, s)
}

func TestAStoppedOrClosedStoreMakesNoBackup(t *testing.T) {
	s := open(t, boltstore.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var coded *tenancy.Error
	if _, err := s.Backup(t.Context(), io.Discard); !errors.As(err, &coded) || coded.Code != tenancy.CodeUnavailable {
		t.Errorf("Backup of a closed store: %v, want unavailable", err)
	}
	if _, err := changes(t, s, 0); !errors.As(err, &coded) || coded.Code != tenancy.CodeUnavailable {
		t.Errorf("Changes of a closed store: %v, want unavailable", err)
	}
}
