package storetest

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// broken is a real store with one planted fault.
type broken struct {
	*boltstore.Store
	update func(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error)
	view   func(s *boltstore.Store, ctx context.Context, fn func(gate.Reader) error) error
	append func(s *boltstore.Store, ctx context.Context, r audit.Record) error
	backup func(s *boltstore.Store, ctx context.Context, w io.Writer) (tenancy.Revision, error)

	changes func(s *boltstore.Store, ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error]
}

func (b broken) Update(ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	if b.update != nil {
		return b.update(b.Store, ctx, fn)
	}
	return b.Store.Update(ctx, fn)
}

func (b broken) View(ctx context.Context, fn func(gate.Reader) error) error {
	if b.view != nil {
		return b.view(b.Store, ctx, fn)
	}
	return b.Store.View(ctx, fn)
}

func (b broken) Append(ctx context.Context, r audit.Record) error {
	if b.append != nil {
		return b.append(b.Store, ctx, r)
	}
	return b.Store.Append(ctx, r)
}

func (b broken) Backup(ctx context.Context, w io.Writer) (tenancy.Revision, error) {
	if b.backup != nil {
		return b.backup(b.Store, ctx, w)
	}
	return b.Store.Backup(ctx, w)
}

func (b broken) Changes(ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error] {
	if b.changes != nil {
		return b.changes(b.Store, ctx, after)
	}
	return b.Store.Changes(ctx, after)
}

// wrapped is a transaction, parts of which a fault replaces.
type wrapped struct {
	gate.Tx
	putMembership func(tenancy.Membership) error
	deleteMember  func(tenancy.TenantID, tenancy.UserID) error
	record        func(audit.Record) error
	members       func(tenancy.TenantID, tenancy.UserID, int) ([]tenancy.Membership, error)
	deleteKey     func(tenancy.KeyID) error
	putUser       func(tenancy.User) error
	deleteUser    func(tenancy.UserID) error
	putReceipt    func(tenancy.Receipt) error
	putSigningKey func(tenancy.SigningKey) error
}

func (w wrapped) PutMembership(m tenancy.Membership) error {
	if w.putMembership != nil {
		return w.putMembership(m)
	}
	return w.Tx.PutMembership(m)
}

func (w wrapped) DeleteMembership(t tenancy.TenantID, u tenancy.UserID) error {
	if w.deleteMember != nil {
		return w.deleteMember(t, u)
	}
	return w.Tx.DeleteMembership(t, u)
}

func (w wrapped) Record(r audit.Record) error {
	if w.record != nil {
		return w.record(r)
	}
	return w.Tx.Record(r)
}

func (w wrapped) Members(t tenancy.TenantID, after tenancy.UserID, limit int) ([]tenancy.Membership, error) {
	if w.members != nil {
		return w.members(t, after, limit)
	}
	return w.Tx.Members(t, after, limit)
}

func (w wrapped) DeleteKey(id tenancy.KeyID) error {
	if w.deleteKey != nil {
		return w.deleteKey(id)
	}
	return w.Tx.DeleteKey(id)
}

func (w wrapped) PutUser(u tenancy.User) error {
	if w.putUser != nil {
		return w.putUser(u)
	}
	return w.Tx.PutUser(u)
}

func (w wrapped) DeleteUser(id tenancy.UserID) error {
	if w.deleteUser != nil {
		return w.deleteUser(id)
	}
	return w.Tx.DeleteUser(id)
}

func (w wrapped) PutReceipt(r tenancy.Receipt) error {
	if w.putReceipt != nil {
		return w.putReceipt(r)
	}
	return w.Tx.PutReceipt(r)
}

func (w wrapped) PutSigningKey(k tenancy.SigningKey) error {
	if w.putSigningKey != nil {
		return w.putSigningKey(k)
	}
	return w.Tx.PutSigningKey(k)
}

// within replaces parts of each transaction.
func within(replace func(tx gate.Tx) gate.Tx) func(*boltstore.Store, context.Context, func(gate.Tx) error) (tenancy.Revision, error) {
	return func(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
		return s.Update(ctx, func(tx gate.Tx) error { return fn(replace(tx)) })
	}
}

