package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// names lists a folder.
func names(t *testing.T, folder string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// backedUp gives a backup of a store with some of everything.
func backedUp(t *testing.T, members int) (data []byte, path string) {
	t.Helper()
	path = filled(t, members)
	s := openAt(t, path, boltstore.Options{InitialMapSize: 1 << 20})
	var copied bytes.Buffer
	revision, err := s.Backup(t.Context(), &copied)
	if err != nil || revision != tenancy.Revision(members) {
		t.Fatalf("Backup = %d, %v", revision, err)
	}
	if found := names(t, filepath.Dir(path)); len(found) != 1 {
		t.Errorf("beside the store after a backup: %v", found)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return copied.Bytes(), path
}

func TestABackupIsRestored(t *testing.T) {
	data, path := backedUp(t, 30)
	want, err := dumpAt(t, path, 30)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "store.db")
	report, err := boltstore.Restore(t.Context(), iotest.OneByteReader(bytes.NewReader(data)), target, nil)
	if err != nil || report.Revision != 30 || report.Audit != 30 {
		t.Fatalf("Restore = %+v, %v", report, err)
	}
	info, err := os.Stat(target)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	got, err := dumpAt(t, target, 30)
	if err != nil || got != want {
		t.Errorf("restored: %v\ngot  %s\nwant %s", err, got, want)
	}
	if found := names(t, filepath.Dir(target)); len(found) != 1 {
		t.Errorf("beside the restored store: %v", found)
	}
}

func TestABackupMadeWhileWritersWriteIsWhole(t *testing.T) {
	s := open(t, boltstore.Options{InitialMapSize: 1 << 20})
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		for n := uint64(0); ; n++ {
			_, err := s.Update(ctx, addMember(n%7, n))
			if n == 50 {
				close(begun)
			}
			if err != nil {
				written <- err
				return
			}
		}
	}()
	select {
	case <-begun:
	case err := <-written:
		t.Fatal(err)
	}
	for range 5 {
		var copied bytes.Buffer
		revision, err := s.Backup(t.Context(), &copied)
		if err != nil {
			t.Fatal(err)
		}
		report, err := boltstore.Restore(t.Context(), &copied, filepath.Join(t.TempDir(), "store.db"), nil)
		if err != nil || report.Revision != revision || uint64(revision) != report.Audit {
			t.Errorf("Restore = %+v, %v; want revision %d", report, err, revision)
		}
	}
	stop()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	data, _ := backedUp(t, 12)
	altered := bytes.ReplaceAll(data, []byte("u7@example.org"), []byte("uX@example.org")) // also in pages that are free
	foreignData, err := os.ReadFile(foreign(t, "jobs"))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the line broke")
	for name, row := range map[string]struct {
		from io.Reader
		want error
	}{
		"a backup that is cut off by a byte": {bytes.NewReader(data[:len(data)-1]), boltstore.ErrDamaged},
		"a backup that is cut in half":       {bytes.NewReader(data[:len(data)/2]), boltstore.ErrDamaged},
		"a backup that is cut to a page":     {bytes.NewReader(data[:4096]), boltstore.ErrDamaged},
		"an altered backup":                  {bytes.NewReader(altered), boltstore.ErrDamaged},
		"an empty backup":                    {bytes.NewReader(nil), boltstore.ErrEmpty},
		"text":                               {strings.NewReader(strings.Repeat("no store\n", 5000)), boltstore.ErrForeign},
		"another program's file":             {bytes.NewReader(foreignData), boltstore.ErrForeign},
		"a line that breaks":                 {io.MultiReader(bytes.NewReader(data[:5000]), iotest.ErrReader(broken)), broken},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if _, err := boltstore.Restore(t.Context(), row.from, filepath.Join(folder, "store.db"), nil); !errors.Is(err, row.want) {
				t.Errorf("Restore = %v, want %v", err, row.want)
			}
			if found := names(t, folder); len(found) > 0 {
				t.Errorf("left behind: %v", found)
			}
		})
	}
	t.Run("a path where something is", func(t *testing.T) {
		path := write(t, []byte("mine"), 0o600)
		if _, err := boltstore.Restore(t.Context(), bytes.NewReader(data), path, nil); !errors.Is(err, boltstore.ErrExists) {
			t.Errorf("Restore = %v, want %v", err, boltstore.ErrExists)
		}
		if kept, err := os.ReadFile(path); string(kept) != "mine" || err != nil {
			t.Errorf("what was there is %q now, %v", kept, err)
		}
	})
	t.Run("when it is cancelled", func(t *testing.T) {
		folder := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := boltstore.Restore(ctx, bytes.NewReader(data), filepath.Join(folder, "store.db"), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Restore = %v, want that it was cancelled", err)
		}
		if found := names(t, folder); len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	})
}

// TestEachByteOfABackupMattersOrNot flips bits all over a backup: it is
// refused, or what is restored reads as before.
func TestEachByteOfABackupMattersOrNot(t *testing.T) {
	const members = 12
	data, path := backedUp(t, members)
	want, err := dumpAt(t, path, members)
	if err != nil {
		t.Fatal(err)
	}
	refused, harmless := 0, 0
	folder := t.TempDir()
	for at := 1; at < len(data); at += 3 * step(at) {
		altered := bytes.Clone(data)
		altered[at] ^= 1 << (at % 8)
		target := filepath.Join(folder, "store.db")
		if _, err := boltstore.Restore(t.Context(), bytes.NewReader(altered), target, nil); err != nil {
			refused++
			continue
		}
		if got, err := dumpAt(t, target, members); err != nil || got != want {
			t.Errorf("byte %d: it is restored and reads otherwise, %v", at, err)
		}
		harmless++
		if err := os.Remove(target); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d flips were refused, %d were harmless", refused, harmless)
	if refused == 0 || harmless == 0 {
		t.Errorf("%d flips were refused, %d harmless; want some of each", refused, harmless)
	}
}

func TestABackupOfFormat1IsRestored(t *testing.T) {
	data, err := os.ReadFile(unpacked(t, format1))
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "store.db")
	if report, err := boltstore.Restore(t.Context(), bytes.NewReader(data), target, nil); err != nil || report.Format != 1 {
		t.Fatalf("Restore = %+v, %v", report, err)
	}
	if err := openAt(t, target, boltstore.Options{}).View(t.Context(), holdsFormat1); err != nil {
		t.Error(err)
	}
}

func TestWhatACrashLeftIsRemovedAtOpen(t *testing.T) {
	path := filled(t, 1)
	for _, name := range []string{path + ".backup-123", path + ".restore-7"} {
		if err := os.WriteFile(name, []byte("half a copy"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mine := path + ".mine"
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	openAt(t, path, boltstore.Options{})
	if found := names(t, filepath.Dir(path)); len(found) != 2 {
		t.Errorf("beside the store: %v; want it and what is not its own", found)
	}
}

// TestTheSpoolIsGoneWhileItStreams looks into the folder from the client.
func TestTheSpoolIsGoneWhileItStreams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, boltstore.Options{})
	if _, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutMembership(membership(1, 1)) }); err != nil {
		t.Fatal(err)
	}
	looked := false
	_, err := s.Backup(t.Context(), writer(func(data []byte) (int, error) {
		looked = true
		if found := names(t, filepath.Dir(path)); len(found) != 1 {
			t.Errorf("beside the store while a backup streams: %v", found)
		}
		return len(data), nil
	}))
	if err != nil || !looked {
		t.Errorf("Backup: %v, the client was asked: %v", err, looked)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(data []byte) (int, error) { return w(data) }
