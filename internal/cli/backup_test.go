package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// copies answers with a copy of a store.
func copies(body string, alter ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Memberward-Revision", "7")
		for i := 0; i < len(alter); i += 2 {
			w.Header().Set(alter[i], alter[i+1])
		}
		_, _ = io.WriteString(w, body)
	}
}

// in chunks, and then the connection breaks.
func breaks(w http.ResponseWriter, r *http.Request) {
	copies("half a store")(w, r)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// hijacked answers with a text of its own.
func hijacked(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(connection, answer)
			_ = connection.Close()
		}
	}
}

const headless = "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nMemberward-Revision: 7\r\n\r\nhalf a store"

func TestBackupTakesNothingButAWholeCopy(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		code   int
		stderr string
	}{
		{"whole", copies("a whole store"), exitOK, ""},
		{"in chunks", func(w http.ResponseWriter, r *http.Request) {
			copies("a whole ")(w, r)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "store")
		}, exitOK, ""},
		{"cut off in chunks", breaks, exitFailure, "the copy was cut off after"},
		{"shorter than announced", copies("half a store", "Content-Length", "100"), exitFailure, "the copy was cut off after"},
		{"without an end", hijacked(headless), exitFailure, "does not say where it ends"},
		{"empty", copies(""), exitFailure, "the copy is empty"},
		{"a page of another program", copies("<html>", "Content-Type", "text/html"), exitFailure, "no copy of a store"},
		{"without a revision", copies("a store", "Memberward-Revision", "new"), exitFailure, "does not name the revision"},
		{"refused", says(403, "application/problem+json", `{"title":"Forbidden","detail":"you are not permitted to do this"}`), exitFailure, "the server answers 403: Forbidden: you are not permitted to do this"},
		{"another backup runs", says(409, "application/problem+json", `{"title":"Conflict","detail":"another backup is being made"}`), exitFailure, "another backup is being made"},
		{"sent elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusSeeOther)
		}, exitFailure, "answers 303"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.RequestURI + " " + r.Header.Get("Authorization")
				tc.answer(w, r)
			}))
			defer server.Close()
			folder := t.TempDir()
			file := filepath.Join(folder, "store.db")
			code, stdout, stderr := runWith(t, []string{"MEMBERWARD_KEY=" + aKey}, "backup", "--url", server.URL, file)
			if code != tc.code || !strings.Contains(stderr, tc.stderr) || (stderr == "") != (tc.stderr == "") {
				t.Errorf("code %d, stderr %q; want %d, %q", code, stderr, tc.code, tc.stderr)
			}
			if want := "POST /v1/admin/backup Bearer " + aKey; asked != want {
				t.Errorf("asked %q, want %q", asked, want)
			}
			left := namesIn(t, folder)
			if code != exitOK {
				if left != "" || stdout != "" {
					t.Errorf("it leaves %q, and says %q", left, stdout)
				}
				return
			}
			data, err := os.ReadFile(file)
			info, _ := os.Stat(file)
			if err != nil || string(data) != "a whole store" || info.Mode() != 0o600 || left != "store.db" {
				t.Errorf("%q, %v, mode %v, in the folder: %q", data, err, info.Mode(), left)
			}
			if want := file + ": revision 7, 13 bytes\n"; stdout != want {
				t.Errorf("stdout %q, want %q", stdout, want)
			}
		})
	}
}

// namesIn lists a folder.
func namesIn(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return strings.Join(names, " ")
}