// unserialised decides on one snapshot and writes in a later transaction.
func unserialised(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	var later []func(gate.Tx) error
	err := s.View(ctx, func(r gate.Reader) error {
		return fn(snapshotTx{Reader: r, later: &later})
	})
	if err != nil {
		return 0, err
	}
	time.Sleep(10 * time.Millisecond) // the others decide meanwhile
	return s.Update(ctx, func(tx gate.Tx) error {
		for _, write := range later {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// snapshotTx keeps the writes for later; the cases that it is planted in make
// none but these.
type snapshotTx struct {
	gate.Reader
	gate.ResourceWriter
	gate.InvitationWriter
	gate.OrganizationWriter
	later *[]func(gate.Tx) error
}

func (t snapshotTx) add(write func(gate.Tx) error) error {
	*t.later = append(*t.later, write)
	return nil
}

func (t snapshotTx) PutUser(u tenancy.User) error {
	return t.add(func(tx gate.Tx) error { return tx.PutUser(u) })
}

func (t snapshotTx) PutKey(k tenancy.Key) error {
	return t.add(func(tx gate.Tx) error { return tx.PutKey(k) })
}

func (t snapshotTx) DeleteKey(id tenancy.KeyID) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteKey(id) })
}

func (t snapshotTx) PutTenant(v tenancy.Tenant) error {
	return t.add(func(tx gate.Tx) error { return tx.PutTenant(v) })
}

func (t snapshotTx) PutMembership(m tenancy.Membership) error {
	return t.add(func(tx gate.Tx) error { return tx.PutMembership(m) })
}

func (t snapshotTx) DeleteMembership(id tenancy.TenantID, u tenancy.UserID) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteMembership(id, u) })
}

func (t snapshotTx) PutEntity(e tenancy.Entity) error {
	return t.add(func(tx gate.Tx) error { return tx.PutEntity(e) })
}

func (t snapshotTx) DeleteEntity(ref tenancy.EntityRef) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteEntity(ref) })
}

func (t snapshotTx) PutUsage(id tenancy.TenantID, u tenancy.Usage) error {
	return t.add(func(tx gate.Tx) error { return tx.PutUsage(id, u) })
}

func (t snapshotTx) DeleteUser(id tenancy.UserID) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteUser(id) })
}

func (t snapshotTx) DeleteTenant(id tenancy.TenantID) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteTenant(id) })
}

func (t snapshotTx) PutSigningKey(k tenancy.SigningKey) error {
	return t.add(func(tx gate.Tx) error { return tx.PutSigningKey(k) })
}

func (t snapshotTx) DeleteSigningKey(id tenancy.KeyID) error {
	return t.add(func(tx gate.Tx) error { return tx.DeleteSigningKey(id) })
}

func (t snapshotTx) PutReceipt(r tenancy.Receipt) error {
	return t.add(func(tx gate.Tx) error { return tx.PutReceipt(r) })
}

func (t snapshotTx) Record(r audit.Record) error {
	return t.add(func(tx gate.Tx) error { return tx.Record(r) })
}

// torn reads memberships each in a snapshot of its own.
type torn struct {
	gate.Reader
	s   *boltstore.Store
	ctx context.Context //nolint:containedctx // a fault, and short-lived
}

func (t torn) Membership(tenant tenancy.TenantID, user tenancy.UserID) (m tenancy.Membership, found bool, err error) {
	err = t.s.View(t.ctx, func(r gate.Reader) error {
		var err error
		m, found, err = r.Membership(tenant, user)
		return err
	})
	return m, found, err
}

// planted is a store that breaks one rule, and the case that shows it.
type planted struct {
	sentence string
	broken   broken
}

// faults are all planted faults, by what the store does wrong.
func faults() map[string]planted {
	all := stateFaults()
	maps.Copy(all, historyFaults())
	maps.Copy(all, resourceFaults())
	return all
}

