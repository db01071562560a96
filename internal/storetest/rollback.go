package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func cancelledBefore(ctx context.Context, s gate.Store) error {
	return unchanged(ctx, s, 1, func() error {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := s.Update(gone, func(tx gate.Tx) error { return tx.PutUser(user(1)) })
		return isCancelled(err)
	})
}

func isCancelled(err error) error {
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a change with a cancelled context = %v, want that it was cancelled", err)
	}
	return nil
}

func cancelledAfterWriting(ctx context.Context, s gate.Store) error {
	return unchanged(ctx, s, 1, func() error {
		leaving, cancel := context.WithCancel(ctx)
		defer cancel()
		_, err := s.Update(leaving, func(tx gate.Tx) error {
			defer cancel()
			return tx.PutUser(user(1))
		})
		return isCancelled(err)
	})
}

func cancelledWhileWaiting(ctx context.Context, s gate.Store) error {
	return unchanged(ctx, s, 1, func() error {
		slow, finish := make(chan struct{}), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := s.Update(ctx, func(gate.Tx) error {
				close(slow)
				<-finish
				return errRefused
			})
			first <- err
		}()
		<-slow
		err := leaveQueue(ctx, s)
		close(finish)
		if held := <-first; !errors.Is(held, errRefused) {
			err = errors.Join(err, fmt.Errorf("the slow one = %v, want its own error", held))
		}
		return err
	})
}

func leaveQueue(ctx context.Context, s gate.Store) error {
	leaving, cancel := context.WithCancel(ctx)
	defer cancel()
	left := make(chan error, 1)
	go func() {
		_, err := s.Update(leaving, func(tx gate.Tx) error { return tx.PutUser(user(1)) })
		left <- err
	}()
	time.AfterFunc(20*time.Millisecond, cancel)
	select {
	case err := <-left:
		return isCancelled(err)
	case <-ctx.Done():
		return errors.New("a cancelled request waits behind a slow one")
	}
}

func failingNeighbours(ctx context.Context, s gate.Store) error {
	const writers = 64
	errs := atOnce(writers, func(i int) error {
		_, err := s.Update(ctx, func(tx gate.Tx) error { return writeThenMaybeFail(tx, i) })
		return err
	})
	for i, err := range errs {
		if odd := i%2 == 1; odd != errors.Is(err, errRefused) || (!odd && err != nil) {
			return fmt.Errorf("change %d = %v, want that the odd ones are refused and no other", i, err)
		}
	}
	if c, err := counters(ctx, s, tenantID(1)); err != nil || c.Members != writers/2 {
		return fmt.Errorf("%d members, %w; want %d", c.Members, err, writers/2)
	}
	return s.View(ctx, func(r gate.Reader) error {
		if r.Revision() != writers/2 {
			return fmt.Errorf("revision = %d, want %d: a refused change raises it not", r.Revision(), writers/2)
		}
		for i := range writers {
			_, found, err := r.User(userID(i + 1))
			if err != nil || found != (i%2 == 0) {
				return fmt.Errorf("user %d is there: %v, %w", i+1, found, err)
			}
		}
		return nil
	})
}

func writeThenMaybeFail(tx gate.Tx, i int) error {
	if err := tx.PutUser(user(i + 1)); err != nil {
		return err
	}
	if err := tx.PutMembership(member(1, i+1, tenancy.LevelMember)); err != nil {
		return err
	}
	if i%2 == 1 {
		return errRefused
	}
	return nil
}

func panickingNeighbour(ctx context.Context, s gate.Store) error {
	const writers = 16
	return unchangedBy(ctx, s, writers/2, func() error {
		errs := atOnce(writers, func(i int) error {
			_, err := s.Update(ctx, func(tx gate.Tx) error {
				if err := tx.PutUser(user(i + 1)); err != nil {
					return err
				}
				if i%2 == 1 {
					panic("planted")
				}
				return nil
			})
			return err
		})
		for i, err := range errs {
			if (i%2 == 1) != (err != nil) {
				return fmt.Errorf("change %d = %v, want an error of the odd ones, which panic", i, err)
			}
		}
		return nil
	})
}

// unchangedBy runs something that must raise the revision by so many.
func unchangedBy(ctx context.Context, s gate.Store, raised tenancy.Revision, run func() error) error {
	before, err := revisionOf(ctx, s)
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	after, err := revisionOf(ctx, s)
	if err == nil && after != before+raised {
		err = fmt.Errorf("revision = %d, want %d", after, before+raised)
	}
	return err
}

func revisionStays(ctx context.Context, s gate.Store) error {
	if err := put(ctx, s, member(1, 1, tenancy.LevelAdmin)); err != nil {
		return err
	}
	return unchangedBy(ctx, s, 0, func() error {
		for name, fn := range map[string]func(gate.Tx) error{
			"reads alone": func(tx gate.Tx) error { _, err := tx.Counters(tenantID(1)); return err },
			"a record":    func(tx gate.Tx) error { return tx.Record(record("alone")) },
			"nothing":     func(gate.Tx) error { return nil },
		} {
			if r, err := s.Update(ctx, fn); err != nil || r != 1 {
				return fmt.Errorf("%s: Update = %d, %w; want revision 1 as before", name, r, err)
			}
		}
		_, err := s.Update(ctx, func(tx gate.Tx) error { return errors.Join(tx.PutUser(user(5)), errRefused) })
		if !errors.Is(err, errRefused) {
			return fmt.Errorf("a refused change = %v, want its own error", err)
		}
		if err := s.Append(ctx, record("refused")); err != nil {
			return err
		}
		_, err = s.Update(ctx, func(tx gate.Tx) error { return tx.Record(record("flush")) })
		return err
	})
}
