package processmind

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// shownOrganization is an organization (U).
type shownOrganization struct {
	ID          string `json:"id"`
	ShortName   string `json:"shortName"`
	DisplayName string `json:"displayName"`
	CreatedAt   string `json:"createdAt"`
}

// organization serves GET /tenant/{tenantId}/organization.
func (d *dialect) organization(c *gin.Context, actor tenancy.Actor) error {
	ref := pathOrganization(c)
	o, err := read[tenancy.Organization](d, c, actor, tenancy.GetOrganization{Organization: ref})
	if err != nil {
		return err
	}
	return ok(c, shownOrganization{ID: o.ID.String(), ShortName: o.ShortName, DisplayName: o.Name, CreatedAt: stamp(o.CreatedAt)})
}

// organizationNumbers are the sums over an organization's tenants (U); who
// belongs to two of them counts twice.
type organizationNumbers struct {
	TenantCount           int64 `json:"tenantCount"`
	TotalProcessCount     int64 `json:"totalProcessCount"`
	TotalDatasetCount     int64 `json:"totalDatasetCount"`
	TotalUserCount        int64 `json:"totalUserCount"`
	TotalStorageUsedBytes int64 `json:"totalStorageUsedBytes"`
}

// add counts a page of tenants.
func (n *organizationNumbers) add(tenants []tenancy.TenantStatistics) {
	for _, t := range tenants {
		n.TenantCount++
		n.TotalProcessCount += t.Processes
		n.TotalDatasetCount += t.Counters.Datasets
		n.TotalUserCount += t.Members
		n.TotalStorageUsedBytes += t.StorageBytes
	}
}

// organizationStatistics serves GET /tenant/{tenantId}/organization/statistics.
func (d *dialect) organizationStatistics(c *gin.Context, actor tenancy.Actor) error {
	ref := pathOrganization(c)
	sum, err := d.sum(c, actor, ref)
	if err != nil {
		return err
	}
	return ok(c, sum)
}

// sum adds up the organization's tenants, page by page as a list.
func (d *dialect) sum(c *gin.Context, actor tenancy.Actor, ref tenancy.OrganizationRef) (organizationNumbers, error) {
	var sum organizationNumbers
	var last tenancy.TenantID
	for {
		query := tenancy.ListOrganizationStatistics{Organization: ref, After: last, Limit: api.PageSize}
		tenants, err := read[[]tenancy.TenantStatistics](d, c, actor, query)
		if err != nil {
			return organizationNumbers{}, err
		}
		sum.add(tenants)
		if len(tenants) < api.PageSize {
			return sum, nil
		}
		last = tenants[len(tenants)-1].Tenant
	}
}

// organizationTenant is a tenant as its organization lists it (U).
type organizationTenant struct {
	ID          string `json:"id"`
	ShortName   string `json:"shortName"`
	DisplayName string `json:"displayName"`
	CreatedAt   string `json:"createdAt"`
}

func showOrganizationTenant(t tenancy.Tenant) any {
	return organizationTenant{ID: t.ID.String(), ShortName: t.Slug, DisplayName: t.Name, CreatedAt: stamp(t.CreatedAt)}
}

// organizationTenants serves GET /tenant/{tenantId}/organization/tenants.
func (d *dialect) organizationTenants(c *gin.Context, actor tenancy.Actor) error {
	ref := pathOrganization(c)
	page := func(last tenancy.Tenant) tenancy.Query {
		return tenancy.ListOrganizationTenants{Organization: ref, After: last.ID, Limit: api.PageSize}
	}
	return list(d, c, actor, page, showOrganizationTenant)
}

// newTenant is the body of POST /tenant/{tenantId}/organization/tenants.
type newTenant struct {
	ShortName   *string `json:"shortName"`
	DisplayName *string `json:"displayName"`
	Description *string `json:"description"`
}

// descriptionLimit is the longest description, in bytes.
const descriptionLimit = 1024

// change is what the body asks for. A tenant without a displayName is called
// by its shortName.
func (n newTenant) change() (tenancy.CreateTenant, error) {
	if err := required(n.ShortName, "shortName"); err != nil {
		return tenancy.CreateTenant{}, err
	}
	create := tenancy.CreateTenant{Slug: *n.ShortName, Name: *n.ShortName, Description: named(n.Description)}
	if n.DisplayName != nil {
		create.Name = *n.DisplayName
	}
	var tooLong error
	if len(create.Description) > descriptionLimit {
		tooLong = fmt.Errorf("a description has at most %d bytes", descriptionLimit)
	}
	return create, firstOf(
		unacceptable("shortName", tenancy.CheckShortName(create.Slug)),
		unacceptable("displayName", checkTenantName(create.Name)),
		unacceptable("description", tooLong),
	)
}

// createTenant serves POST /tenant/{tenantId}/organization/tenants. The tenant
// belongs to the caller.
func (d *dialect) createTenant(c *gin.Context, actor tenancy.Actor) error {
	var given newTenant
	if err := decode(c, &given); err != nil {
		return err
	}
	create, err := given.change()
	if err != nil {
		return err
	}
	create.Organization = pathOrganization(c)
	outcome, err := d.apply(c, actor, create)
	if err != nil {
		return err
	}
	tenant, err := api.Result[tenancy.Tenant](outcome)
	if err != nil {
		return err
	}
	return ok(c, showOrganizationTenant(tenant))
}

// detachTenant serves DELETE /tenant/{tenantId}/organization/tenants/{target}:
// the tenant leaves the organization and lives on.
func (d *dialect) detachTenant(c *gin.Context, actor tenancy.Actor) error {
	ref := pathOrganization(c)
	target := api.OpaqueTenantID(c.Param("targetTenantId"))
	_, err := d.apply(c, actor, tenancy.DetachTenant{Organization: ref, Tenant: target})
	if err != nil {
		return &failure{answers: detaching, cause: err}
	}
	return said(c, nil, "Tenant removed from organization.")
}