func stateFaults() map[string]planted {
	var held sync.Mutex
	return map[string]planted{
		"decides on one state and writes to another": {
			"two administrators who remove each other at once: exactly one succeeds", broken{update: unserialised},
		},
		"decides on one state and writes to another: the limit": {
			"a member limit holds against many that add at once", broken{update: unserialised},
		},
		"decides on one state and writes to another: the last one": {
			"the last administrator stays, however many remove at once", broken{update: unserialised},
		},
		"decides on one state and writes to another: revisions": {
			"revisions of changes at once are consecutive", broken{update: unserialised},
		},
		"does not show its own writes": {"a change sees its own writes", broken{update: unserialised}},
		"does not show its own writes in lists": {
			"a change sees its own writes and deletes in its lists", broken{update: unserialised},
		},
		"commits what failed": {
			"a change that fails after writing leaves nothing and costs its neighbours nothing", broken{update: commitsFailures},
		},
		"commits what panicked":             {"a change that panics leaves nothing and is an error", broken{update: swallowsPanics}},
		"commits the record of what failed": {"a record of a change that failed is not in the chain", broken{update: commitsFailures}},
		"fails the neighbours too":          {"a change that fails after writing leaves nothing and costs its neighbours nothing", failsNeighbours()},
		"raises the revision for a refusal": {"what changes no state raises no revision", broken{update: countsRefusals}},
		"does not look at the context": {
			"a request that was cancelled before it began changes nothing", broken{update: ignoresContext},
		},
		"does not look at the context again": {
			"a request that is cancelled after it wrote rolls back", broken{update: ignoresContext},
		},
		"does not leave the queue": {"a cancelled request does not wait behind a slow one", broken{update: ignoresContext}},
		"reads from several snapshots": {"a reader sees all of a change or nothing of it", broken{
			view: func(s *boltstore.Store, ctx context.Context, fn func(gate.Reader) error) error {
				return s.View(ctx, func(r gate.Reader) error { return fn(torn{Reader: r, s: s, ctx: ctx}) })
			},
		}},
		"loses records": {"records are chained in the order of the revisions", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, record: func(audit.Record) error { return nil }}
		})}},
		"loses queued records": {"a queued record appears with the next commit", broken{append: forgets}},
		"loses them later":     {"a queued record appears without another commit", broken{append: forgets}},
		"lists from where it ended, not after": {"a list holds its own and nothing of its neighbours", broken{view: viewing(func(r gate.Reader) gate.Reader {
			return inclusive{r}
		})}},
		"lists without a limit": {"a list is as long as its limit, and goes on where it ended", broken{view: viewing(func(r gate.Reader) gate.Reader {
			return limitless{r}
		})}},
		"keeps an old address": {"the store keeps its indexes", broken{view: viewing(func(r gate.Reader) gate.Reader { return stale{r} })}},
		"lets two accounts have one address": {"what is taken by another is refused", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, putUser: func(u tenancy.User) error { _ = tx.PutUser(u); return nil }}
		})}},
		"deletes nothing without a word": {"deleting what is not there is an error", broken{update: within(func(tx gate.Tx) gate.Tx {
			return wrapped{Tx: tx, deleteKey: func(tenancy.KeyID) error { return nil }}
		})}},
		"keeps a read open until the next": {"a stalled reader of a list delays no write", broken{
			view: func(s *boltstore.Store, ctx context.Context, fn func(gate.Reader) error) error {
				held.TryLock()
				return s.View(ctx, fn)
			},
			update: func(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
				held.Lock()
				defer held.Unlock()
				return s.Update(ctx, fn)
			},
		}},
	}
}

func commitsFailures(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	var own error
	revision, err := s.Update(ctx, func(tx gate.Tx) error {
		own = fn(tx)
		return nil
	})
	return revision, errors.Join(own, err)
}

func swallowsPanics(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	return s.Update(ctx, func(tx gate.Tx) error {
		defer func() { _ = recover() }()
		return fn(tx)
	})
}

// failsNeighbours fails the change that follows a refused one.
func failsNeighbours() broken {
	var mu sync.Mutex
	poisoned := false
	return broken{update: func(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
		mu.Lock()
		defer mu.Unlock()
		if poisoned {
			poisoned = false
			return 0, errRefused
		}
		revision, err := s.Update(ctx, fn)
		poisoned = err != nil
		return revision, err
	}}
}

