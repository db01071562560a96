package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/boltstore"
)

// TestTheBareCommitPutsWhatTheStorePut: what is measured against the store
// leaves the same records behind, change for change.
func TestTheBareCommitPutsWhatTheStorePut(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*recording)
		same  bool
	}{
		{"as recorded", func(*recording) {}, true},
		{"a change was lost", func(r *recording) { r.changes = r.changes[:len(r.changes)-1] }, false},
		{"a value is another", func(r *recording) { r.changes[0][0].value = []byte("another") }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			recorded := &recorder{}
			dir := t.TempDir()
			stored := filepath.Join(dir, "stored.db")
			writeSome(t, stored, recorded)
			taken := recorded.take()
			row.spoil(&taken)
			base, err := openBare(filepath.Join(dir, "bare.db"), taken)
			if err != nil {
				t.Fatal(err)
			}
			if err := base.close(); err != nil {
				t.Fatal(err)
			}
			diff := cmp.Diff(contents(t, stored), contents(t, filepath.Join(dir, "bare.db")))
			if (diff == "") != row.same {
				t.Errorf("the same is %v, want %v: %s", diff == "", row.same, diff)
			}
		})
	}
}

// writeSome writes a few changes to a new store, with records and receipts.
func writeSome(t *testing.T, path string, recorded *recorder) {
	ctx := context.Background()
	b, err := openWritesOn(ctx, path, boltstore.Options{Clock: time.Now, OnPut: recorded.note}, leanness{})
	if err != nil {
		t.Fatal(err)
	}
	b.keyed = true
	changes := b.changesOf(b.users[0])
	for i := range 7 {
		if err := b.apply(ctx, changes[i%len(changes)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
}

// contents are the records of a file, but for what the store writes as it is
// made.
func contents(t *testing.T, path string) map[string]string {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found := map[string]string{}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				if !bytes.Equal(name, []byte("meta")) {
					found[fmt.Sprintf("%s %x", name, key)] = fmt.Sprintf("%x", value)
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTheCommitsOwnPutsAreKeptOnce, however many commits were recorded.
func TestTheCommitsOwnPutsAreKeptOnce(t *testing.T) {
	recorded := &recorder{}
	for range 3 {
		recorded.note(0, "meta", []byte("state"), []byte("s"))
		recorded.note(0, "meta", []byte("tallies"), []byte("t"))
	}
	recorded.note(7, "users", []byte("u"), []byte("v"))
	recorded.note(7, "users", []byte("w"), nil)
	recorded.note(8, "users", []byte("u"), []byte("x"))
	taken := recorded.take()
	if len(taken.commit) != metaPuts || len(taken.changes) != 2 || len(taken.changes[0]) != 2 {
		t.Errorf("recorded %d puts for each commit, and changes %v", len(taken.commit), taken.changes)
	}
	if again := recorded.take(); len(again.changes) != 0 || len(again.commit) != metaPuts {
		t.Errorf("taken again: %v", again)
	}
}
