package boltstore

import (
	"context"

	"github.com/memberward/memberward/internal/tenancy"
)

// together is the key under which a context carries the snapshot of a store.
type together struct{ store *Store }

// Together runs fn with a context in which everything that is read is of one
// moment: [Store.View] and what authentication asks share a snapshot. It costs
// one transaction of bbolt in place of one for each.
//
// fn uses the context on its own goroutine, and not after it has returned. In
// it nothing can be changed, since a change may have to wait until the snapshot
// has ended. Errors are those of [Store.View].
func (s *Store) Together(ctx context.Context, fn func(context.Context)) error {
	return s.view(ctx, func(r *reader) error {
		fn(context.WithValue(ctx, together{s}, r))
		return nil
	})
}

// shared gives the snapshot that a context carries.
func (s *Store) shared(ctx context.Context) (*reader, bool) {
	r, isShared := ctx.Value(together{s}).(*reader)
	return r, isShared
}

// errTogether is the error of a change that would wait for its own caller.
var errTogether = &tenancy.Error{Code: tenancy.CodeInternal, Msg: "a change was asked for while a snapshot is being read"}
