package llamacloud

import (
	"errors"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// removeUser serves DELETE
// /api/v1/organizations/{organization_id}/users/{member_user_id}. With project
// ids in the body it takes these projects away; without a body, or with null,
// the membership.
func (d *dialect) removeUser(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org, who := input.organization(), input.person()
	var projects *[]string // null is for Go what nothing is
	var dropped []tenancy.ProjectID
	if input.json(&projects, true) {
		dropped = input.dropped(projects, "body")
	}
	if err := input.check(); err != nil {
		return err
	}
	err := concerning(actor, org, who, func(who person) error {
		return d.do(c, actor, removal(org, who, projects == nil, dropped))
	})
	if err != nil {
		return err
	}
	return noContent(c)
}

// removal is the change that removes somebody, or takes projects away.
func removal(org tenancy.TenantID, who person, whole bool, dropped []tenancy.ProjectID) tenancy.Change {
	if whole {
		return tenancy.RemoveMember{Tenant: tenancy.RefTo(org), User: who.user, Email: who.email}
	}
	return tenancy.UpdateMember{
		Tenant: tenancy.RefTo(org), User: who.user, Email: who.email, Adjustment: tenancy.Adjustment{DropProjects: dropped},
	}
}

// dropped reads the projects to take away. An empty list is refused: it may
// mean none, or all of the membership.
func (f *form) dropped(projects *[]string, loc ...any) []tenancy.ProjectID {
	if projects == nil {
		return nil
	}
	if len(*projects) == 0 {
		f.fault("too_short", "List should have at least 1 item; send null, or nothing, to remove the user", loc...)
	}
	return f.projectIDs(*projects, loc...)
}

// leaver is one element of the body that removes users.
type leaver struct {
	UserID        *string   `json:"user_id"`
	Email         *string   `json:"email"`
	ProjectIDList *[]string `json:"project_id_list"`
}

// removeUsers serves PUT /api/v1/organizations/{organization_id}/users/remove:
// all of the body's users are removed, or none is.
func (d *dialect) removeUsers(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	batch := tenancy.Batch{Changes: input.leavers(actor, org), Once: true}
	if err := input.check(); err != nil {
		return err
	}
	if len(batch.Changes) == 0 {
		if _, err := read[tenancy.Tenant](d, c, actor, tenancy.GetTenant{Tenant: tenancy.RefTo(org)}); err != nil {
			return err
		}
		return noContent(c)
	}
	err := d.do(c, actor, batch)
	if byMembership(org, batch.Changes, err) {
		if again := d.do(c, actor, batch); !isAbsent(again) {
			err = again
		}
	}
	if err != nil {
		return err
	}
	return noContent(c)
}

// leavers reads the users of the body.
func (f *form) leavers(actor tenancy.Actor, org tenancy.TenantID) []tenancy.Change {
	var given []leaver
	if !f.json(&given, false) {
		return nil
	}
	if given == nil {
		f.fault("list_type", "Input should be a valid list", "body")
	}
	changes := make([]tenancy.Change, len(given))
	for i, one := range given {
		who := f.named(one.UserID, one.Email, "body", i).orSelf(actor, org)
		changes[i] = removal(org, who, one.ProjectIDList == nil, f.dropped(one.ProjectIDList, "body", i, "project_id_list"))
	}
	return changes
}

// concerning does something to a member of an organization. An id names an
// account or, where there is no such member, a membership: an account that
// nobody has signed up for is shown without its own id.
func concerning(actor tenancy.Actor, org tenancy.TenantID, who person, do func(person) error) error {
	who = who.orSelf(actor, org)
	err := do(who)
	if who.user.IsZero() || !isAbsent(err) {
		return err
	}
	if again := do(person{user: tenancy.MemberOf(org, uuid.UUID(who.user))}); !isAbsent(again) {
		return again
	}
	return err
}

// orSelf names the account of the caller whose membership is named: who may do
// something to themself alone learns of nobody else, whether there is such an
// account.
func (p person) orSelf(actor tenancy.Actor, org tenancy.TenantID) person {
	if !p.user.IsZero() && tenancy.MemberOf(org, uuid.UUID(p.user)) == actor.User {
		p.user = actor.User
	}
	return p
}

// byMembership has the ids that name no member, by which removals failed, name
// memberships, and reports whether there are any.
func byMembership(org tenancy.TenantID, changes []tenancy.Change, err error) bool {
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) {
		return false
	}
	items, _ := refusal.Result.([]tenancy.ItemRefusal)
	renamed := false
	for _, item := range items {
		if !isAbsent(&tenancy.Refusal{Outcome: item.Outcome}) {
			return false // it is refused for another reason as well
		}
		renamed = renameTo(org, changes, item.Index) || renamed
	}
	return renamed
}

// renameTo has the user id of one removal name a membership.
func renameTo(org tenancy.TenantID, changes []tenancy.Change, i int) bool {
	switch change := changes[i].(type) {
	case tenancy.RemoveMember:
		if change.User.IsZero() {
			return false
		}
		change.User = tenancy.MemberOf(org, uuid.UUID(change.User))
		changes[i] = change
	case tenancy.UpdateMember:
		if change.User.IsZero() {
			return false
		}
		change.User = tenancy.MemberOf(org, uuid.UUID(change.User))
		changes[i] = change
	}
	return true
}

// isAbsent reports whether a change failed because whom it is about is no
// member.
func isAbsent(err error) bool {
	return isAbout(err, tenancy.CodeUserUnknown) || isAbout(err, tenancy.CodeTargetNotMember)
}
