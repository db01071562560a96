package boltstore

import (
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
	err = each(v, bucketUserKeys, 32, decodeNothing, func(key []byte, _ struct{}) string {
		k, found, err := v.Key(tenancy.KeyID(key[16:]))
		return holds(found && k.User == tenancy.UserID(key[:16]), err)
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
	listed := pair(k.User, [16]byte(key))
	_, found, err = lookup(v.from, bucketUserKeys, listed[:], decodeNothing)
	return holds(found, err)
}

func (v *verifier) tenants() error {
	err := each(v, bucketTenants, 16, decodeTenant, func(key []byte, t tenancy.Tenant) string {
		return firstOf(v.traced(tenancy.EffectTenant, key), func() string {
			if t.Slug == "" {
				return ""
			}
			id, found, err := v.TenantBySlug(t.Slug)
			return holds(found && id == tenancy.TenantID(key), err)
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
	counted := make(map[[16]byte]tenancy.Counters)
	err := each(v, bucketMemberships, 32, decodeMembership, func(key []byte, m tenancy.Membership) string {
		disabled, err := v.disabled(tenancy.UserID(key[16:]))
		if err != nil {
			return holds(false, err)
		}
		c, w := counted[[16]byte(key)], weight(m, true, !disabled)
		counted[[16]byte(key)] = tenancy.Counters{Members: c.Members + w.Members, LastingAdmins: c.LastingAdmins + w.LastingAdmins}
		return firstOf(v.traced(tenancy.EffectMembership, key), func() string {
			back := pair([16]byte(key[16:]), [16]byte(key))
			_, found, err := lookup(v.from, bucketUserTenants, back[:], decodeNothing)
			return holds(found, err)
		})
	})
	if err != nil {
		return err
	}
	err = each(v, bucketUserTenants, 32, decodeNothing, func(key []byte, _ struct{}) string {
		_, found, err := v.Membership(tenancy.TenantID(key[16:]), tenancy.UserID(key[:16]))
		return holds(found, err)
	})
	if err != nil {
		return err
	}
	return v.counters(counted)
}

// counters compares the stored ones with what the memberships come to.
func (v *verifier) counters(counted map[[16]byte]tenancy.Counters) error {
	err := each(v, bucketCounters, 16, decodeCounters, func(key []byte, stored tenancy.Counters) string {
		want := counted[[16]byte(key)]
		delete(counted, [16]byte(key))
		if stored != want {
			return fmt.Sprintf("it counts %+v, the memberships come to %+v", stored, want)
		}
		return ""
	})
	for tenant, want := range counted {
		v.fault(bucketCounters, tenant[:], fmt.Sprintf("it is missing, the memberships come to %+v", want))
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
