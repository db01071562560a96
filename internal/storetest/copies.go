package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// client takes a backup: it says when the first bytes come, and stands still
// until it is let go on.
type client struct {
	began chan struct{} // closed with the first bytes
	goOn  chan struct{}
	size  int64
}

func newClient() *client { return &client{began: make(chan struct{}), goOn: make(chan struct{})} }

func (c *client) Write(data []byte) (int, error) {
	if c.size == 0 {
		close(c.began)
	}
	c.size += int64(len(data))
	<-c.goOn
	return len(data), nil
}

// backup is one that is under way.
type backup struct {
	*client
	ended    chan error
	revision tenancy.Revision
}

// startBackup begins a backup to a client that stands still, and waits for its
// first bytes.
func startBackup(ctx context.Context, s gate.Store) (*backup, error) {
	b := &backup{client: newClient(), ended: make(chan error, 1)}
	go func() {
		var err error
		b.revision, err = s.Backup(ctx, b.client)
		b.ended <- err
	}()
	select {
	case <-b.began:
		return b, nil
	case err := <-b.ended:
		return nil, fmt.Errorf("the backup ended without a byte: %w", err)
	case <-ctx.Done():
		return nil, errors.New("the backup never began")
	}
}

// finish lets the client go on, and waits for the end.
func (b *backup) finish() error {
	close(b.goOn)
	return <-b.ended
}

// sizeOf takes a backup and gives its size.
func sizeOf(ctx context.Context, s gate.Store) (int64, error) {
	b, err := startBackup(ctx, s)
	if err != nil {
		return 0, err
	}
	err = b.finish()
	return b.size, err
}

// churn writes the same memberships over and over.
func churn(ctx context.Context, s gate.Store, from, changes int) error {
	for n := range changes {
		m := member(1, n%50+1, tenancy.LevelMember)
		m.Developer = (from+n)/50%2 == 0
		if err := put(ctx, s, m); err != nil {
			return err
		}
	}
	return nil
}

// stalledBackup measures by how much the store grows with changes alone, and
// then with as many changes while a backup's client stands still.
func stalledBackup(ctx context.Context, s gate.Store) error {
	const changes = 200
	if err := churn(ctx, s, 0, changes); err != nil {
		return err
	}
	before, err := sizeOf(ctx, s)
	if err != nil {
		return err
	}
	if err := churn(ctx, s, changes, changes); err != nil {
		return err
	}
	alone, err := sizeOf(ctx, s)
	if err != nil {
		return err
	}
	b, err := startBackup(ctx, s)
	if err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- churn(ctx, s, 2*changes, changes) }()
	select {
	case err = <-written:
	case <-ctx.Done():
		err = errors.New("a write waits for a backup's client")
	}
	if err := errors.Join(err, b.finish()); err != nil {
		return err
	}
	stalled, err := sizeOf(ctx, s)
	if err != nil {
		return err
	}
	if grown, usual := stalled-alone, alone-before; grown > 4*usual+before/2 {
		return fmt.Errorf("%d changes made the store %d bytes larger while a client stood still, and %d bytes without one", changes, grown, usual)
	}
	return nil
}

// namedBackup makes a change between a backup's first bytes and its end.
func namedBackup(ctx context.Context, s gate.Store) error {
	if err := put(ctx, s, member(1, 1, tenancy.LevelMember)); err != nil {
		return err
	}
	b, err := startBackup(ctx, s)
	if err != nil {
		return err
	}
	later := put(ctx, s, member(1, 2, tenancy.LevelMember))
	if err := errors.Join(later, b.finish()); err != nil {
		return err
	}
	if b.revision != 1 {
		return fmt.Errorf("the backup names revision %d, want 1, that of its beginning", b.revision)
	}
	return nil
}

// oneBackup asks for a second backup while one is under way, and then again.
func oneBackup(ctx context.Context, s gate.Store) error {
	b, err := startBackup(ctx, s)
	if err != nil {
		return err
	}
	_, second := s.Backup(ctx, io.Discard)
	if err := b.finish(); err != nil {
		return err
	}
	var coded *tenancy.Error
	if !errors.As(second, &coded) || coded.Code != tenancy.CodeConflict {
		return fmt.Errorf("a second backup at once = %w, want a conflict", second)
	}
	if _, err := sizeOf(ctx, s); err != nil {
		return fmt.Errorf("a backup after them: %w", err)
	}
	return nil
}

// endedBackup asks for a backup that nobody waits for, and one whose client
// fails.
func endedBackup(ctx context.Context, s gate.Store) error {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	c := newClient()
	close(c.goOn)
	if _, err := s.Backup(gone, c); !errors.Is(err, context.Canceled) || c.size > 0 {
		return fmt.Errorf("a cancelled backup = %w after %d bytes, want that it was cancelled before any", err, c.size)
	}
	if _, err := s.Backup(ctx, broke{}); !errors.Is(err, errRefused) {
		return fmt.Errorf("a backup to a client that fails = %w, want its error", err)
	}
	return put(ctx, s, member(1, 1, tenancy.LevelMember))
}

// broke is a client that fails.
type broke struct{}

func (broke) Write([]byte) (int, error) { return 0, errRefused }
