package gate

import (
	"cmp"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// stepOf turns a change of the closed set into its step, with the ids that
// the change leaves open. Who registers becomes the account that is made.
func (g *Gate) stepOf(change tenancy.Change, actor *tenancy.Actor, dialect tenancy.Dialect) (step, error) {
	switch c := change.(type) {
	case tenancy.CreateUser:
		return g.createUser(c, actor), nil
	case tenancy.CreateKey:
		return &createKey{CreateKey: c}, nil
	case tenancy.DeleteKey:
		return &deleteKey{DeleteKey: c}, nil
	case tenancy.RotateSigningKey:
		return rotateSigningKey{c}, nil
	case tenancy.SelectTenant:
		return selectTenant{c, actor.User}, nil
	case tenancy.AddMember:
		return g.addMember(c, dialect), nil
	case tenancy.UpdateMember:
		return &updateMember{UpdateMember: c}, nil
	case tenancy.RemoveMember:
		return removeMember{c}, nil
	default:
		return g.tenantStep(change, *actor, dialect)
	}
}

// tenantStep turns a change to a tenant as a whole, or to who is invited, into
// its step.
func (g *Gate) tenantStep(change tenancy.Change, actor tenancy.Actor, dialect tenancy.Dialect) (step, error) {
	switch c := change.(type) {
	case tenancy.CreateTenant:
		return g.createTenant(c, actor)
	case tenancy.UpdateTenant:
		return updateTenant{c}, nil
	case tenancy.DeleteTenant:
		return deleteTenant{c}, nil
	case tenancy.TransferOwnership:
		return transfer{c}, nil
	case tenancy.ReportUsage:
		return &reportUsage{ReportUsage: c}, nil
	case tenancy.CreateInvitation:
		c.ID = orNew(g, c.ID)
		return &createInvitation{CreateInvitation: c, terms: g.decider.Terms(cmp.Or(dialect, tenancy.DialectNative))}, nil
	case tenancy.DeleteInvitation:
		return &deleteInvitation{DeleteInvitation: c}, nil
	case tenancy.AcceptInvitation:
		return &acceptInvitation{answered: answered{code: c.Code}, AcceptInvitation: c, fresh: tenancy.UserID(g.newID())}, nil
	case tenancy.DeclineInvitation:
		return &declineInvitation{answered{code: c.Code}}, nil
	default:
		return g.resourceStep(change, actor)
	}
}

// resourceStep turns a change to what a tenant has besides its members into its
// step.
func (g *Gate) resourceStep(change tenancy.Change, actor tenancy.Actor) (step, error) {
	switch c := change.(type) {
	case tenancy.CreateRole:
		c.ID = orNew(g, c.ID)
		return createRole{c}, nil
	case tenancy.UpdateRole:
		return &updateRole{ofRole{tenant: c.Tenant, id: c.Role}, c}, nil
	case tenancy.DeleteRole:
		return &deleteRole{ofRole{tenant: c.Tenant, id: c.Role}}, nil
	case tenancy.CreateProject:
		c.ID = orNew(g, c.ID)
		return createProject{c}, nil
	case tenancy.UpdateProject:
		return &updateProject{ofProject{id: c.Project}, c}, nil
	case tenancy.DeleteProject:
		return &deleteProject{ofProject{id: c.Project}}, nil
	case tenancy.CreateDataset:
		c.ID = orNew(g, c.ID)
		return createDataset{c, actor.User}, nil
	default:
		return g.principalStep(change)
	}
}

// principalStep turns a change to what a principal holds into its step.
func (g *Gate) principalStep(change tenancy.Change) (step, error) {
	switch c := change.(type) {
	case tenancy.GrantDataset:
		return &share{GrantDataset: c}, nil
	case tenancy.RevokeDataset:
		return &share{GrantDataset: tenancy.GrantDataset(c), takes: true}, nil
	case tenancy.GrantCapability:
		return &endow{GrantCapability: c}, nil
	case tenancy.RevokeCapability:
		return &endow{GrantCapability: tenancy.GrantCapability(c), takes: true}, nil
	default:
		return g.organizationStep(change)
	}
}

// organizationStep turns a change to an organization into its step.
func (g *Gate) organizationStep(change tenancy.Change) (step, error) {
	switch c := change.(type) {
	case tenancy.CreateOrganization:
		chosen := !c.ID.IsZero()
		c.ID = orNew(g, c.ID)
		return createOrganization{c, chosen}, nil
	case tenancy.UpdateOrganization:
		return updateOrganization{ofOrganization{ref: c.Organization}, c}, nil
	case tenancy.DeleteOrganization:
		return deleteOrganization{ofOrganization{ref: c.Organization}}, nil
	case tenancy.PutOrganizationMember:
		return &putOrganizationMember{ofOrganization: ofOrganization{c.Organization, c.User}, PutOrganizationMember: c}, nil
	case tenancy.RemoveOrganizationMember:
		return &removeOrganizationMember{ofOrganization: ofOrganization{c.Organization, c.User}}, nil
	case tenancy.PutEntity:
		return &putEntity{PutEntity: c}, nil
	case tenancy.DeleteEntity:
		return &deleteEntity{ref: c.EntityRef}, nil
	case tenancy.DetachTenant:
		of := ofOrganization{ref: c.Organization}
		return &detachTenant{ofOrganization: of, DetachTenant: c, fresh: tenancy.OrganizationID(g.newID())}, nil
	default:
		return accountStep(change)
	}
}

// accountStep turns a change to an account into its step.
func accountStep(change tenancy.Change) (step, error) {
	switch c := change.(type) {
	case tenancy.UpdateUser:
		return updateUser{ownAccount{c.User}, c}, nil
	case tenancy.DeleteUser:
		return deleteUser{ownAccount{c.User}}, nil
	case tenancy.LeaveAll:
		return leaveAll{ownAccount{c.User}}, nil
	case tenancy.SetPassword:
		return setPassword{ownAccount{c.User}, c}, nil
	case tenancy.RevokeTokens:
		return revokeTokens{ownAccount{c.User}}, nil
	default:
		return nil, fmt.Errorf("no step for a change of type %T", change)
	}
}

// orNew gives an id, or a new one where the change leaves it open.
func orNew[Kind any](g *Gate, id tenancy.ID[Kind]) tenancy.ID[Kind] {
	if id.IsZero() {
		return tenancy.ID[Kind](g.newID())
	}
	return id
}

func (g *Gate) addMember(c tenancy.AddMember, dialect tenancy.Dialect) step {
	terms := g.decider.Terms(cmp.Or(dialect, tenancy.DialectNative))
	return &addMember{AddMember: c, terms: terms, fresh: tenancy.UserID(g.newID())}
}

func (g *Gate) createUser(c tenancy.CreateUser, actor *tenancy.Actor) step {
	chosen := !c.ID.IsZero()
	if !chosen {
		c.ID = tenancy.UserID(g.newID())
	}
	if actor.Registering {
		actor.User = c.ID
	}
	return &createUser{CreateUser: c, chosen: chosen}
}

func (g *Gate) createTenant(c tenancy.CreateTenant, actor tenancy.Actor) (step, error) {
	if c.Owner.IsZero() {
		c.Owner = actor.User
	}
	if c.Owner.IsZero() {
		return nil, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "the platform has to name the tenant's owner_id"}
	}
	chosen := !c.ID.IsZero()
	if !chosen {
		c.ID = tenancy.TenantID(g.newID())
	}
	return createTenant{c, chosen, tenancy.OrganizationID(g.newID())}, nil
}

