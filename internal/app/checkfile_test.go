package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/boltstore"
)

// self is the test binary, which is also the program: see TestMain.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// aStore makes one that nobody uses, and gives its path.
func aStore(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), storeFile)
	store, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileIsCheckedInAChildProcess(t *testing.T) {
	path := aStore(t)
	report, err := CheckFile(t.Context(), self(t), path)
	if err != nil || len(report.Faults) > 0 || report.Format == 0 {
		t.Errorf("a whole file: %+v, %v", report, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		content []byte
		damaged bool
	}{
		"cut off":       {data[:5*4096], true},
		"empty":         {nil, false},
		"another's":     {[]byte(strings.Repeat("#!/bin/sh\n", 1000)), false},
		"one bit wrong": {append(append(append([]byte{}, data[:4*4096+8]...), data[4*4096+8]^1), data[4*4096+9:]...), true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			report, err := CheckFile(t.Context(), self(t), path)
			if (err == nil) != tc.damaged || (len(report.Faults) > 0) != tc.damaged {
				t.Errorf("%+v, %v; want faults %v, else an error", report, err, tc.damaged)
			}
			if err != nil && strings.Contains(err.Error(), "memberward: ") {
				t.Errorf("the program's name is said twice: %v", err)
			}
		})
	}
}

// child makes a program that stands in for the one that checks.
func child(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "child")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

const wholeReport = `"format":2,"revision":7,"audit":1,"head":"` + zeros + `","records":9`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestWhatTheChildProcessSays(t *testing.T) {
	t.Setenv("MEMBERWARD_BOOTSTRAP_KEY", "a secret that no child needs to see")
	fault := boltstore.Fault{What: "torn"}
	for _, tc := range []struct {
		name, script string
		faults       []boltstore.Fault
		err          string // a part of it; empty: none
	}{
		{"whole", `echo '{"ok":true,` + wholeReport + `,"faults":[]}'`, []boltstore.Fault{}, ""},
		{"damaged", `echo '{"ok":false,` + wholeReport + `,"faults":[{"what":"torn"}]}'; exit 6`, []boltstore.Fault{fault}, ""},
		{"it gets the path behind the flags", `test "$*" = "verify --json --in-process -- -path" && echo '{"ok":true,` + wholeReport + `,"faults":[]}'`, []boltstore.Fault{}, ""},
		{"it sees no secret", `test -z "$MEMBERWARD_BOOTSTRAP_KEY" && echo '{"ok":true,` + wholeReport + `,"faults":[]}'`, []boltstore.Fault{}, ""},
		{"it could not check", `echo 'memberward: it is in use' >&2; echo more >&2; exit 1`, nil, "it is in use"},
		{"a page makes it crash", `kill -SEGV $$`, []boltstore.Fault{{What: "reading it ended the process that checked it (signal: segmentation fault)"}}, ""},
		{"a page makes the runtime end it", `echo 'fatal error: fault' >&2; echo '[signal SIGBUS]' >&2; exit 2`, []boltstore.Fault{{What: "reading it ended the process that checked it (exit status 2): fatal error: fault"}}, ""},
		{"it says nothing", `exit 0`, nil, "read what the process"},
		{"it says something else", `echo ready`, nil, "read what the process"},
		{"it says more than it should", `echo '{"ok":true,"new":1,` + wholeReport + `}'`, nil, "read what the process"},
		{"its yes ends as a no", `echo '{"ok":true,` + wholeReport + `}'; exit 6`, nil, "contradicts itself"},
		{"its no ends as a yes", `echo '{"ok":false,` + wholeReport + `,"faults":[{"what":"torn"}]}'`, nil, "contradicts itself"},
		{"its yes comes with faults", `echo '{"ok":true,` + wholeReport + `,"faults":[{"what":"torn"}]}'`, nil, "contradicts itself"},
		{"its no comes without any", `echo '{"ok":false,` + wholeReport + `}'; exit 6`, nil, "contradicts itself"},
		{"it never stops talking", `head -c 17000000 /dev/zero`, nil, "said too much"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			report, err := CheckFile(t.Context(), child(t, tc.script), "-path")
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("err = %v, want %q", err, tc.err)
			}
			if diff := cmp.Diff(tc.faults, report.Faults); diff != "" {
				t.Errorf("faults (-want +got)\n%s", diff)
			}
		})
	}
	if _, err := CheckFile(t.Context(), filepath.Join(t.TempDir(), "none"), "x"); err == nil || !strings.Contains(err.Error(), "start the process") {
		t.Errorf("no such program: %v", err)
	}
}

func TestACheckEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ready := filepath.Join(t.TempDir(), "ready")
	ended := make(chan error, 1)
	program := child(t, "echo > "+ready+"; while :; do :; done")
	go func() {
		_, err := CheckFile(ctx, program, "x")
		ended <- err
	}()
	for {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want canceled", err)
	}
}

func TestTheRunningStoreIsCheckedByACopy(t *testing.T) {
	now, log := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), new(outlet)
	p := keysOf(t, &now, log)
	p.cfg.Data, p.executable = t.TempDir(), self(t)
	report, err := p.checkStore(t.Context())
	if err != nil || len(report.Faults) > 0 || report.Revision != p.store.Revision() || report.Records != 1 {
		t.Errorf("%+v, %v; want the one signing key, whole", report, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.checkStore(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
	p.executable = child(t, `cp "$5" `+filepath.Join(p.cfg.Data, "seen")+`; kill -BUS $$`)
	if report, err := p.checkStore(t.Context()); err != nil || len(report.Faults) != 1 || p.store.Err() != nil {
		t.Errorf("a check that crashes: %+v, %v, the store says %v", report, err, p.store.Err())
	}
	left, err := os.ReadDir(p.cfg.Data)
	if err != nil || len(left) != 1 || left[0].Name() != "seen" {
		t.Errorf("it leaves %v, %v", left, err)
	}
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.checkStore(t.Context()); err == nil {
		t.Error("a store that does not answer is whole")
	}
}
