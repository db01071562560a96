package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// slowSync is what a slow disk takes for a sync.
const slowSync = 10 * time.Millisecond

// measureWrites compares durable, decided, audited membership writes that
// share their syncs with the same program at one sync for each write.
func measureWrites(ctx context.Context, p plan, dir string) ([]result, error) {
	cases := []struct {
		name    string
		writers int
		delay   time.Duration
		want    float64
	}{
		{"writes, 64 writers / one sync each", 64, 0, 1.25},
		{"writes, 1 writer / one sync each", 1, 0, 0.9},
		{"writes, 64 writers, syncs of 10 ms", 64, slowSync, 10},
	}
	var results []result
	for i, c := range cases {
		shared, err := openWrites(ctx, filepath.Join(dir, fmt.Sprintf("shared%d.db", i)), 0, c.delay)
		if err != nil {
			return nil, err
		}
		single, err := openWrites(ctx, filepath.Join(dir, fmt.Sprintf("single%d.db", i)), 1, c.delay)
		if err != nil {
			return nil, err
		}
		r, err := p.compare(c.name, c.want,
			func() (float64, error) { return shared.rate(ctx, c.writers, p.window) },
			func() (float64, error) { return single.rate(ctx, c.writers, p.window) })
		if err != nil {
			return nil, err
		}
		results = append(results, r)
		if err := shared.close(); err != nil {
			return nil, err
		}
		if err := single.close(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// writeBench is a program without its network: gate, policies and store.
type writeBench struct {
	store  *boltstore.Store
	gate   *gate.Gate
	tenant tenancy.TenantRef
	users  []tenancy.UserID
	keyed  bool // each write has an Idempotency-Key
	keys   atomic.Int64
}

func openWrites(ctx context.Context, path string, maxBatch int, delay time.Duration) (*writeBench, error) {
	opts := boltstore.Options{Clock: time.Now, MaxBatch: maxBatch}
	if delay > 0 {
		opts.BeforeSync = func() error { time.Sleep(delay); return nil }
	}
	return openWritesOn(ctx, path, opts, leanness{})
}

// openWritesOn opens a store, leaves out what is to be left out, and makes a
// tenant.
func openWritesOn(ctx context.Context, path string, opts boltstore.Options, without leanness) (*writeBench, error) {
	store, err := boltstore.Open(path, opts)
	if err != nil {
		return nil, err
	}
	set, err := policy.Load(ctx, policy.Embedded(), without.rules())
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	b := &writeBench{store: store}
	b.gate = gate.New(without.store(store), without.decider(policy.NewEngine(set)), gate.Options{Clock: time.Now, NewID: newID})
	if err := b.seed(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return b, nil
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// seed makes one tenant with an owner, and a user for each writer.
func (b *writeBench) seed(ctx context.Context) error {
	tenant := tenancy.Tenant{ID: tenancy.TenantID(newID()), Slug: "bench", Name: "Bench", MemberLimit: tenancy.Unlimited}
	var users []tenancy.User
	for i := range 65 {
		id := tenancy.UserID(newID())
		users = append(users, tenancy.User{
			ID: id, Email: fmt.Sprintf("u%d@example.com", i), Kind: tenancy.KindHuman, SignedUp: true, Enabled: true,
		})
		b.users = append(b.users, id)
	}
	tenant.Owner = b.users[64]
	b.tenant = tenancy.RefTo(tenant.ID)
	_, err := b.gate.Install(ctx, tenancy.Seed{Users: users, Tenants: []tenancy.Tenant{tenant}})
	return err
}

// rate lets each writer add and remove its own user as fast as it can, and
// gives the acknowledged writes per second.
func (b *writeBench) rate(ctx context.Context, writers int, window time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	var done atomic.Int64
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			if err := b.write(ctx, b.users[w], &done); err != nil {
				failure.Store(&err)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / took.Seconds(), nil
}

func (b *writeBench) write(ctx context.Context, user tenancy.UserID, done *atomic.Int64) error {
	for ctx.Err() == nil {
		for _, change := range b.changesOf(user) {
			// A change that has begun is carried through: the next window starts clean.
			if err := b.apply(context.WithoutCancel(ctx), change); err != nil {
				return err
			}
			done.Add(1)
		}
	}
	return nil
}

// changesOf adds a member and removes them again.
func (b *writeBench) changesOf(user tenancy.UserID) []tenancy.Change {
	return []tenancy.Change{
		tenancy.AddMember{Tenant: b.tenant, User: user, Level: tenancy.LevelMember, Enabled: true},
		tenancy.RemoveMember{Tenant: b.tenant, User: user},
	}
}

func (b *writeBench) apply(ctx context.Context, change tenancy.Change) error {
	owner := tenancy.Actor{User: b.users[64], Via: tenancy.ViaToken}
	_, err := b.gate.Apply(ctx, owner, change, b.options())
	return err
}

// options gives each write a key of its own, where they have one.
func (b *writeBench) options() tenancy.ApplyOptions {
	if !b.keyed {
		return tenancy.ApplyOptions{}
	}
	key := strconv.FormatInt(b.keys.Add(1), 10)
	return tenancy.ApplyOptions{Idempotency: tenancy.Idempotency{Key: key, Request: sha256.Sum256([]byte(key))}}
}

func (b *writeBench) close() error { return b.store.Close() }
