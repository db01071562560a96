package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// CheckFile checks a file that no process writes to, a store or a copy of one,
// and changes nothing: the pages first, and when they are sound, all that
// [Store.Verify] checks. The file is whole when the report has no Faults. The
// error wraps one of ErrLocked, ErrForeign, ErrNewer and ErrEmpty, or is the
// context's or that of the file system; what is damaged is in the report, as
// far as it can be named. progress, if set, is told now and then how many
// records have been checked, and at the end.
//
// bbolt trusts the pages of a file, and a disk that fails while it reads may
// end the process: whoever has more to do calls it in a child process.
func CheckFile(ctx context.Context, path string, progress func(records uint64)) (Report, error) {
	report, err := checkFile(ctx, path, progress)
	if errors.Is(err, errDamaged) || errors.Is(err, ErrDamaged) {
		report.Faults, err = append(report.Faults, Fault{What: err.Error()}), nil
	}
	if err != nil {
		return report, fmt.Errorf("check %s: %w", path, err)
	}
	if progress != nil {
		progress(report.Records)
	}
	return report, nil
}

func checkFile(ctx context.Context, path string, progress func(uint64)) (report Report, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(&err)
	if existed, err := examine(path); err != nil && !errors.Is(err, ErrExposed) {
		return report, err
	} else if err == nil && !existed {
		return report, fs.ErrNotExist
	}
	db, err := openBolt(path, &bbolt.Options{ReadOnly: true}) // takes the lock that readers share
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if report.Faults, err = pagesOf(path); err != nil || len(report.Faults) > 0 {
		return report, err // bbolt would trust them
	}
	bolt, err := db.Begin(false)
	if err != nil {
		return report, err
	}
	from := &mapped{tx: bolt}
	defer func() { _ = bolt.Rollback() }() // of a reading transaction: it only lets go
	if _, err := identify(from); err != nil {
		return report, err
	}
	return verify(ctx, &reader{from: from}, progress)
}

func pagesOf(path string) ([]Fault, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return pageFaults(file)
}
