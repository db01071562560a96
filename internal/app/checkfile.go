package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/boltstore"
)

// The exit codes of the process that checks a file.
const (
	ChildWhole   = 0
	ChildFailed  = 1 // the file could not be checked; standard error says why
	ChildDamaged = 6
)

// childVerb is the command line of that process, up to the path: the hidden
// form of the program's verb verify.
func childVerb() []string { return []string{"verify", "--json", "--in-process", "--"} }

// How much the process may say, and how long it may take to end when it is
// told to.
const (
	reportLimit = 16 << 20 // bytes; a report holds a thousand faults
	childWait   = 5 * time.Second
)

// Checked is what a check of a file says, as the process that made it prints
// it.
type Checked struct {
	OK bool `json:"ok"`
	boltstore.Report
}

// CheckFile checks a store that no process uses, or a copy of one, in a child
// process of the program at executable: a page that makes the process crash
// that reads it is a fault of the file, and costs the caller nothing. The error
// says that the file could not be checked.
func CheckFile(ctx context.Context, executable, path string) (boltstore.Report, error) {
	cmd := exec.CommandContext(ctx, executable, append(childVerb(), path)...)
	cmd.Env = []string{"GOTRACEBACK=none"} // a crash is one line; and it needs no secret of ours
	cmd.WaitDelay = childWait
	said, complaint := &bounded{limit: reportLimit}, &bounded{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = said, complaint
	err := cmd.Run()
	switch code := exitCodeOf(err); {
	case ctx.Err() != nil:
		return boltstore.Report{}, ctx.Err()
	case err != nil && cmd.ProcessState == nil:
		return boltstore.Report{}, fmt.Errorf("start the process that checks the file: %w", err)
	case code == ChildFailed:
		return boltstore.Report{}, errors.New(complaint.sentence())
	case code == ChildWhole || code == ChildDamaged:
		return readChecked(said, code == ChildWhole)
	default:
		what := fmt.Sprintf("reading it ended the process that checked it (%v): %s", cmd.ProcessState, complaint.sentence())
		return boltstore.Report{Faults: []boltstore.Fault{{What: strings.TrimSuffix(what, ": ")}}}, nil
	}
}

func exitCodeOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return ChildWhole
	case errors.As(err, &exit):
		return exit.ExitCode() // -1: a signal ended it
	default:
		return -1
	}
}

// readChecked takes nothing for a clean report but one that says so twice.
func readChecked(said *bounded, whole bool) (boltstore.Report, error) {
	var c Checked
	if said.cut {
		return boltstore.Report{}, errors.New("the process that checked the file said too much")
	}
	if err := json.Unmarshal(said.text.Bytes(), &c, json.RejectUnknownMembers(true)); err != nil {
		return boltstore.Report{}, fmt.Errorf("read what the process that checked the file said: %w", err)
	}
	if c.OK != whole || c.OK != (len(c.Faults) == 0) {
		return boltstore.Report{}, errors.New("the process that checked the file contradicts itself")
	}
	return c.Report, nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	text  bytes.Buffer
	limit int
	cut   bool
}

// Write never fails: the process is to run to its end.
func (b *bounded) Write(p []byte) (int, error) {
	room := min(b.limit-b.text.Len(), len(p))
	b.cut = b.cut || room < len(p)
	b.text.Write(p[:room])
	return len(p), nil
}

// sentence gives the first line, without the program's name.
func (b *bounded) sentence() string {
	line, _, _ := strings.Cut(strings.TrimSpace(b.text.String()), "\n")
	return strings.TrimPrefix(line, "memberward: ")
}

// StoreFile is the name of the store in the data folder.
const StoreFile = storeFile

// copyPattern names the copies of the running store that are checked. boltstore
// removes what begins so when it opens the store: a crash leaves none for long.
const copyPattern = storeFile + ".backup-check-*"

// checkStore checks the running store: a copy of it, in a child process.
func (p *program) checkStore(ctx context.Context) (report boltstore.Report, err error) {
	spool, err := os.CreateTemp(p.cfg.Data, copyPattern) // mode 0600
	if err != nil {
		return boltstore.Report{}, fmt.Errorf("check the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(spool.Name())) }()
	_, err = p.store.Backup(ctx, spool)
	if err := errors.Join(err, spool.Close()); err != nil {
		return boltstore.Report{}, fmt.Errorf("check the store: %w", err)
	}
	return CheckFile(ctx, p.executable, spool.Name())
}
