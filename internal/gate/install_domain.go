package gate

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func (in *installation) organization(above tenancy.Organization) error {
	if _, found, err := in.tx.Organization(above.ID); err != nil || found {
		return taken(err, "the id %s is in use", above.ID)
	}
	if _, found, err := in.tx.OrganizationByName(above.ShortName); err != nil || found {
		return taken(err, "an organization with this short name exists")
	}
	above.CreatedAt, above.UpdatedAt = in.now, in.now
	return in.tx.PutOrganization(above)
}

// place makes a user belong to an organization.
func (in *installation) place(member tenancy.OrganizationMember) error {
	if _, known, err := in.tx.Organization(member.Organization); err != nil || !known {
		return missing(err, "the organization")
	}
	if _, known, err := in.tx.User(member.User); err != nil || !known {
		return missing(err, "the user")
	}
	if _, found, err := in.tx.OrganizationMember(member.Organization, member.User); err != nil || found {
		return taken(err, "it is there twice")
	}
	member.CreatedAt, member.UpdatedAt = in.now, in.now
	return in.tx.PutOrganizationMember(member)
}

func (in *installation) role(role tenancy.Role) error {
	if _, known, err := in.tx.Tenant(role.Tenant); err != nil || !known {
		return missing(err, "the tenant")
	}
	if _, found, err := in.tx.Role(role.ID); err != nil || found {
		return taken(err, "the id %s is in use", role.ID)
	}
	if _, found, err := in.tx.RoleByName(role.Tenant, role.Name); err != nil || found {
		return taken(err, "a role with this name exists in the tenant")
	}
	role.Actions, role.CreatedAt, role.UpdatedAt = sorted(role.Actions), in.now, in.now
	return in.tx.PutRole(role)
}

func (in *installation) project(project tenancy.Project) error {
	if _, known, err := in.tx.Tenant(project.Tenant); err != nil || !known {
		return missing(err, "the tenant")
	}
	if _, found, err := in.tx.Project(project.ID); err != nil || found {
		return taken(err, "the id %s is in use", project.ID)
	}
	others, err := in.tx.Projects(project.Tenant, tenancy.ProjectID{}, 1)
	if err != nil {
		return err
	}
	project.Default, project.CreatedAt, project.UpdatedAt = len(others) == 0, in.now, in.now
	return in.tx.PutProject(project)
}

// entity puts an entity into the registry. One that is there stays: a file
// that holds no user is applied at every start.
func (in *installation) entity(e tenancy.Entity) error {
	if _, found, err := in.tx.Entity(e.EntityRef); err != nil || found {
		return err
	}
	e.CreatedAt, e.UpdatedAt = in.now, in.now
	return in.tx.PutEntity(e)
}

// held makes sure that a member holds nothing of another tenant's, and no more
// than a member may.
func (in *installation) held(member tenancy.Membership) error {
	if len(member.Roles) > heldLimit || len(member.Projects.IDs) > projectLimit {
		return fmt.Errorf("a member holds at most %d roles, and works in at most %d projects that are named", heldLimit, projectLimit)
	}
	for _, id := range member.Roles {
		role, known, err := in.tx.Role(id)
		if err != nil || !known || role.Tenant != member.Tenant {
			return missing(err, "the role %s of the tenant", id)
		}
	}
	for _, id := range member.Projects.IDs {
		project, known, err := in.tx.Project(id)
		if err != nil || !known || project.Tenant != member.Tenant {
			return missing(err, "the project %s of the tenant", id)
		}
	}
	return nil
}

// dataset registers a dataset. Its owner may do everything with it, where they
// are a member of its tenant.
func (in *installation) dataset(dataset tenancy.Dataset) error {
	if _, found, err := in.tx.Dataset(dataset.ID); err != nil || found {
		return taken(err, "the id %s is in use", dataset.ID)
	}
	if _, known, err := in.tx.User(dataset.Owner); err != nil || !known {
		return missing(err, "the owner")
	}
	if _, known, err := in.tx.Tenant(dataset.Tenant); !dataset.Tenant.IsZero() && (err != nil || !known) {
		return missing(err, "the tenant")
	}
	dataset.CreatedAt, dataset.UpdatedAt = in.now, in.now
	if err := in.tx.PutDataset(dataset); err != nil {
		return err
	}
	_, member, err := in.tx.Membership(dataset.Tenant, dataset.Owner)
	if err != nil || !member && !dataset.Tenant.IsZero() {
		return err
	}
	return in.tx.PutGrant(tenancy.Grant{
		Dataset: dataset.ID, Tenant: dataset.Tenant, Principal: tenancy.UserPrincipal(dataset.Owner), Permissions: tenancy.AllPermissions,
	})
}

// grant adds to what a principal may do with a dataset.
func (in *installation) grant(grant tenancy.Grant) error {
	dataset, known, err := in.tx.Dataset(grant.Dataset)
	if err != nil || !known {
		return missing(err, "the dataset")
	}
	who, known, err := principal(in.tx, dataset, grant.Principal.ID)
	if err != nil || !known || who != grant.Principal {
		return missing(err, "the user, role or tenant that it is for")
	}
	before, err := in.tx.Grant(dataset.ID, who.ID)
	if err != nil {
		return err
	}
	grant.Tenant, grant.Permissions = dataset.Tenant, grant.Permissions|before.Permissions
	return in.tx.PutGrant(grant)
}
