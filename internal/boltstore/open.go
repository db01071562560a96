package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/memberward/memberward/internal/tenancy"
)

// Options of [Open]. Only the clock is required.
type Options struct {
	// Clock gives the time; required.
	Clock func() time.Time
	// MaxBatch is how many changes may share one commit; 0 is 256, and 1 is
	// one sync for each.
	MaxBatch int
	// InitialMapSize is the address space reserved for the file, in bytes; 0
	// is 1 GiB. While the file is smaller, no reader can hold up a writer.
	InitialMapSize int
	// BeforeSync, if set, is called once in each commit before its sync, by
	// one goroutine at a time. Its error fails that commit, and nothing is
	// changed. For measurements and for planted faults.
	BeforeSync func() error
	// OnPut, if set, is called with each frame before it is put into a
	// transaction, by one goroutine at a time; a nil frame deletes. made is the
	// revision that the frame's change makes, and 0 for what belongs to no one
	// change: it is written once for a commit. key and frame are only lent. A
	// commit that fails afterwards is not told of. For measurements.
	OnPut func(made tenancy.Revision, bucket string, key, frame []byte)
	// OnFault, if set, is told once why the store stopped serving.
	OnFault func(error)
	// Progress, if set, is told how many records have been checked as the
	// file is opened: now and then, and at the end.
	Progress func(records uint64)
	// Logger, if set, is told what opening found.
	Logger *slog.Logger
}

// Defaults of Options.
const (
	defaultMaxBatch = 256
	defaultMapSize  = 1 << 30
)

// lockWait is how long to wait for another process to let go of the file.
const lockWait = time.Second

// Reasons for which Open refuses a file. The error's text says what to do.
var (
	ErrLocked  = errors.New("it is in use; stop the memberward that uses it, or ask that one")
	ErrForeign = errors.New("it is no store of memberward; choose another path")
	ErrNewer   = errors.New("a newer memberward wrote it; use that version or a later one")
	ErrDamaged = errors.New("it is damaged; restore the latest copy of the file")
	ErrEmpty   = errors.New("it is empty; restore the latest copy of the file, or remove it to begin anew")
	ErrExposed = errors.New("others than its owner may read it; run chmod 600 on it")
)

