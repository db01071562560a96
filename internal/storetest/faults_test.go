package storetest

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// telling replaces each commit that the change log tells of by others.
func telling(replace func(tenancy.Commit) []tenancy.Commit) broken {
	return broken{changes: func(s *boltstore.Store, ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error] {
		return func(yield func(tenancy.Commit, error) bool) {
			for c, err := range s.Changes(ctx, after) {
				for _, other := range replace(c) {
					if !yield(other, err) {
						return
					}
				}
			}
		}
	}}
}

// readsOn goes on with what is committed while it is read.
func readsOn(s *boltstore.Store, ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error] {
	return func(yield func(tenancy.Commit, error) bool) {
		for more := true; more; {
			more = false
			for c, err := range s.Changes(ctx, after) {
				if !yield(c, err) {
					return
				}
				after, more = c.Revision, true
			}
		}
	}
}

// apart commits receipts in a transaction of their own, whatever the change
// came to.
func apart(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	var kept []tenancy.Receipt
	revision, err := s.Update(ctx, func(tx gate.Tx) error {
		kept = nil
		return fn(wrapped{Tx: tx, putReceipt: func(r tenancy.Receipt) error {
			kept = append(kept, r)
			return nil
		}})
	})
	_, failed := s.Update(ctx, func(tx gate.Tx) error {
		for _, r := range kept {
			if err := tx.PutReceipt(r); err != nil {
				return err
			}
		}
		return nil
	})
	return revision, errors.Join(err, failed)
}

// mixed shows a tenant the records of all.
type mixed struct{ gate.Reader }

func (m mixed) AuditOf(_ tenancy.TenantID, after uint64, limit int) ([][]byte, error) {
	return m.Audit(after, limit)
}

// hoarder forgets no receipt.
type hoarder struct{ gate.Reader }

func (hoarder) Receipt(id tenancy.Digest) (tenancy.Receipt, bool, error) {
	return tenancy.Receipt{ID: id}, true, nil
}

func historyFaults() map[string]planted {
	return map[string]planted{
		"tells of a change twice": {
			"every committed change is told of once and in order",
			telling(func(c tenancy.Commit) []tenancy.Commit { return []tenancy.Commit{c, c} }),
		},
		"leaves a change out": {
			"every committed change is told of once and in order",
			telling(func(c tenancy.Commit) []tenancy.Commit { return []tenancy.Commit{c}[:min(1, int(c.Revision)%7)] }),
		},
		"tells of what failed": {"a refused change is never told of", broken{update: commitsFailures}},
		"tells no state before": {
			"a change tells what it did in the end, and nothing of what ended as it began",
			telling(func(c tenancy.Commit) []tenancy.Commit {
				for i := range c.Effects {
					c.Effects[i].Before = nil
				}
				return []tenancy.Commit{c}
			}),
		},
		"tells of a part": {
			"a change of any size is told of whole",
			telling(func(c tenancy.Commit) []tenancy.Commit {
				c.Effects = c.Effects[:min(len(c.Effects), 1000)]
				return []tenancy.Commit{c}
			}),
		},
		"tells of what came since": {
			"a stalled reader of the changes delays no write, and sees none that began later", broken{changes: readsOn},
		},
		"shows a tenant the records of all": {
			"changes and records of a tenant are its own", broken{view: viewing(func(r gate.Reader) gate.Reader { return mixed{r} })},
		},
		"loses the input": {"a decision is found with its record and its input", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, record: func(r audit.Record) error {
				r.Input = nil
				return tx.Record(r)
			}}
		})}},
		"keeps receipts apart": {"a receipt commits with its change or not at all, and has its revision", broken{update: apart}},
		"loses the result": {"a receipt holds every kind of result, without what is secret", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, putReceipt: func(r tenancy.Receipt) error {
				r.Outcome.Result = nil
				return tx.PutReceipt(r)
			}}
		})}},
		"forgets no receipt": {"receipts that are too old are forgotten", broken{view: viewing(func(r gate.Reader) gate.Reader {
			return hoarder{r}
		})}},
		"deletes a user without a word": {"what still holds something is not deleted", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, deleteUser: func(tenancy.UserID) error { return nil }}
		})}},
		"loses signing keys": {"signing keys are kept as any change", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, putSigningKey: func(tenancy.SigningKey) error { return nil }}
		})}},
		"names the revision of the end": {"a backup names the revision of its beginning", broken{
			backup: func(s *boltstore.Store, ctx context.Context, w io.Writer) (tenancy.Revision, error) {
				_, err := s.Backup(ctx, w)
				return s.Revision(), err
			},
		}},
		"streams out of a transaction": {"a stalled backup client delays no write and swells nothing", broken{
			backup: func(s *boltstore.Store, ctx context.Context, w io.Writer) (revision tenancy.Revision, err error) {
				err = s.View(ctx, func(gate.Reader) error {
					var err error
					revision, err = s.Backup(ctx, w)
					return err
				})
				return revision, err
			},
		}},
		"makes a second backup without a word": {"one backup is made at a time", broken{
			backup: func(s *boltstore.Store, ctx context.Context, w io.Writer) (tenancy.Revision, error) {
				revision, err := s.Backup(ctx, w)
				if coded := new(tenancy.Error); errors.As(err, &coded) {
					err = nil
				}
				return revision, err
			},
		}},
		"backs up for nobody": {"a backup that ends early is an error and costs nothing", broken{
			backup: func(s *boltstore.Store, ctx context.Context, w io.Writer) (tenancy.Revision, error) {
				return s.Backup(context.WithoutCancel(ctx), w)
			},
		}},
	}
}
