package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// The shape of the store: tenants of 1,000 members each; every user belongs
// to ten tenants.
const (
	membersPerTenant = 1000
	tenantsPerUser   = 10
)

// asker is a member, and her question.
type asker struct{ User, Tenant, Question string }

// seeded gives a data folder whose store holds so many memberships, and makes
// it the first time that it is asked for. What servers write there stays.
func seeded(ctx context.Context, dir string, memberships int) (string, asker, error) {
	data := filepath.Join(dir, fmt.Sprintf("data%d", memberships))
	noted := data + ".json"
	var who asker
	if known, err := os.ReadFile(noted); err == nil {
		return data, who, json.Unmarshal(known, &who)
	}
	who, err := seedCheck(ctx, data, memberships)
	if err != nil {
		return "", asker{}, err
	}
	note, err := json.Marshal(who)
	if err != nil {
		return "", asker{}, err
	}
	return data, who, os.WriteFile(noted, note, 0o600)
}

// seedCheck writes a store with so many memberships, past the gate: what is
// measured later is reading.
func seedCheck(ctx context.Context, dir string, memberships int) (asker, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return asker{}, err
	}
	store, err := boltstore.Open(filepath.Join(dir, "memberward.db"), boltstore.Options{Clock: time.Now})
	if err != nil {
		return asker{}, err
	}
	defer store.Close()
	tenants := memberships / membersPerTenant
	users, err := seedUsers(ctx, store, max(memberships/tenantsPerUser, membersPerTenant))
	if err != nil {
		return asker{}, err
	}
	var last tenancy.TenantID
	for i := range tenants {
		if last, err = seedTenant(ctx, store, i, users); err != nil {
			return asker{}, err
		}
	}
	member := users[((tenants-1)*membersPerTenant+7)%len(users)]
	return asker{member.String(), last.String(), fmt.Sprintf(`{"action":"resource.read","tenant":%q}`, last)}, nil
}

func seedUsers(ctx context.Context, store *boltstore.Store, n int) ([]tenancy.UserID, error) {
	users := make([]tenancy.UserID, n)
	for from := 0; from < n; from += membersPerTenant {
		_, err := store.Update(ctx, func(tx gate.Tx) error {
			for i := from; i < min(from+membersPerTenant, n); i++ {
				users[i] = tenancy.UserID(newID())
				err := tx.PutUser(tenancy.User{
					ID: users[i], Email: fmt.Sprintf("user%d@example.com", i), Kind: tenancy.KindHuman,
					SignedUp: true, Enabled: true, CreatedAt: time.Now(),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}

func seedTenant(ctx context.Context, store *boltstore.Store, i int, users []tenancy.UserID) (tenancy.TenantID, error) {
	id, now := tenancy.TenantID(newID()), time.Now()
	_, err := store.Update(ctx, func(tx gate.Tx) error {
		first := users[i*membersPerTenant%len(users)]
		err := tx.PutTenant(tenancy.Tenant{
			ID: id, Slug: fmt.Sprintf("tenant-%d", i), Name: fmt.Sprintf("Tenant %d", i), Owner: first,
			MemberLimit: tenancy.Unlimited, CreatedAt: now, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
		for m := range membersPerTenant {
			level := tenancy.LevelMember
			if m == 0 {
				level = tenancy.LevelOwner
			}
			err := tx.PutMembership(tenancy.Membership{
				Tenant: id, User: users[(i*membersPerTenant+m)%len(users)], Level: level, Enabled: true, CreatedAt: now, UpdatedAt: now,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id, err
}
