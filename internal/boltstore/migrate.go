package boltstore

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// migrate brings a file of an older format to the newest one, in one
// transaction, before the store serves. Its records have been checked: nothing
// goes on top of damage. Each format adds buckets to the one before; of what is
// in them, only the index of the audit, in format 2, can be made of what there
// is. So the change log of a file of format 1 begins at the revision of the
// file. Records stay in the version that they were written in.
func (s *Store) migrate(format uint64) (err error) {
	defer recoverDamage(&err)
	s.tell("store is brought to another format", "from", format, "to", schemaVersion)
	return s.db.Update(func(bolt *bbolt.Tx) error {
		for _, name := range bucketNames[bucketsOf(format):] {
			if _, err := bolt.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		b := &batch{store: s, bolt: bolt, below: &mapped{tx: bolt}, state: s.state, tallies: s.tallies}
		if format == 1 {
			log := encodeLogBegin(s.state.revision)
			if err := errors.Join(b.indexAudit(), b.below.put(bucketMeta, metaLog, log)); err != nil {
				return err
			}
		}
		who, err := required(b.below, metaStore, decodeIdentity)
		if err != nil {
			return err
		}
		who.schema = schemaVersion
		return errors.Join(
			b.below.put(bucketMeta, metaStore, encodeIdentity(who)),
			b.below.put(bucketMeta, metaTallies, encodeTallies(&b.tallies)),
		)
	})
}

// indexAudit makes the index from tenants to their audit records.
func (b *batch) indexAudit() error {
	return b.below.scan(bucketAudit, nil, nil, func(key, frame []byte) (bool, error) {
		canonical, err := decode(bucketAudit, key, frame, decodeAudit)
		if err != nil {
			return false, err
		}
		r, _, err := audit.Decode(canonical)
		if err != nil {
			return false, damaged("%v", err)
		}
		tenant, err := tenancy.ParseTenantID(r.Tenant)
		if err != nil {
			return true, nil // it is of no tenant
		}
		listed := tenantSeq(tenant, r.Seq)
		return true, b.add(entry{bucketTenantAudit, listed, encodeNothing(bucketTenantAudit, listed)})
	})
}
