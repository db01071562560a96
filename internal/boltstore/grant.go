package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeGrant(v tenancy.Grant, key []byte) []byte {
	e := newEncoder(recordVersion, 18)
	e.raw(v.Tenant[:])
	e.byte(byte(v.Principal.Kind))
	e.byte(byte(v.Permissions))
	return e.seal(bucketGrants, key)
}

func decodeGrant(d *decoder) (v tenancy.Grant) {
	v.Tenant, v.Principal.Kind, v.Permissions = d.id(), tenancy.PrincipalKind(d.byte()), tenancy.Permissions(d.byte())
	if !isGrant(v) {
		d.fail("the grant is to no kind of principal, or of no permission, that this program knows")
	}
	return v
}

// isGrant reports whether a grant gives something known to a known kind of
// principal.
func isGrant(v tenancy.Grant) bool {
	return v.Principal.Kind >= tenancy.PrincipalUser && v.Principal.Kind <= tenancy.PrincipalTenant &&
		v.Permissions != 0 && tenancy.AllPermissions.Has(v.Permissions)
}

// principalGrant is the key of the way from a principal to a grant.
func principalGrant(principal tenancy.PrincipalID, tenant tenancy.TenantID, dataset tenancy.DatasetID) []byte {
	return append(append(append(make([]byte, 0, 48), principal[:]...), tenant[:]...), dataset[:]...)
}

// Grant reads what a principal may do with a dataset.
func (r *reader) Grant(dataset tenancy.DatasetID, principal tenancy.PrincipalID) (tenancy.Grant, error) {
	v, found, err := lookup(r.from, bucketGrants, r.pair(dataset, principal), decodeGrant)
	if !found || err != nil {
		return tenancy.Grant{}, err
	}
	v.Dataset, v.Principal.ID = dataset, principal
	return v, nil
}

// GrantsOn lists the grants on a dataset, by principal.
func (r *reader) GrantsOn(dataset tenancy.DatasetID, after tenancy.PrincipalID, limit int) ([]tenancy.Grant, error) {
	from := pair(dataset, after)
	return list(r.from, bucketGrants, dataset[:], from[:], limit, readGrant)
}

func readGrant(key, frame []byte) (tenancy.Grant, error) {
	v, err := decode(bucketGrants, key, frame, decodeGrant)
	if err == nil && len(key) != 32 {
		err = damaged("the key of a grant has %d bytes", len(key))
	}
	if err != nil {
		return tenancy.Grant{}, err
	}
	v.Dataset, v.Principal.ID = tenancy.DatasetID(key[:16]), tenancy.PrincipalID(key[16:])
	return v, nil
}

// GrantsOf lists the grants of a principal on the datasets of a tenant, by
// dataset; on those of no tenant for a zero one.
func (r *reader) GrantsOf(
	principal tenancy.PrincipalID, tenant tenancy.TenantID, after tenancy.DatasetID, limit int,
) ([]tenancy.Grant, error) {
	from := principalGrant(principal, tenant, after)
	return list(r.from, bucketPrincipalGrants, from[:32], from, limit, r.grantAt)
}

// grantAt reads the grant that a way from its principal leads to.
func (r *reader) grantAt(key, frame []byte) (tenancy.Grant, error) {
	if _, err := decode(bucketPrincipalGrants, key, frame, decodeNothing); err != nil {
		return tenancy.Grant{}, err
	}
	if len(key) != 48 {
		return tenancy.Grant{}, damaged("a key of %s has %d bytes", bucketPrincipalGrants, len(key))
	}
	v, err := r.Grant(tenancy.DatasetID(key[32:]), tenancy.PrincipalID(key[:16]))
	if err == nil && (v.Permissions == 0 || v.Tenant != tenancy.TenantID(key[16:32])) {
		err = damaged("%s %s leads nowhere", bucketPrincipalGrants, keyName(bucketPrincipalGrants, key))
	}
	return v, err
}

// PutGrant writes a grant and the way to it from its principal; one without
// permissions is deleted, whether it was there or not. Refused are a grant on
// a dataset that its tenant does not have, and one to a principal of another
// kind that has the id of one who has a grant already.
func (t *tx) PutGrant(v tenancy.Grant) error {
	err := t.putGrant(v)
	return doing(err, "put grant of %s on %s", v.Principal.ID, v.Dataset)
}

func (t *tx) putGrant(v tenancy.Grant) error {
	old, err := t.Grant(v.Dataset, v.Principal.ID)
	switch {
	case err != nil:
		return err
	case old.Permissions != 0 && old.Principal != v.Principal:
		return fmt.Errorf("its principal has the id of one of another kind")
	case v.Permissions == 0 && old.Permissions == 0:
		return nil
	case v.Permissions == 0:
		return steps(
			func() error {
				return t.over.put(bucketPrincipalGrants, principalGrant(v.Principal.ID, old.Tenant, v.Dataset), nil)
			},
			func() error { return t.unlink(bucketGrants, v.Dataset, v.Principal.ID) },
		)
	case v.Dataset.IsZero() || v.Principal.ID.IsZero() || !isGrant(v):
		return fmt.Errorf("it lacks a dataset or a principal, or is of no permission that there is")
	}
	dataset, found, err := t.Dataset(v.Dataset)
	if err == nil && (!found || dataset.Tenant != v.Tenant) {
		err = fmt.Errorf("the tenant has no such dataset")
	}
	if err != nil {
		return err
	}
	if old.Permissions == 0 {
		way := principalGrant(v.Principal.ID, v.Tenant, v.Dataset)
		if err := t.over.put(bucketPrincipalGrants, way, encodeNothing(bucketPrincipalGrants, way)); err != nil {
			return err
		}
	}
	key := pair(v.Dataset, v.Principal.ID)
	return t.over.put(bucketGrants, key[:], encodeGrant(v, key[:]))
}

// grantedNothing refuses a principal that has a grant. Ids of another kind of
// principal that happen to be the same are passed over.
func (t *tx) grantedNothing(p tenancy.Principal) error {
	var held tenancy.Grant
	err := t.from.scan(bucketPrincipalGrants, p.ID[:], nil, func(key, frame []byte) (bool, error) {
		v, err := t.grantAt(key, frame)
		if err == nil && v.Principal == p {
			held = v
		}
		return held.Permissions == 0, err
	})
	if err == nil && held.Permissions != 0 {
		err = fmt.Errorf("it has a grant on %s", held.Dataset)
	}
	return err
}
