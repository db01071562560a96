package storetest

import (
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func role(n, t int) tenancy.Role {
	return tenancy.Role{
		ID: number(n), Tenant: tenantID(t), Name: fmt.Sprintf("Röle %d", n), Description: "d", Actions: []tenancy.Action{"a.b", "c.d"},
		Capabilities: []tenancy.Capability{tenancy.CapabilityManageUsers}, CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second),
	}
}

func project(n, t int) tenancy.Project {
	return tenancy.Project{
		ID: number(n), Tenant: tenantID(t), Name: fmt.Sprintf("Project %d", n), Default: true, CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second),
	}
}

// dataset belongs to no tenant where t is 0.
func dataset(n, t int) tenancy.Dataset {
	return tenancy.Dataset{
		ID: number(n), Tenant: tenantID(t), Owner: userID(1), Name: fmt.Sprintf("Dataset %d", n), CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second),
	}
}

func grant(d tenancy.Dataset, to tenancy.Principal, what tenancy.Permissions) tenancy.Grant {
	return tenancy.Grant{Dataset: d.ID, Tenant: d.Tenant, Principal: to, Permissions: what}
}

func invitation(n, t int) tenancy.Invitation {
	return tenancy.Invitation{
		ID: number(n), Tenant: tenantID(t), Email: fmt.Sprintf("Guest%d@Example.org", n), Level: tenancy.LevelMember, Roles: []tenancy.RoleID{number(5), number(6)},
		InvitedBy: userID(9), Code: tenancy.Digest{2, byte(n)}, Status: tenancy.InvitationPending, CreatedAt: epoch(), ExpiresAt: epoch().Add(time.Hour),
	}
}

func organization(n int) tenancy.Organization {
	return tenancy.Organization{
		ID: number(n), Name: fmt.Sprintf("Örganization %d", n), ShortName: fmt.Sprintf("org-%d", n), Own: tenantID(4), CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second),
	}
}

func entity(kind, id string) tenancy.Entity {
	return tenancy.Entity{
		EntityRef: tenancy.EntityRef{Type: kind, ID: id}, Owner: "älice", Properties: `{"n":12345678901234567890}`,
		CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second),
	}
}

func place(o, u int) tenancy.OrganizationMember {
	return tenancy.OrganizationMember{Organization: number(o), User: userID(u), Admin: true, Enabled: true, CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Second)}
}

// working gives a membership roles and projects.
func working(m tenancy.Membership, roles []tenancy.RoleID, projects []tenancy.ProjectID) tenancy.Membership {
	m.Roles, m.Capabilities, m.LevelBefore, m.Epoch = roles, []tenancy.Capability{tenancy.CapabilityManageUsers}, tenancy.LevelViewer, 7
	m.Projects = tenancy.ProjectAccess{Only: true, IDs: projects}
	return m
}

// cast puts one of everything that belongs to tenant 1, with tenant 1 in
// organization 1, and members that work with it.
func cast(tx gate.Tx) error {
	in := tenant(1)
	in.Organization, in.Description, in.CustomData, in.CreatedBy = number(1), "d", `{"a":1}`, userID(3)
	in.Capabilities = []tenancy.Capability{tenancy.CapabilityManageUsers}
	return firstError(
		tx.PutUser(user(1)), tx.PutUser(user(2)), tx.PutTenant(in), tx.PutRole(role(11, 1)), tx.PutRole(role(12, 1)), tx.PutProject(project(21, 1)),
		tx.PutProject(project(22, 1)), tx.PutDataset(dataset(31, 1)), tx.PutDataset(dataset(32, 1)), tx.PutDataset(dataset(33, 0)),
		tx.PutMembership(working(member(1, 1, tenancy.LevelAdmin), []tenancy.RoleID{number(11), number(12)}, []tenancy.ProjectID{number(21)})),
		tx.PutMembership(working(member(1, 2, tenancy.LevelMember), []tenancy.RoleID{number(12)}, nil)),
		tx.PutGrant(grant(dataset(31, 1), tenancy.UserPrincipal(userID(1)), tenancy.AllPermissions)),
		tx.PutGrant(grant(dataset(31, 1), tenancy.RolePrincipal(number(11)), tenancy.PermissionRead)),
		tx.PutGrant(grant(dataset(32, 1), tenancy.UserPrincipal(userID(1)), tenancy.PermissionWrite)),
		tx.PutGrant(grant(dataset(33, 0), tenancy.UserPrincipal(userID(1)), tenancy.PermissionShare)),
		tx.PutInvitation(invitation(41, 1)), tx.PutInvitation(invitation(42, 1)),
		tx.PutOrganization(organization(1)), tx.PutOrganizationMember(place(1, 1)), tx.PutOrganizationMember(place(1, 2)),
		tx.PutEntity(entity("record", "1")), tx.PutUsage(tenantID(1), tenancy.Usage{Processes: 1, Datasets: 2, StorageBytes: 3, ReportedAt: epoch()}),
	)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
