package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeDataset(v tenancy.Dataset) []byte {
	e := newEncoder(recordVersion, 64+len(v.Name))
	e.dataset(v)
	return e.seal(bucketDatasets, v.ID[:])
}

func (e *encoder) dataset(v tenancy.Dataset) {
	e.raw(v.Tenant[:])
	e.raw(v.Owner[:])
	e.string(v.Name)
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeDataset(d *decoder) tenancy.Dataset {
	return tenancy.Dataset{Tenant: d.id(), Owner: d.id(), Name: d.string(), CreatedAt: d.time(), UpdatedAt: d.time()}
}

// Dataset reads a dataset.
func (r *reader) Dataset(id tenancy.DatasetID) (tenancy.Dataset, bool, error) {
	v, found, err := lookup(r.from, bucketDatasets, r.id(id), decodeDataset)
	if found {
		v.ID = id
	}
	return v, found, err
}

// Datasets lists a tenant's datasets; those of no tenant for a zero one.
func (r *reader) Datasets(tenant tenancy.TenantID, after tenancy.DatasetID, limit int) ([]tenancy.Dataset, error) {
	return through(r, bucketTenantDatasets, tenant, after, limit, r.Dataset)
}

// PutDataset writes a dataset and counts a new one. A move to another tenant
// is refused.
func (t *tx) PutDataset(v tenancy.Dataset) error {
	if v.ID.IsZero() || v.Owner.IsZero() {
		return fmt.Errorf("put dataset: it lacks an id or an owner")
	}
	old, existed, err := t.Dataset(v.ID)
	if err == nil {
		err = t.enlist(bucketTenantDatasets, v.ID, existed, old.Tenant, v.Tenant)
	}
	if err == nil && !existed {
		err = t.count(v.Tenant, tenancy.Counters{Datasets: 1}, tenancy.Counters{})
	}
	if err == nil {
		err = t.over.put(bucketDatasets, v.ID[:], encodeDataset(v))
	}
	return doing(err, "put dataset %s", v.ID)
}

// DeleteDataset deletes a dataset. One that is not there is an error, and so
// is one that has a grant left.
func (t *tx) DeleteDataset(id tenancy.DatasetID) error {
	old, found, err := t.Dataset(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such dataset")
	}
	if err != nil {
		return doing(err, "delete dataset %s", id)
	}
	err = steps(
		func() error { return t.notGranted(id) },
		func() error { return t.count(old.Tenant, tenancy.Counters{}, tenancy.Counters{Datasets: 1}) },
		func() error { return t.unlink(bucketTenantDatasets, old.Tenant, id) },
		func() error { return t.over.put(bucketDatasets, id[:], nil) },
	)
	return doing(err, "delete dataset %s", id)
}

// notGranted refuses a dataset with a grant.
func (t *tx) notGranted(id tenancy.DatasetID) error {
	grants, err := t.GrantsOn(id, tenancy.PrincipalID{}, 1)
	if err == nil && len(grants) > 0 {
		err = fmt.Errorf("%s has a grant on it", grants[0].Principal.ID)
	}
	return err
}
