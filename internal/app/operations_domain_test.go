package app

import "fmt"

// asked makes the request of an operation.
func asked(method, path string, args ...any) func() (string, string, string) {
	return func() (string, string, string) { return method, fmt.Sprintf(path, args...), "" }
}

// rolesOfAll are about custom roles and capabilities.
var rolesOfAll = []operationOfAll{
	{
		name: "native: create a role",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/v1/tenants/%s/roles", in.tenant), text(object{"name": roleNames[in.role], "actions": powersOf(in.flag)})
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) && c.makeRole(in.role, in.flag) },
	},
	{
		name: "native: update a role",
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/tenants/%s/roles/%s", in.tenant, in.roleID), text(object{"actions": powersOf(in.flag)})
		},
		model: func(c *chamber, in drawn) bool {
			c.roles[in.role].powers = in.flag
			return c.manages(in.actor) && c.roles[in.role].there
		},
	},
	{
		name: "native: delete a role",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/v1/tenants/%s/roles/%s", in.tenant, in.roleID)()
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) && c.dropRole(in.role) },
	},
	{
		name: "native: set the roles",
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/tenants/%s/members/%s", in.tenant, in.user), text(object{"role_ids": []string{in.roleID}})
		},
		model: func(c *chamber, in drawn) bool {
			return c.roles[in.role].there && c.change(in.actor, in.user, func(s *standing) { s.roles = 1 << in.role })
		},
	},
	{
		name: "cognee: create a role", // in the active tenant
		request: func(in drawn) (string, string, string) {
			return asked("POST", "/api/v1/permissions/roles?role_name=%s", roleNames[in.role])()
		},
		model: func(c *chamber, in drawn) bool {
			selected := c.people[in.actor].selected
			if selected == 0 {
				return false
			}
			active := &c.world.chambers[selected-1]
			return (active.manages(in.actor) || active.managesUsers(in.actor)) && active.makeRole(in.role, false)
		},
		skip: func(c *chamber, in drawn) bool { return c.people[in.actor].selected >= elsewhere },
	},
	{
		name: "cognee: delete a role",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/api/v1/permissions/roles/%s", in.roleID)()
		},
		model: func(c *chamber, in drawn) bool {
			return (c.manages(in.actor) || c.managesUsers(in.actor)) && c.dropRole(in.role)
		},
	},
	{
		name: "cognee: give a role",
		request: func(in drawn) (string, string, string) {
			return asked("POST", "/api/v1/permissions/users/%s/roles?role_id=%s", in.user, in.roleID)()
		},
		model: func(c *chamber, in drawn) bool { return c.giveRole(in.actor, in.user, in.role) },
	},
	{
		name: "cognee: take a role",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/api/v1/permissions/users/%s/roles?role_id=%s", in.user, in.roleID)()
		},
		model: func(c *chamber, in drawn) bool { return c.takeRole(in.actor, in.user, in.role) },
	},
	{
		name: "llamacloud: assign a custom role",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/api/v1/organizations/%s/users/roles", in.tenant),
				text(object{"user_id": in.user.String(), "organization_id": in.tenant.String(), "role_id": in.roleID})
		},
		model: func(c *chamber, in drawn) bool {
			return c.roles[in.role].there && c.change(in.actor, in.user, func(s *standing) { s.roles = 1 << in.role })
		},
	},
	{
		name: "cognee: grant a capability",
		request: func(in drawn) (string, string, string) {
			return asked("POST", "/api/v1/permissions/capabilities/%s?capability=manage_users&tenant_id=%s", in.principalID(), in.tenant)()
		},
		model: func(c *chamber, in drawn) bool { return c.endow(in, true) },
	},
	{
		name: "cognee: revoke a capability",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/api/v1/permissions/capabilities/%s?capability=manage_users&tenant_id=%s", in.principalID(), in.tenant)()
		},
		model: func(c *chamber, in drawn) bool { return c.endow(in, false) },
	},
}

func powersOf(some bool) []string {
	if some {
		return powers
	}
	return []string{}
}