// Open opens the store in the file at path, or makes one there, with mode
// 0600. The parent directory must exist. Before it serves, every page and
// every record is checked. The error wraps one of ErrLocked, ErrForeign,
// ErrNewer, ErrDamaged, ErrEmpty and ErrExposed, or is that of the file system; the file
// is left as it was.
func Open(path string, opts Options) (*Store, error) {
	if opts.Clock == nil {
		return nil, errors.New("open the store: no clock was given")
	}
	if opts.MaxBatch <= 0 {
		opts.MaxBatch = defaultMaxBatch
	}
	if opts.InitialMapSize <= 0 {
		opts.InitialMapSize = defaultMapSize
	}
	s := &Store{opts: opts, commit: (*bbolt.Tx).Commit}
	s.behind.counts, s.behind.flush, s.behind.queued = &s.counts, s.flush, newLoad()
	if err := s.open(path); err != nil {
		if errors.Is(err, errDamaged) && !errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(path string) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	existed, err := examine(path)
	if err != nil {
		return err
	}
	if existed {
		if err := checkLocked(path); err != nil {
			return err
		}
	}
	s.db, err = openBolt(path, &bbolt.Options{InitialMmapSize: s.opts.InitialMapSize})
	if err != nil {
		return err
	}
	err = s.begun()
	if err == nil {
		err = removeLeftovers(path)
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// begun reads the state, or writes the first one, and checks the records.
func (s *Store) begun() error {
	fresh, err := s.fresh()
	if err != nil {
		return err
	}
	if fresh {
		if err := s.create(); err != nil {
			return err
		}
	}
	format, err := s.load()
	if err != nil || format == schemaVersion {
		return err
	}
	if err := s.migrate(format); err != nil {
		return fmt.Errorf("bring format %d to format %d: %w", format, schemaVersion, err)
	}
	_, err = s.load()
	return err
}

// examine reports whether there is a file, and refuses one that is empty, no
// regular file, or that others may read.
func examine(path string) (existed bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%w: it is no regular file", ErrForeign)
	case info.Size() == 0: // a store that lost everything must not begin anew by itself
		return false, ErrEmpty
	case info.Mode().Perm()&0o077 != 0: // last: copies are checked whatever it is
		return false, fmt.Errorf("mode %04o: %w", info.Mode().Perm(), ErrExposed)
	}
	return true, nil
}

// checkLocked checks the pages while it holds the lock that readers share, so
// that no other process writes meanwhile. bbolt reads no more than the meta
// pages for it.
func checkLocked(path string) error {
	db, err := openBolt(path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	checked := checkPages(path)
	return errors.Join(checked, db.Close())
}

// openBolt opens the file with bbolt, whose panics become errDamaged.
func openBolt(path string, opts *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	opts.Timeout, opts.FreelistType, opts.NoStatistics = lockWait, bbolt.FreelistArrayType, true
	opts.OpenFile = func(path string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(path, flag, mode)
		return file, err
	}
	defer func() {
		if err != nil && file != nil {
			_ = file.Close() // lets go of the lock; bbolt has closed it unless it panicked
		}
	}()
	defer recoverDamage(&err)
	db, err = bbolt.Open(path, 0o600, opts)
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrLocked
	case errors.As(err, new(syscall.Errno)): // of opening, locking or mapping: says nothing about the content
		return nil, err
	}
	return nil, noStore(path, err)
}

// noStore tells a damaged store from a file that never was one.
func noStore(path string, cause error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	if looksLikeBolt(file) {
		return fmt.Errorf("%w: %w", ErrDamaged, cause)
	}
	return fmt.Errorf("%w (%w)", ErrForeign, cause)
}

// fresh reports whether the file was just made by bbolt and nothing has been
// committed to it.
func (s *Store) fresh() (fresh bool, err error) {
	defer recoverDamage(&err)
	bolt, err := s.begin(false)
	if err != nil {
		return false, err
	}
	defer func() { _ = bolt.Rollback() }() // of a reading transaction: it only lets go
	first, _ := bolt.Cursor().First()
	return first == nil && bolt.ID() <= 1, nil
}

// create writes an empty store.
func (s *Store) create() error {
	return s.db.Update(func(bolt *bbolt.Tx) error {
		for _, name := range bucketNames {
			if _, err := bolt.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := bolt.Bucket(bucketNames[bucketMeta])
		who := identity{magic: magic, schema: schemaVersion, created: s.opts.Clock()}
		return errors.Join(
			meta.Put(metaStore, encodeIdentity(who)),
			meta.Put(metaState, encodeState(state{})),
			meta.Put(metaTallies, encodeTallies(&tallies{})),
			meta.Put(metaLog, encodeLogBegin(0)),
		)
	})
}

// load reads the state of a file that has one, checks every record, and gives
// the file's format.
func (s *Store) load() (format uint64, err error) {
	defer recoverDamage(&err)
	bolt, err := s.begin(false)
	if err != nil {
		return 0, err
	}
	from := &mapped{tx: bolt}
	defer func() { _ = bolt.Rollback() }() // of a reading transaction: it only lets go
	who, err := identify(from)
	if err != nil {
		return 0, err
	}
	if s.state, err = required(from, metaState, decodeState); err != nil {
		return 0, err
	}
	end := bucketsOf(who.schema)
	if s.tallies, err = required(from, metaTallies, func(d *decoder) tallies { return d.tallies(end) }); err != nil {
		return 0, err
	}
	if who.schema > 1 {
		if _, err := required(from, metaLog, decodeLogBegin); err != nil {
			return 0, err
		}
	}
	s.last.Store(&point{txid: bolt.ID(), revision: s.state.revision})
	records, err := s.checkRecords(from, end)
	if err != nil {
		return 0, err
	}
	s.tell("store opened", "records", records, "revision", uint64(s.state.revision), "format", who.schema)
	return who.schema, nil
}

// tell logs what opening found.
func (s *Store) tell(msg string, args ...any) {
	if s.opts.Logger != nil {
		s.opts.Logger.Info(msg, append([]any{"path", s.db.Path()}, args...)...)
	}
}

// identify refuses a file of another program, or of a newer one of ours.
func identify(from *mapped) (who identity, err error) {
	if from.tx.Bucket(bucketNames[bucketMeta]) == nil {
		return who, ErrForeign
	}
	frame, err := from.get(bucketMeta, metaStore)
	switch {
	case err != nil:
		return who, err
	case frame == nil:
		return who, ErrForeign
	}
	who, err = decode(bucketMeta, metaStore, frame, decodeIdentity)
	switch {
	case err != nil:
		return who, err
	case who.magic != magic:
		return who, ErrForeign
	case who.schema > schemaVersion:
		return who, fmt.Errorf("format %d, known up to %d: %w", who.schema, schemaVersion, ErrNewer)
	case who.schema == 0:
		return who, damaged("there never was a format %d", who.schema)
	}
	return who, nil
}

func required[T any](from source, key []byte, fields func(*decoder) T) (T, error) {
	v, found, err := lookup(from, bucketMeta, key, fields)
	if err == nil && !found {
		err = damaged("%s/%s is missing", bucketMeta, key)
	}
	return v, err
}

// progressEvery is how many records are checked between two reports.
const progressEvery = 10_000

// checkRecords checks each record's frame, and each bucket's tally: together
// they show every record that was altered, lost, added or brought back.
func (s *Store) checkRecords(from *mapped, end bucket) (records uint64, err error) {
	for b := bucketMeta + 1; b < end; b++ {
		var found tally
		err := from.scan(b, nil, nil, func(key, frame []byte) (bool, error) {
			if records++; s.opts.Progress != nil && records%progressEvery == 0 {
				s.opts.Progress(records)
			}
			if _, _, err := unframe(b, key, frame); err != nil {
				return false, err
			}
			found.add(frame)
			return true, nil
		})
		if err != nil {
			return records, err
		}
		if found != s.tallies[b] {
			return records, damaged("%s holds %d records where %d belong, or others than those", b, found.count, s.tallies[b].count)
		}
	}
	if s.opts.Progress != nil {
		s.opts.Progress(records)
	}
	return records, nil
}