func TestBackupReplacesNothingUnasked(t *testing.T) {
	server := httptest.NewServer(copies("a whole store"))
	defer server.Close()
	write := func(name string, mode os.FileMode) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("the old one"), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name   string
		before func(t *testing.T, folder string)
		force  bool
		stderr string // empty: it succeeds
	}{
		{"a file", write("store.db", 0o600), false, "replace it with --force"},
		{"a file, with --force", write("store.db", 0o644), true, ""},
		{"a folder, with --force", func(t *testing.T, folder string) {
			if err := os.Mkdir(filepath.Join(folder, "store.db"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, true, "something that is no file"},
		{"a link, with --force", func(t *testing.T, folder string) {
			if err := os.Symlink("elsewhere", filepath.Join(folder, "store.db")); err != nil {
				t.Fatal(err)
			}
		}, true, "something that is no file"},
		{"what a crash left", write("store.db.partial", 0o644), false, ""},
		{"a link in the place of the unfinished copy", func(t *testing.T, folder string) {
			write("elsewhere", 0o600)(t, folder)
			if err := os.Symlink("elsewhere", filepath.Join(folder, "store.db.partial")); err != nil {
				t.Fatal(err)
			}
		}, false, "too many levels of symbolic links"},
		{"no folder", func(t *testing.T, folder string) {
			if err := os.Remove(folder); err != nil {
				t.Fatal(err)
			}
		}, false, "no such file or directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			tc.before(t, folder)
			file := filepath.Join(folder, "store.db")
			args := []string{"backup", "--url", server.URL, "--key", aKey, file}
			if tc.force {
				args = append(args, "--force")
			}
			code, _, stderr := runWith(t, nil, args...)
			if (code == exitOK) != (tc.stderr == "") || !strings.Contains(stderr, tc.stderr) {
				t.Fatalf("code %d, stderr %q; want %q", code, stderr, tc.stderr)
			}
			if info, err := os.Stat(file); tc.stderr == "" && (err != nil || info.Mode() != 0o600 || info.Size() != 13) {
				t.Errorf("%v, %v", info, err)
			}
			if old, err := os.ReadFile(file); tc.stderr != "" && err == nil && string(old) != "the old one" {
				t.Errorf("the file there holds %q", old)
			}
			if old, err := os.ReadFile(filepath.Join(folder, "elsewhere")); err == nil && string(old) != "the old one" {
				t.Errorf("the file that a link leads to holds %q", old)
			}
		})
	}
}

// The file appears while the copy is under way.
func TestBackupLooksAgainBeforeItReplaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store.db")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(file, []byte("another's"), 0o600); err != nil {
			t.Error(err)
		}
		copies("a whole store")(w, r)
	}))
	defer server.Close()
	code, _, stderr := runWith(t, nil, "backup", "--url", server.URL, "--key", aKey, file)
	data, err := os.ReadFile(file)
	if code != exitFailure || string(data) != "another's" || err != nil || namesIn(t, filepath.Dir(file)) != "store.db" {
		t.Errorf("code %d, %s, %q, %v", code, stderr, data, err)
	}
}

func TestTwoBackupsToOneFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store.db")
	first, err := claim(file + ".partial")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(file + ".partial"); err == nil || !strings.Contains(err.Error(), "another backup is writing") {
		t.Errorf("the second one: %v", err)
	}
	if err := os.Rename(first.Name(), file); err != nil { // the first one ends well
		t.Fatal(err)
	}
	if err := stillAt(file+".partial", first); err == nil {
		t.Error("a file that has its final name is taken for an unfinished one")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := claim(file + ".partial")
	if err != nil {
		t.Fatalf("after the first one: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file+".fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(file + ".fifo"); err == nil {
		t.Error("a pipe is taken for a file")
	}
}

func TestACopyThatStandsStillIsGivenUp(t *testing.T) {
	let := make(chan struct{})
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copies("half a store")(w, r)
		_ = http.NewResponseController(w).Flush()
		<-let
	}))
	defer there.Close()
	defer close(let)
	var stdout bytes.Buffer
	folder := t.TempDir()
	b := backup{
		server: &server{url: there.URL, key: aKey}, streams: streams{stdout: &stdout, stderr: io.Discard},
		path: filepath.Join(folder, "store.db"), stall: 20 * time.Millisecond,
	}
	if err := b.run(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing came for 20ms") {
		t.Errorf("err = %v", err)
	}
	if left := namesIn(t, folder); left != "" || stdout.Len() > 0 {
		t.Errorf("it leaves %q and says %q", left, &stdout)
	}
}

// full fails as a disk does that is full.
type full struct{}

// Write fails.
func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestADiskThatIsFullIsNamed(t *testing.T) {
	there := httptest.NewServer(copies("a whole store"))
	defer there.Close()
	b := backup{server: &server{url: there.URL, key: aKey}, streams: streams{stderr: io.Discard}, stall: time.Minute}
	if _, _, err := b.fetch(t.Context(), full{}); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("err = %v", err)
	}
}
