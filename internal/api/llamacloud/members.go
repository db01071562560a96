package llamacloud

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// users serves GET /api/v1/organizations/{organization_id}/users.
func (d *dialect) users(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	if err := input.check(); err != nil {
		return err
	}
	book := d.rolesOf(org)
	return api.List[tenancy.Member]{
		Gate: d.gate, Options: options,
		Page: func(last tenancy.Member) tenancy.Query {
			return tenancy.ListMembers{Tenant: tenancy.RefTo(org), After: last.User, Limit: api.PageSize}
		},
		Append: func(text []byte, m tenancy.Member) []byte {
			row := writer{text}
			row.userOrganization(m, book)
			return row.Value
		},
	}.Write(c, actor)
}

// addition is one element of the body that adds users.
type addition struct {
	UserID     *string `json:"user_id"`
	Email      *string `json:"email"`
	ProjectIDs list    `json:"project_ids"`
	RoleID     *string `json:"role_id"`
}

// addUsers serves PUT /api/v1/organizations/{organization_id}/users: all of
// the body's users are added, or set to what the body says, or none is.
func (d *dialect) addUsers(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	book := d.rolesOf(org)
	batch := tenancy.Batch{Changes: input.additions(book), Once: true}
	if err := input.check(); err != nil {
		return err
	}
	outcomes, err := d.addWithinLimit(c, actor, org, batch)
	if err != nil {
		return err
	}
	var shown writer
	shown.raw("[")
	for i, outcome := range outcomes {
		added, err := api.Result[tenancy.AddedMember](outcome)
		if err != nil {
			return err
		}
		if i > 0 {
			shown.raw(",")
		}
		shown.userOrganization(added.Member, book)
	}
	shown.raw("]")
	return ok(c, shown.Value)
}

// additions reads the users of the body.
func (f *form) additions(book *roleBook) []tenancy.Change {
	var given []addition
	if !f.json(&given, false) {
		return nil
	}
	if given == nil {
		f.fault("list_type", "Input should be a valid list", "body")
	}
	changes := make([]tenancy.Change, len(given))
	for i, one := range given {
		changes[i] = f.addition(one, book, i)
	}
	return changes
}

func (f *form) addition(one addition, book *roleBook, i int) tenancy.Change {
	who := f.named(one.UserID, one.Email, "body", i)
	change := tenancy.AddMember{Tenant: tenancy.RefTo(book.organization), User: who.user, Email: who.email, Enabled: true}
	switch {
	case !one.ProjectIDs.given:
		f.missing("body", i, "project_ids")
	case one.ProjectIDs.items != nil:
		change.Projects = tenancy.NewProjectAccess(f.projectIDs(*one.ProjectIDs.items, "body", i, "project_ids"))
	}
	if one.RoleID != nil {
		role := idOf(f, tenancy.ParseRoleID, *one.RoleID, "body", i, "role_id")
		system, _ := book.systemRole(role) // none: the level is the usual one
		change.There = book.setting(role)
		change.Level, change.LevelName, change.Roles = system.level, system.name, *change.There.Roles
	}
	change.There.Projects = &change.Projects
	return change
}
