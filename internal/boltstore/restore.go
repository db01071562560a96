package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists is why Restore refuses a path.
var ErrExists = errors.New("there is something already; choose a path where nothing is")

// restorePrefix begins the name of the file that a restore checks before it
// gets its own.
func restorePrefix(path string) string { return filepath.Base(path) + ".restore-" }

// Restore makes a store of a backup at path, where nothing is yet; the parent
// directory must exist. What it reads goes into a file beside it, is synced,
// checked whole, and only then gets its name: whatever ends it before, nothing
// is left at path. A backup that is cut off, altered, empty, foreign or newer
// is refused; one of an older format is restored, and brought to the newest as
// it is opened. The error wraps one of ErrExists, ErrDamaged (the report names
// what), ErrEmpty, ErrForeign and ErrNewer, or is that of the reader, the
// context or the file system. progress is told as by [CheckFile].
func Restore(ctx context.Context, from io.Reader, path string, progress func(records uint64)) (Report, error) {
	report, err := restore(ctx, from, path, progress)
	if err != nil {
		return report, fmt.Errorf("restore to %s: %w", path, err)
	}
	return report, nil
}

func restore(ctx context.Context, from io.Reader, path string, progress func(uint64)) (report Report, err error) {
	if err := nothingAt(path); err != nil {
		return report, err
	}
	beside, err := os.CreateTemp(filepath.Dir(path), restorePrefix(path)+"*") // mode 0600
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.Remove(beside.Name())) }()
	_, err = io.Copy(beside, &patient{ctx: ctx, r: from})
	if err == nil {
		err = beside.Sync()
	}
	if err := errors.Join(err, beside.Close()); err != nil {
		return report, err
	}
	report, err = CheckFile(ctx, beside.Name(), progress)
	switch {
	case err != nil:
		return report, err
	case len(report.Faults) > 0:
		return report, fmt.Errorf("%w: %s (%d faults)", ErrDamaged, report.Faults[0], len(report.Faults))
	}
	if err := os.Link(beside.Name(), path); err != nil { // unlike a rename, it replaces nothing
		return report, errors.Join(err, nothingAt(path))
	}
	return report, syncFolder(filepath.Dir(path))
}

func nothingAt(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
