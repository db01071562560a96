package boltstore

import (
	"bytes"

	"github.com/memberward/memberward/internal/tenancy"
)

func (v *verifier) roles() error {
	err := each(v, bucketRoles, 16, decodeRole, func(key []byte, r tenancy.Role) string {
		return firstOf(
			v.traced(tenancy.EffectRole, key),
			func() string { return v.leads(bucketTenantRoles, r.Tenant, [16]byte(key)) },
			func() string {
				id, found, err := v.RoleByName(r.Tenant, r.Name)
				return holds(found && id == tenancy.RoleID(key), err)
			},
		)
	})
	if err != nil {
		return err
	}
	err = v.eachPair(bucketTenantRoles, func(tenant, id [16]byte) (bool, error) {
		r, found, err := v.Role(id)
		return found && r.Tenant == tenant, err
	})
	if err != nil {
		return err
	}
	err = each(v, bucketRoleNames, 0, decodeID, func(key []byte, id [16]byte) string {
		r, found, err := v.Role(id)
		return holds(found && bytes.Equal(within(r.Tenant, r.Name), key), err)
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketRoleHolders, func(id, user [16]byte) (bool, error) {
		r, found, err := v.Role(id)
		tenant, held := v.holding[pair(id, user)]
		return found && held && r.Tenant == tenant, err
	})
}

func (v *verifier) projects() error {
	err := each(v, bucketProjects, 16, decodeProject, func(key []byte, p tenancy.Project) string {
		return firstOf(
			v.traced(tenancy.EffectProject, key),
			func() string { return v.leads(bucketTenantProjects, p.Tenant, [16]byte(key)) },
		)
	})
	if err != nil {
		return err
	}
	err = v.eachPair(bucketTenantProjects, func(tenant, id [16]byte) (bool, error) {
		p, found, err := v.Project(id)
		return found && p.Tenant == tenant, err
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketProjectWorkers, func(id, user [16]byte) (bool, error) {
		p, found, err := v.Project(id)
		tenant, worked := v.working[pair(id, user)]
		return found && worked && p.Tenant == tenant, err
	})
}

func (v *verifier) datasets() error {
	err := each(v, bucketDatasets, 16, decodeDataset, func(key []byte, d tenancy.Dataset) string {
		v.counted[d.Tenant] = sum(v.counted[d.Tenant], tenancy.Counters{Datasets: 1})
		return firstOf(
			v.traced(tenancy.EffectDataset, key),
			func() string { return v.leads(bucketTenantDatasets, d.Tenant, [16]byte(key)) },
		)
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketTenantDatasets, func(tenant, id [16]byte) (bool, error) {
		d, found, err := v.Dataset(id)
		return found && d.Tenant == tenant, err
	})
}

func (v *verifier) grants() error {
	err := each(v, bucketGrants, 32, decodeGrant, func(key []byte, g tenancy.Grant) string {
		dataset, principal := tenancy.DatasetID(key[:16]), tenancy.PrincipalID(key[16:])
		return firstOf(
			v.traced(tenancy.EffectGrant, key),
			func() string {
				_, found, err := lookup(v.from, bucketPrincipalGrants, principalGrant(principal, g.Tenant, dataset), decodeNothing)
				return holds(found, err)
			},
			func() string {
				d, found, err := v.Dataset(dataset)
				return holds(found && d.Tenant == g.Tenant, err)
			},
		)
	})
	if err != nil {
		return err
	}
	return each(v, bucketPrincipalGrants, 48, decodeNothing, func(key []byte, _ struct{}) string {
		g, err := v.Grant(tenancy.DatasetID(key[32:]), tenancy.PrincipalID(key[:16]))
		return holds(g.Permissions != 0 && g.Tenant == tenancy.TenantID(key[16:32]), err)
	})
}

func (v *verifier) usage() error {
	return each(v, bucketUsage, 16, decodeUsage, func(key []byte, _ tenancy.Usage) string {
		return v.traced(tenancy.EffectUsage, key)()
	})
}