// projectsOfAll are about projects and datasets.
var projectsOfAll = []operationOfAll{
	{
		name: "llamacloud: create a project",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/api/v1/projects?organization_id=%s", in.tenant), text(object{"name": "p"})
		},
		model: func(c *chamber, in drawn) bool {
			c.projects |= 1 << len(in.made.projects)
			return c.manages(in.actor)
		},
		learn: func(in drawn, answer object) { in.made.projects = append(in.made.projects, answer["id"].(string)) },
	},
	{
		name: "llamacloud: rename a project",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/api/v1/projects/%s", in.projectID), text(object{"name": "q"})
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) && c.projects.has(in.project) },
	},
	{
		name: "llamacloud: delete a project",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/api/v1/projects/%s?organization_id=%s", in.projectID, in.tenant)()
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) && c.deleteProject(in.project) },
	},
	{
		name: "llamacloud: join a project",
		request: func(in drawn) (string, string, string) {
			return asked("PUT", "/api/v1/organizations/%s/users/%s/projects?project_id=%s", in.tenant, in.user, in.projectID)()
		},
		model: func(c *chamber, in drawn) bool {
			return c.projects.has(in.project) && c.change(in.actor, in.user, joinProject(in.project))
		},
	},
	{
		name: "llamacloud: quit a project",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/api/v1/organizations/%s/users/%s/projects/%s", in.tenant, in.user, in.projectID)()
		},
		model: func(c *chamber, in drawn) bool {
			return c.projects.has(in.project) && c.change(in.actor, in.user, c.quitProject(in.project))
		},
	},
	{
		name: "llamacloud: remove from projects",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/api/v1/organizations/%s/users/%s", in.tenant, in.user), text([]string{in.projectID})
		},
		model: func(c *chamber, in drawn) bool {
			return c.projects.has(in.project) && c.change(in.actor, in.user, c.quitProject(in.project))
		},
	},
	{
		name: "cognee: select",
		request: func(in drawn) (string, string, string) {
			return "POST", "/api/v1/permissions/tenants/select", text(object{"tenant_id": in.tenant.String()})
		},
		model: func(c *chamber, in drawn) bool {
			_, there := c.members[in.actor]
			return there && c.sees(in.actor) && c.choose(in.actor, c.index+1)
		},
	},
	{
		name: "cognee: select none",
		request: func(in drawn) (string, string, string) {
			return "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":null}`
		},
		model: func(c *chamber, in drawn) bool { return c.choose(in.actor, 0) },
	},
	{
		name: "cognee: register a dataset", // in the active tenant
		request: func(in drawn) (string, string, string) {
			return "POST", "/api/v1/datasets", text(object{"name": "d"})
		},
		model: func(c *chamber, in drawn) bool { return c.register(in.actor) },
		learn: func(in drawn, answer object) {
			if made := in.selected; made != nil {
				made.datasets = append(made.datasets, answer["id"].(string))
			}
		},
	},
	{
		name: "cognee: grant",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/api/v1/permissions/datasets/%s?permission_name=%s", in.principalID(), permissionNames[in.permission]),
				text([]string{in.datasetID})
		},
		model: func(c *chamber, in drawn) bool { return c.share(in, false) },
	},
	{
		name: "cognee: revoke",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/api/v1/permissions/datasets/%s?permission_name=%s", in.principalID(), permissionNames[in.permission]),
				text([]string{in.datasetID})
		},
		model: func(c *chamber, in drawn) bool { return c.share(in, true) },
	},
}

// invitationsOfAll are about who is invited.
var invitationsOfAll = []operationOfAll{
	{
		name: "native: invite",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/v1/tenants/%s/invitations", in.tenant), text(object{"email": emailOf(in.user), "level": in.level.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.invite(in, in.level, false) },
		learn: learnInvitation,
	},
	{
		name: "cogniac: invite",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/1/tenants/%s/invites", in.tenant), text(object{"invited_user_email": emailOf(in.user), "role": cogniacRole[in.level]})
		},
		model: func(c *chamber, in drawn) bool { return c.invite(in, in.level, true) },
		learn: learnInvitation,
	},
	{
		name: "native: withdraw an invitation",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/v1/tenants/%s/invitations/%s", in.tenant, in.offerID)()
		},
		model: func(c *chamber, in drawn) bool { return c.withdraw(in) },
	},
	{
		name: "cogniac: withdraw an invitation",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/1/tenants/%s/invites", in.tenant), text(object{"invited_user_email": emailOf(in.user)})
		},
		model: func(c *chamber, in drawn) bool { return c.withdraw(in) },
	},
	{
		name: "native: accept", by: byNobody,
		request: func(in drawn) (string, string, string) {
			return asked("POST", "/v1/invitations/%s/accept", in.code)()
		},
		model: func(c *chamber, in drawn) bool { return c.accept(in.user) },
	},
	{
		name: "native: decline", by: byNobody,
		request: func(in drawn) (string, string, string) {
			return asked("POST", "/v1/invitations/%s/decline", in.code)()
		},
		model: func(c *chamber, in drawn) bool { return c.decline(in.user) },
	},
}

// learnInvitation keeps the code, which only the answer that makes an
// invitation has.
func learnInvitation(in drawn, answer object) {
	if code, given := answer["code"].(string); given {
		in.made.codes[in.user] = code
	}
}

// organizationsOfAll are about organizations.
var organizationsOfAll = []operationOfAll{
	{
		name: "processmind: set an organization's user",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/tenant/%s/organization/users", in.tenant),
				text(object{"userId": in.user.String(), "isAdminInOrganization": in.flag, "isActiveInOrganization": in.second})
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) && c.appoint(in) },
	},
	{
		name: "native: set an organization's member",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/v1/organizations/%s/members/%s", in.above, in.user), text(object{"admin": in.flag, "enabled": in.second})
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) && c.appoint(in) },
	},
	{
		name: "processmind: remove an organization's user",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/tenant/%s/organization/users", in.tenant), text(object{"userId": in.user.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) && c.dismiss(in) },
	},
	{
		name: "native: remove an organization's member",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/v1/organizations/%s/members/%s", in.above, in.user)()
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) && c.dismiss(in) },
	},
	{
		name: "native: update an organization",
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/organizations/%s", in.above), text(object{"name": "O"})
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) },
	},
	{
		name: "native: delete an organization", // one with tenants, or one without
		request: func(in drawn) (string, string, string) {
			if in.flag {
				return asked("DELETE", "/v1/organizations/%s", or(*in.spare))()
			}
			return asked("DELETE", "/v1/organizations/%s", in.above)()
		},
		model: func(_ *chamber, in drawn) bool { return in.flag && len(*in.spare) > 0 },
		by:    byPlatform,
		learn: func(in drawn, _ object) { *in.spare = (*in.spare)[:len(*in.spare)-1] },
	},
	{
		name: "native: create an organization",
		request: func(drawn) (string, string, string) {
			return "POST", "/v1/organizations", text(object{"name": "O"})
		},
		model: func(_ *chamber, in drawn) bool { return in.flag },
		by:    platformIfFlag,
		learn: func(in drawn, answer object) { *in.spare = append(*in.spare, answer["id"].(string)) },
	},
	{
		name: "processmind: create a tenant",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/tenant/%s/organization/tenants", in.tenant), text(object{"shortName": in.fresh})
		},
		model: func(c *chamber, in drawn) bool {
			c.world.above[c.above].tenants++
			return c.administers(in.actor) && c.own(in.actor)
		},
	},
	{
		name: "processmind: detach a tenant",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/tenant/%s/organization/tenants/%s", in.tenant, in.tenant)()
		},
		model: func(c *chamber, in drawn) bool { return c.administers(in.actor) && c.detach() },
	},
}

func platformIfFlag(in drawn) string {
	if in.flag {
		return dialectsPlatform
	}
	return keyOfUser(in.actor)
}

// accountsOfAll are about accounts.
var accountsOfAll = []operationOfAll{
	{
		name: "native: suspend", by: byPlatform,
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/users/%s", in.user), text(object{"enabled": in.flag})
		},
		model: func(c *chamber, in drawn) bool { return c.suspend(in.user, !in.flag) },
	},
	{
		name: "native: rename",
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/users/%s", in.user), text(object{"given_name": "G"})
		},
		model: func(c *chamber, in drawn) bool { return in.actor == in.user && c.acts(in.actor) },
	},
	{
		name: "native: sign up", by: byPlatform,
		request: func(in drawn) (string, string, string) {
			return "POST", "/v1/users", text(object{"email": emailOf(in.user)})
		},
		model: func(c *chamber, in drawn) bool { return c.signUp(in.user) },
	},
	{
		name: "native: delete an account", by: byPlatform,
		request: func(in drawn) (string, string, string) { return asked("DELETE", "/v1/users/%s", in.user)() },
		model:   func(c *chamber, in drawn) bool { return c.erase(in.user) },
		skip:    func(c *chamber, in drawn) bool { return c.gone() || !in.flag },
	},
	{
		name: "native: leave everything",
		request: func(in drawn) (string, string, string) {
			return asked("DELETE", "/v1/users/%s/memberships", in.user)()
		},
		model: func(c *chamber, in drawn) bool { return in.actor == in.user && c.leaveAll(in.user) },
	},
}

// tenantsOfAll are about tenants as a whole. Those that they make are in the
// model only as what somebody owns.
var tenantsOfAll = []operationOfAll{
	{
		name:    "native: create a tenant",
		request: func(drawn) (string, string, string) { return "POST", "/v1/tenants", text(object{"name": "N"}) },
		model:   func(c *chamber, in drawn) bool { return c.found(in.actor, false) },
		learn:   learnTenant("id"),
	},
	{
		name: "cognee: create a tenant",
		request: func(drawn) (string, string, string) {
			return asked("POST", "/api/v1/permissions/tenants?tenant_name=N")()
		},
		model: func(c *chamber, in drawn) bool { return c.found(in.actor, true) },
		learn: learnTenant("tenant_id"),
	},
	{
		name: "llamacloud: create an organization",
		request: func(drawn) (string, string, string) {
			return "POST", "/api/v1/organizations", text(object{"name": "N"})
		},
		model: func(c *chamber, in drawn) bool { return c.found(in.actor, false) },
		learn: learnTenant("id"),
	},
	{
		name:    "cogniac: create a tenant",
		request: func(drawn) (string, string, string) { return "POST", "/1/tenants", text(object{"name": "N"}) },
		model:   func(c *chamber, in drawn) bool { return c.found(in.actor, false) },
		learn:   learnTenant("tenant_id"),
	},
	deletion("native", "/v1/tenants/%s"), deletion("llamacloud", "/api/v1/organizations/%s"), deletion("cogniac", "/1/tenants/%s"),
	renaming("native", "PATCH", "/v1/tenants/%s", "name"), renaming("llamacloud", "PUT", "/api/v1/organizations/%s", "name"),
	renaming("cogniac", "POST", "/1/tenants/%s", "name"), renaming("processmind", "PUT", "/tenant/%s", "displayName"),
	{
		name: "native: report usage",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/v1/tenants/%s/usage", in.tenant), text(object{"process_count": 3})
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) },
	},
}

// learnTenant keeps what tenant was made.
func learnTenant(key string) func(drawn, object) {
	return func(in drawn, answer object) {
		in.founded[in.actor] = append(in.founded[in.actor], answer[key].(string))
	}
}

// deletion is of the last tenant that the other drawn made.
func deletion(name, path string) operationOfAll {
	return operationOfAll{
		name:    name + ": delete a tenant",
		request: func(in drawn) (string, string, string) { return asked("DELETE", path, in.foundedID())() },
		model:   func(c *chamber, in drawn) bool { return in.actor == in.user && c.abandon(in.user) },
		learn:   func(in drawn, _ object) { in.founded[in.user] = in.founded[in.user][:len(in.founded[in.user])-1] },
	}
}

func renaming(name, method, path, key string) operationOfAll {
	return operationOfAll{
		name: name + ": rename a tenant",
		request: func(in drawn) (string, string, string) {
			return method, fmt.Sprintf(path, in.tenant), text(object{key: "T"})
		},
		model: func(c *chamber, in drawn) bool { return c.manages(in.actor) },
	}
}