func countsRefusals(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	revision, err := s.Update(ctx, fn)
	if err != nil {
		_, counted := s.Update(ctx, func(tx gate.Tx) error { return tx.PutUser(user(1000)) })
		err = errors.Join(err, counted)
	}
	return revision, err
}

func ignoresContext(s *boltstore.Store, ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	return s.Update(context.WithoutCancel(ctx), fn)
}

func forgets(*boltstore.Store, context.Context, audit.Record) error { return nil }

func viewing(replace func(gate.Reader) gate.Reader) func(*boltstore.Store, context.Context, func(gate.Reader) error) error {
	return func(s *boltstore.Store, ctx context.Context, fn func(gate.Reader) error) error {
		return s.View(ctx, func(r gate.Reader) error { return fn(replace(r)) })
	}
}

type inclusive struct{ gate.Reader }

func (i inclusive) Members(t tenancy.TenantID, after tenancy.UserID, limit int) ([]tenancy.Membership, error) {
	after[15]--
	return i.Reader.Members(t, after, limit)
}

type limitless struct{ gate.Reader }

func (l limitless) Tenants(after tenancy.TenantID, _ int) ([]tenancy.Tenant, error) {
	return l.Reader.Tenants(after, 1000)
}

type stale struct{ gate.Reader }

func (stale) UserByEmail(string) (tenancy.UserID, bool, error) { return userID(1), true, nil }

func plant(t *testing.T, fault broken) gate.Store {
	t.Helper()
	// With room to grow: a reader that stays open shows in the size of the
	// file, and does not stop a writer for good.
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "store.db"), boltstore.Options{Clock: time.Now, InitialMapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a planted fault may leave it as it likes
	fault.Store = s
	return fault
}

// standing are the faults that show in nothing but that a case stands still.
var standing = []string{"does not leave the queue", "loses them later", "keeps a read open until the next"}

func TestEachCaseFindsThePlantedFault(t *testing.T) {
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(Cases(), func(c Case) bool { return c.Sentence == f.sentence })
			if i < 0 {
				t.Fatalf("there is no case %q", f.sentence)
			}
			limit := patience
			if slices.Contains(standing, name) {
				limit = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if err := Cases()[i].Check(ctx, plant(t, f.broken)); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q with a store that %s: %v; want that it finds the fault", f.sentence, name, err)
			}
		})
	}
}

func TestEveryCaseHasAPlantedFault(t *testing.T) {
	all := faults()
	for _, c := range Cases() {
		found := false
		for _, f := range all {
			found = found || f.sentence == c.Sentence
		}
		if !found {
			t.Errorf("nothing shows that %q can fail", c.Sentence)
		}
	}
}

func TestASequenceFindsCountersThatAreWrong(t *testing.T) {
	wrong := broken{update: within(func(tx gate.Tx) gate.Tx {
		return wrapped{Tx: tx, deleteMember: func(tenancy.TenantID, tenancy.UserID) error { return nil }}
	})}
	sequence := []change{{Steps: []step{{Tenant: 1, User: 1, Level: tenancy.LevelAdmin, Enabled: true}}}, {Steps: []step{{Tenant: 1, User: 1}}}}
	if err := replay(t.Context(), plant(t, broken{}), sequence); err != nil {
		t.Fatalf("a sound store: %v", err)
	}
	if err := replay(t.Context(), plant(t, wrong), sequence); err == nil {
		t.Error("a sequence passes with a store that deletes nothing")
	}
}

func TestASequenceFindsHoldersThatAreWrong(t *testing.T) {
	wrong := broken{view: viewing(func(r gate.Reader) gate.Reader { return backwards{r} })}
	sequence := []change{{Steps: []step{{Tenant: 1, User: 2, Level: tenancy.LevelAdmin, Roles: 3}}}}
	if err := replay(t.Context(), plant(t, broken{}), sequence); err != nil {
		t.Fatalf("a sound store: %v", err)
	}
	if err := replay(t.Context(), plant(t, wrong), sequence); err == nil {
		t.Error("a sequence passes with a store that names another holder")
	}
}
