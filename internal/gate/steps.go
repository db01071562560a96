package gate

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// stepOf turns a change of the closed set into its step, with the ids that
// the change leaves open. Who registers becomes the account that is made.
func (g *Gate) stepOf(change tenancy.Change, actor *tenancy.Actor) (step, error) {
	switch c := change.(type) {
	case tenancy.CreateUser:
		return g.createUser(c, actor), nil
	case tenancy.CreateKey:
		return &createKey{CreateKey: c}, nil
	case tenancy.DeleteKey:
		return &deleteKey{DeleteKey: c}, nil
	case tenancy.RotateSigningKey:
		return rotateSigningKey{c}, nil
	case tenancy.CreateTenant:
		return g.createTenant(c, *actor)
	case tenancy.SelectTenant:
		return selectTenant{c, actor.User}, nil
	case tenancy.AddMember:
		return g.addMember(c), nil
	case tenancy.UpdateMember:
		return updateMember{c}, nil
	case tenancy.RemoveMember:
		return removeMember{c}, nil
	default:
		return tenantStep(change)
	}
}

// tenantStep turns a change to a tenant as a whole into its step.
func tenantStep(change tenancy.Change) (step, error) {
	switch c := change.(type) {
	case tenancy.UpdateTenant:
		return updateTenant{c}, nil
	case tenancy.DeleteTenant:
		return deleteTenant{c}, nil
	case tenancy.TransferOwnership:
		return transfer{c}, nil
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

func (g *Gate) addMember(c tenancy.AddMember) step {
	return &addMember{AddMember: c, fresh: tenancy.UserID(g.newID())}
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
	return createTenant{c, chosen}, nil
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
		return nil, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: fmt.Sprintf("%s is about no tenant and cannot be checked", q.Action)}
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
		return updateMember{tenancy.UpdateMember{Tenant: q.Tenant, User: user}}, nil
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