// stepAsked turns a question about a change into the step that would be
// taken: a member is added with the default level, updated to what they are.
func (g *Gate) stepAsked(q tenancy.Question, judged *tenancy.Actor) (step, error) {
	switch q.Action {
	case tenancy.ActionMemberAdd, tenancy.ActionMemberUpdate, tenancy.ActionMemberRemove:
		return memberStep(q)
	case tenancy.ActionMemberLeave:
		return removeMember{tenancy.RemoveMember{Tenant: q.Tenant, User: judged.User}}, nil
	case tenancy.ActionTenantSelect:
		return selectTenant{tenancy.SelectTenant{Tenant: q.Tenant}, judged.User}, nil
	case tenancy.ActionTenantUpdate:
		return updateTenant{tenancy.UpdateTenant{Tenant: q.Tenant}}, nil
	case tenancy.ActionTenantDelete:
		return deleteTenant{tenancy.DeleteTenant{Tenant: q.Tenant}}, nil
	case tenancy.ActionTenantTransfer:
		to, err := userAsked(q)
		return transfer{tenancy.TransferOwnership{Tenant: q.Tenant, To: to}}, err
	default:
		return resourceAsked(q, judged)
	}
}

// resourceAsked is stepAsked of what a tenant has besides its members: made
// without anything in it, changed in nothing.
func resourceAsked(q tenancy.Question, judged *tenancy.Actor) (step, error) {
	id, err := tenancy.ParsePrincipalID(q.Resource.ID)
	if err != nil {
		id = tenancy.PrincipalID{} // nobody's id is unknown, as any other
	}
	role := ofRole{tenant: q.Tenant, id: tenancy.RoleID(id)}
	project := ofProject{id: tenancy.ProjectID(id), tenant: q.Tenant}
	switch q.Action {
	case tenancy.ActionRoleCreate:
		return createRole{tenancy.CreateRole{Tenant: q.Tenant}}, nil
	case tenancy.ActionRoleUpdate:
		return &updateRole{ofRole: role}, nil
	case tenancy.ActionRoleDelete:
		return &deleteRole{role}, nil
	case tenancy.ActionProjectCreate:
		return createProject{tenancy.CreateProject{Tenant: q.Tenant}}, nil
	case tenancy.ActionProjectUpdate:
		return &updateProject{ofProject: project}, nil
	case tenancy.ActionProjectDelete:
		return &deleteProject{project}, nil
	case tenancy.ActionInvitationCreate:
		return &createInvitation{CreateInvitation: tenancy.CreateInvitation{Tenant: q.Tenant}}, nil
	case tenancy.ActionInvitationDelete:
		return &deleteInvitation{DeleteInvitation: tenancy.DeleteInvitation{Tenant: q.Tenant, Invitation: tenancy.InvitationID(id)}}, nil
	case tenancy.ActionDatasetCreate:
		return createDataset{tenancy.CreateDataset{Tenant: q.Tenant}, judged.User}, nil
	case tenancy.ActionUsageReport:
		return &reportUsage{ReportUsage: tenancy.ReportUsage{Tenant: q.Tenant}}, nil
	default:
		return nil, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: fmt.Sprintf("%s cannot be checked: it takes more than a question can say", q.Action)}
	}
}

func memberStep(q tenancy.Question) (step, error) {
	user, err := userAsked(q)
	if err != nil {
		return nil, err
	}
	switch q.Action {
	case tenancy.ActionMemberAdd:
		return &addMember{AddMember: tenancy.AddMember{Tenant: q.Tenant, User: user, Level: tenancy.LevelMember, Enabled: true}}, nil
	case tenancy.ActionMemberUpdate:
		return &updateMember{UpdateMember: tenancy.UpdateMember{Tenant: q.Tenant, User: user}}, nil
	default:
		return removeMember{tenancy.RemoveMember{Tenant: q.Tenant, User: user}}, nil
	}
}

// userAsked is the account that a question names as its resource. An id that
// is nobody's is unknown, as any other that is nobody's.
func userAsked(q tenancy.Question) (tenancy.UserID, error) {
	if q.Resource.Type != "user" {
		return tenancy.UserID{}, &tenancy.Error{
			Code: tenancy.CodeInvalid, Msg: fmt.Sprintf(`the resource of %s has the form {"type":"user","id":"<user id>"}`, q.Action),
		}
	}
	user, err := tenancy.ParseUserID(q.Resource.ID)
	if err != nil {
		return tenancy.UserID{}, nil
	}
	return user, nil
}
