package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeUsage(v tenancy.Usage, tenant tenancy.TenantID) []byte {
	e := newEncoder(recordVersion, 32)
	e.usage(v)
	return e.seal(bucketUsage, tenant[:])
}

func (e *encoder) usage(v tenancy.Usage) {
	e.int(v.Processes)
	e.int(v.Datasets)
	e.int(v.StorageBytes)
	e.time(v.ReportedAt)
}

func decodeUsage(d *decoder) tenancy.Usage {
	return tenancy.Usage{Processes: d.int(), Datasets: d.int(), StorageBytes: d.int(), ReportedAt: d.time()}
}

// Usage reads what was last reported of a tenant.
func (r *reader) Usage(id tenancy.TenantID) (tenancy.Usage, error) {
	v, _, err := lookup(r.from, bucketUsage, r.id(id), decodeUsage)
	return v, err
}

// PutUsage writes what was reported of a tenant.
func (t *tx) PutUsage(tenant tenancy.TenantID, usage tenancy.Usage) error {
	if tenant.IsZero() {
		return fmt.Errorf("put usage: it lacks a tenant")
	}
	return t.over.put(bucketUsage, tenant[:], encodeUsage(usage, tenant))
}
