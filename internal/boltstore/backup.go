package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// spoolPrefix begins the names of the local files that backups are spooled to,
// beside the store. Each is removed as soon as it is made, while it stays open:
// a crash leaves it only in between.
func spoolPrefix(path string) string { return filepath.Base(path) + ".backup-" }

// Backup writes one consistent copy of the store to w, and gives its revision,
// while changes go on. The copy is made in a local file first, in one reading
// transaction that ends with it: a slow w holds nothing up, and nothing is
// written to w before the copy is whole. One that is made meanwhile is refused
// as a conflict. Errors are those of [Store.View], store_full when there is no
// room for the local copy, the context's, and those of w.
func (s *Store) Backup(ctx context.Context, w io.Writer) (tenancy.Revision, error) {
	if !s.copying.CompareAndSwap(false, true) {
		return 0, &tenancy.Error{Code: tenancy.CodeConflict, Msg: "another backup is being made"}
	}
	defer s.copying.Store(false)
	spool, err := s.newSpool()
	if err != nil {
		return 0, s.refused(fmt.Errorf("backup: %w", err))
	}
	defer func() { _ = spool.Close() }() // it was removed before; nothing is lost
	revision, err := s.spool(ctx, spool)
	if err != nil {
		return 0, err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return 0, unavailable("the copy could not be read", err)
	}
	if told, wants := w.(interface{ Begin(tenancy.Revision) }); wants {
		told.Begin(revision)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, &patient{ctx: ctx, r: spool}, make([]byte, copiedAtOnce)); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return revision, nil
}

// newSpool makes a local file without a name.
func (s *Store) newSpool() (*os.File, error) {
	path := s.db.Path()
	spool, err := os.CreateTemp(filepath.Dir(path), spoolPrefix(path)+"*") // mode 0600
	if err != nil {
		return nil, err
	}
	if err := os.Remove(spool.Name()); err != nil {
		return nil, errors.Join(err, spool.Close())
	}
	return spool, nil
}

// spool copies one snapshot.
func (s *Store) spool(ctx context.Context, to *os.File) (revision tenancy.Revision, err error) {
	err = s.view(ctx, func(r *reader) error {
		revision = r.revision
		from, ok := r.from.(*mapped)
		if !ok {
			return errors.New("a snapshot reads the mapped file")
		}
		if _, err := from.tx.WriteTo(&spoolFile{ctx: ctx, clock: s.opts.Clock, File: to}); err != nil {
			return s.notCopied(ctx, err)
		}
		return nil
	})
	return revision, err
}

// notCopied tells why a copy ended: nobody waits for it, no room, or the disk.
func (s *Store) notCopied(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if full(cause) {
		s.counts.full.Add(1)
		return &tenancy.Error{Code: tenancy.CodeStoreFull, Msg: "there is no room on the disk for the copy; nothing was changed", Cause: cause}
	}
	return unavailable("the store could not be copied", cause)
}

// removeLeftovers removes what backups and restores left behind that a crash
// ended. The caller holds the lock of the store.
func removeLeftovers(path string) error {
	beside, err := os.ReadDir(filepath.Dir(path))
	for _, f := range beside {
		if strings.HasPrefix(f.Name(), spoolPrefix(path)) || strings.HasPrefix(f.Name(), restorePrefix(path)) {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), f.Name())))
		}
	}
	return err
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(buf []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(buf)
}

// spoolFile takes a copy until its context ends, and rests between its parts,
// so that those who write meanwhile get most of the disk.
type spoolFile struct {
	ctx   context.Context
	clock func() time.Time
	*os.File
}

func (f *spoolFile) Write(data []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Write(data)
}

// copiedAtOnce is how much is copied between two rests, in bytes; a rest takes
// as long as the part did. Without rests, a backup on a busy machine slowed
// changes by more than twice; bench measures it.
const copiedAtOnce = 1 << 20

// ReadFrom copies in parts, and rests between them.
func (f *spoolFile) ReadFrom(r io.Reader) (copied int64, err error) {
	part := make([]byte, copiedAtOnce)
	for {
		began := f.clock()
		n, err := io.ReadFull(r, part)
		if n > 0 {
			n, failed := f.Write(part[:n])
			copied += int64(n)
			if failed != nil {
				return copied, failed
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return copied, nil
		case err != nil:
			return copied, err
		}
		select {
		case <-f.ctx.Done():
		case <-time.After(f.clock().Sub(began)):
		}
	}
}
