package boltstore

import (
	"cmp"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

func (v *verifier) accounts() error {
	err := each(v, bucketUsers, 16, decodeUser, func(key []byte, u tenancy.User) string {
		return firstOf(v.traced(tenancy.EffectUser, key), func() string {
			if tenancy.EmailKey(u.Email) == "" {
				return ""
			}
			id, found, err := v.UserByEmail(tenancy.EmailKey(u.Email))
			return holds(found && id == tenancy.UserID(key), err)
		})
	})
	if err != nil {
		return err
	}
	err = each(v, bucketUserEmails, 0, decodeID, func(key []byte, id [16]byte) string {
		u, found, err := v.User(id)
		return holds(found && tenancy.EmailKey(u.Email) == string(key), err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketLastLogins, 16, decodeTime, func(key []byte, _ time.Time) string {
		_, found, err := v.User(tenancy.UserID(key))
		return holds(found, err)
	})
}

func (v *verifier) keys() error {
	err := each(v, bucketKeys, 16, decodeKey, func(key []byte, k tenancy.Key) string {
		return firstOf(v.traced(tenancy.EffectKey, key), func() string { return v.keyIsIndexed(key, k) })
	})
	if err != nil {
		return err
	}
	err = each(v, bucketKeyDigests, 32, decodeID, func(key []byte, id [16]byte) string {
		k, found, err := v.Key(id)
		return holds(found && string(k.Digest[:]) == string(key), err)
	})
	if err != nil {
		return err
	}
	err = v.eachPair(bucketUserKeys, func(user, id [16]byte) (bool, error) {
		k, found, err := v.Key(id)
		return found && k.User == user, err
	})
	if err != nil {
		return err
	}
	return each(v, bucketLastUses, 16, decodeTime, func(key []byte, _ time.Time) string {
		_, found, err := v.Key(tenancy.KeyID(key))
		return holds(found, err)
	})
}

func (v *verifier) keyIsIndexed(key []byte, k tenancy.Key) string {
	id, found, err := lookup(v.from, bucketKeyDigests, k.Digest[:], decodeID)
	if what := holds(found && id == [16]byte(key), err); what != "" || k.User.IsZero() {
		return what
	}
	return v.leads(bucketUserKeys, k.User, [16]byte(key))
}

// leads says in words whether an index over two leads from one id to another.
func (v *verifier) leads(b bucket, from, to [16]byte) string {
	key := pair(from, to)
	_, found, err := lookup(v.from, b, key[:], decodeNothing)
	return holds(found, err)
}

// eachPair checks an index over two ids; leadsBack says whether what an entry
// leads to leads back.
func (v *verifier) eachPair(b bucket, leadsBack func(from, to [16]byte) (bool, error)) error {
	return each(v, b, 32, decodeNothing, func(key []byte, _ struct{}) string {
		return holds(leadsBack([16]byte(key[:16]), [16]byte(key[16:])))
	})
}

func (v *verifier) tenants() error {
	err := each(v, bucketTenants, 16, decodeTenant, func(key []byte, t tenancy.Tenant) string {
		return firstOf(v.traced(tenancy.EffectTenant, key), func() string {
			if t.Slug == "" {
				return ""
			}
			id, found, err := v.TenantBySlug(t.Slug)
			return holds(found && id == tenancy.TenantID(key), err)
		}, func() string {
			if t.Organization.IsZero() {
				return ""
			}
			return v.leads(bucketOrganizationTenants, t.Organization, [16]byte(key))
		})
	})
	if err != nil {
		return err
	}
	return each(v, bucketTenantSlugs, 0, decodeID, func(key []byte, id [16]byte) string {
		t, found, err := v.Tenant(id)
		return holds(found && t.Slug == string(key), err)
	})
}

func (v *verifier) memberships() error {
	err := each(v, bucketMemberships, 32, decodeMembership, func(key []byte, m tenancy.Membership) string {
		tenant, user := tenancy.TenantID(key[:16]), tenancy.UserID(key[16:])
		disabled, err := v.disabled(user)
		if err != nil {
			return holds(false, err)
		}
		v.counted[tenant] = sum(v.counted[tenant], weight(m, true, !disabled))
		return firstOf(
			func() string { return v.assigned(tenant, user, m) }, // always: what it notes is compared with later
			v.traced(tenancy.EffectMembership, key),
			func() string { return v.leads(bucketUserTenants, user, tenant) },
		)
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketUserTenants, func(user, tenant [16]byte) (bool, error) {
		_, found, err := v.Membership(tenant, user)
		return found, err
	})
}

// assigned looks from a membership to the ways back from its roles and
// projects, and notes them for those to be held against.
func (v *verifier) assigned(tenant tenancy.TenantID, user tenancy.UserID, m tenancy.Membership) (what string) {
	for _, id := range m.Roles {
		v.holding[pair(id, user)] = tenant
		what = cmp.Or(what, v.leads(bucketRoleHolders, id, user))
	}
	for _, id := range m.Projects.IDs {
		v.working[pair(id, user)] = tenant
		what = cmp.Or(what, v.leads(bucketProjectWorkers, id, user))
	}
	return what
}

// counters compares the stored ones with what the records come to.
func (v *verifier) counters() error {
	err := each(v, bucketCounters, 16, decodeCounters, func(key []byte, stored tenancy.Counters) string {
		want := v.counted[tenancy.TenantID(key)]
		delete(v.counted, tenancy.TenantID(key))
		if stored != want {
			return fmt.Sprintf("it counts %+v, the records come to %+v", stored, want)
		}
		return ""
	})
	for tenant, want := range v.counted {
		v.fault(bucketCounters, tenant[:], fmt.Sprintf("it is missing, the records come to %+v", want))
	}
	return err
}

func (v *verifier) signing() error { return each(v, bucketSigningKeys, 16, decodeSigningKey, nothing) }

func (v *verifier) receipts() error {
	err := each(v, bucketReceipts, 32, decodeReceipt, func(key []byte, r tenancy.Receipt) string {
		if r.Outcome.Revision > v.report.Revision {
			return fmt.Sprintf("it is of revision %d, which the store has not reached", r.Outcome.Revision)
		}
		_, found, err := lookup(v.from, bucketReceiptTimes, receiptTimeKey(r.At, tenancy.Digest(key)), decodeNothing)
		return holds(found, err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketReceiptTimes, 40, decodeNothing, func(key []byte, _ struct{}) string {
		r, found, err := v.Receipt(tenancy.Digest(key[8:]))
		return holds(found && r.At.Equal(receiptTime(key)), err)
	})
}
