package app

// reading is a GET, and who is answered.
func reading(name, path string, args func(in drawn) []any, model func(c *chamber, in drawn) bool) operationOfAll {
	return operationOfAll{
		name:    name,
		request: func(in drawn) (string, string, string) { return asked("GET", path, args(in)...)() },
		model:   model,
	}
}

// What a path is about.
func ofTenant(in drawn) []any  { return []any{in.tenant} }
func ofMember(in drawn) []any  { return []any{in.tenant, in.user} }
func ofRole(in drawn) []any    { return []any{in.tenant, in.roleID} }
func ofProject(in drawn) []any { return []any{in.projectID} }
func ofAbove(in drawn) []any   { return []any{in.above} }
func ofPlace(in drawn) []any   { return []any{in.above, in.user} }
func ofUser(in drawn) []any    { return []any{in.user} }
func ofNothing(drawn) []any    { return nil }

// Who is answered.
func members(c *chamber, in drawn) bool        { return c.sees(in.actor) }
func administrators(c *chamber, in drawn) bool { return c.manages(in.actor) }
func anybody(c *chamber, in drawn) bool        { return c.acts(in.actor) }
func oneself(c *chamber, in drawn) bool        { return c.acts(in.actor) && in.actor == in.user }
func ofTheOrganization(c *chamber, in drawn) bool {
	return c.belongs(in.actor)
}

func aboutAMember(c *chamber, in drawn) bool {
	_, there := c.members[in.user]
	return there && c.sees(in.actor)
}

// holders see their role, and administrators every one.
func holders(c *chamber, in drawn) bool {
	return c.roles[in.role].there && (c.manages(in.actor) || c.sees(in.actor) && c.members[in.actor].roles.has(in.role))
}

func holdersOrManagers(c *chamber, in drawn) bool {
	return holders(c, in) || c.roles[in.role].there && c.managesUsers(in.actor)
}

func aboutAProject(c *chamber, in drawn) bool { return c.projects.has(in.project) && c.sees(in.actor) }

// seenFromBelow are an organization's readers who see the tenant as well.
func seenFromBelow(c *chamber, in drawn) bool { return c.sees(in.actor) && c.belongs(in.actor) }

// readsOfAll change nothing.
var readsOfAll = []operationOfAll{
	reading("native: read a tenant", "/v1/tenants/%s", ofTenant, members),
	reading("native: list tenants", "/v1/tenants", ofNothing, anybody),
	reading("native: list members", "/v1/tenants/%s/members", ofTenant, members),
	reading("native: read a member", "/v1/tenants/%s/members/%s", ofMember, aboutAMember),
	reading("native: list roles", "/v1/tenants/%s/roles", ofTenant, administrators),
	reading("native: read a role", "/v1/tenants/%s/roles/%s", ofRole, holders),
	reading("native: list invitations", "/v1/tenants/%s/invitations", ofTenant, administrators),
	reading("native: read an account", "/v1/users/%s", ofUser, oneself),
	{
		name:    "native: find an account",
		request: func(in drawn) (string, string, string) { return asked("GET", "/v1/users?email=%s", emailOf(in.user))() },
		model:   func(_ *chamber, in drawn) bool { return in.flag },
		by:      platformIfFlag,
	},
	reading("native: list somebody's tenants", "/v1/users/%s/tenants", ofUser, oneself),
	reading("native: list organizations", "/v1/organizations", ofNothing, anybody),
	reading("native: read an organization", "/v1/organizations/%s", ofAbove, ofTheOrganization),
	reading("native: list an organization's members", "/v1/organizations/%s/members", ofAbove, ofTheOrganization),
	reading("native: read an organization's member", "/v1/organizations/%s/members/%s", ofPlace, func(c *chamber, in drawn) bool {
		_, there := c.world.above[c.above].places[in.user]
		return there && c.belongs(in.actor)
	}),

	reading("cognee: list users", "/api/v1/permissions/tenants/%s/users", ofTenant, members),
	reading("cognee: list tenants", "/api/v1/permissions/tenants/me", ofNothing, anybody),
	reading("cognee: list capabilities", "/api/v1/permissions/tenants/%s/capabilities/me", ofTenant, members),
	reading("cognee: list roles", "/api/v1/permissions/tenants/%s/roles", ofTenant, members),
	reading("cognee: list a role's users", "/api/v1/permissions/tenants/%s/roles/%s/users", ofRole, holdersOrManagers),
	reading("cognee: list a user's roles", "/api/v1/permissions/tenants/%s/roles/users/%s", ofMember, func(c *chamber, in drawn) bool {
		_, there := c.members[in.user]
		return there && (c.manages(in.actor) || c.managesUsers(in.actor))
	}),
	reading("cognee: list datasets", "/api/v1/datasets", ofNothing, anybodyWhereSelected),
	reading("cognee: list one's datasets", "/api/v1/permissions/principals/%s/datasets",
		func(in drawn) []any { return []any{in.actor} }, anybodyWhereSelected),

	{
		name: "cognee: find an account",
		request: func(in drawn) (string, string, string) {
			return "POST", "/api/v1/users/get-user-id", text(object{"email": emailOf(in.user)})
		},
		model: anybody,
	},
	reading("llamacloud: list organizations", "/api/v1/organizations", ofNothing, anybody),
	reading("llamacloud: read an organization", "/api/v1/organizations/%s", ofTenant, members),
	reading("llamacloud: list users", "/api/v1/organizations/%s/users", ofTenant, members),
	reading("llamacloud: list roles", "/api/v1/organizations/%s/roles", ofTenant, administrators),
	reading("llamacloud: read one's role", "/api/v1/organizations/%s/users/roles", ofTenant, members),
	reading("llamacloud: list a user's projects", "/api/v1/organizations/%s/users/%s/projects", ofMember, aboutAMember),
	reading("llamacloud: list projects", "/api/v1/projects?organization_id=%s", ofTenant, members),
	reading("llamacloud: read a project", "/api/v1/projects/%s", ofProject, aboutAProject),

	reading("cogniac: read a tenant", "/1/tenants/%s", ofTenant, members),
	reading("cogniac: list users", "/1/tenants/%s/users", ofTenant, members),
	reading("cogniac: list invitations", "/1/tenants/%s/invites", ofTenant, administrators),
	reading("cogniac: read oneself", "/1/users/current", ofNothing, anybody),
	reading("cogniac: list tenants", "/1/users/current/tenants", ofNothing, anybody),

	reading("processmind: read a tenant", "/tenant/%s", ofTenant, members),
	reading("processmind: read statistics", "/tenant/%s/statistics", ofTenant, administrators),
	reading("processmind: list users", "/tenant/%s/users", ofTenant, members),
	reading("processmind: read an organization", "/tenant/%s/organization", ofTenant, seenFromBelow),
	reading("processmind: read an organization's statistics", "/tenant/%s/organization/statistics", ofTenant, administratorsAbove),
	reading("processmind: list an organization's tenants", "/tenant/%s/organization/tenants", ofTenant, seenFromBelow),
	reading("processmind: list an organization's users", "/tenant/%s/organization/users", ofTenant, seenFromBelow),
}

func administratorsAbove(c *chamber, in drawn) bool { return c.administers(in.actor) }

func anybodyWhereSelected(c *chamber, in drawn) bool {
	if selected := c.people[in.actor].selected; selected > 0 && selected < elsewhere {
		return c.world.chambers[selected-1].sees(in.actor)
	}
	return c.acts(in.actor)
}
