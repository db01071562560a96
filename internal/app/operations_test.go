package app

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// object is a JSON body.
type object = map[string]any

// text encodes a body.
func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// operationOfAll is one thing that may be asked through one API, and what the
// model makes of it: whether it is done.
type operationOfAll struct {
	name    string
	request func(in drawn) (method, path, body string)
	model   func(c *chamber, in drawn) bool // of the tenant that was drawn
	by      asker                           // nil: whoever was drawn, with their key
	learn   func(in drawn, answer object)   // takes what only an answer says; nil: nothing
	skip    func(c *chamber, in drawn) bool // what leads out of the model; nil: nothing
}

// operationsOfAll are those of every API. Invitations come more often: only one
// that is there can be answered.
func operationsOfAll() []operationOfAll {
	often := slices.Repeat(invitationsOfAll, 4)
	return slices.Concat(membersOfAll, rolesOfAll, projectsOfAll, often, organizationsOfAll, accountsOfAll, tenantsOfAll, readsOfAll)
}

// asker gives the credential of who asks; none for nobody's.
type asker func(in drawn) string

func byPlatform(drawn) string { return dialectsPlatform }
func byNobody(drawn) string   { return "" }

// kept is how Cogniac and ProcessMind add a member who is there: nothing
// changes.
func kept(c *chamber, in drawn, fresh standing) bool {
	if _, there := c.members[in.user]; there {
		return c.enrols(in.actor, fresh.level)
	}
	return c.add(in.actor, in.user, fresh)
}

// LlamaCloud's roles are levels, and take custom roles away. Its Admin is who
// administers, so an owner stays one.
func systemRoleOf(level tenancy.Level) func(*standing) {
	return func(s *standing) {
		s.roles = 0
		if level != tenancy.LevelAdmin || !s.level.Administers() {
			s.level = level
		}
	}
}

func llamaRole(in drawn) string {
	names := map[tenancy.Level]string{tenancy.LevelAdmin: "Admin", tenancy.LevelMember: "Member", tenancy.LevelViewer: "ViewerV2"}
	return uuid.NewSHA1(uuid.UUID(in.tenant), []byte("llamacloud/role/"+names[in.level])).String()
}

var cogniacRole = map[tenancy.Level]string{tenancy.LevelAdmin: "tenant_admin", tenancy.LevelMember: "tenant_user", tenancy.LevelViewer: "tenant_viewer"}

// membersOfAll are about members.
var membersOfAll = []operationOfAll{
	{
		name: "native: add",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/v1/tenants/%s/members", in.tenant), text(object{"user_id": in.user.String(), "level": in.level.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.add(in.actor, in.user, standing{level: in.level}) },
	},
	{
		name: "native: update",
		request: func(in drawn) (string, string, string) {
			return "PATCH", fmt.Sprintf("/v1/tenants/%s/members/%s", in.tenant, in.user),
				text(object{"level": in.level.String(), "enabled": in.flag, "developer": in.second})
		},
		model: func(c *chamber, in drawn) bool {
			return c.change(in.actor, in.user, func(s *standing) { s.level, s.disabled, s.developer = in.level, !in.flag, in.second })
		},
	},
	{
		name: "native: remove",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/v1/tenants/%s/members/%s", in.tenant, in.user), ""
		},
		model: func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, anybodyLeaves) },
	},
	{
		name: "native: batch",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/v1/tenants/%s/members/batch", in.tenant), text(object{"operations": []object{
				{"op": "add", "user_id": in.user.String(), "level": in.level.String()}, {"op": "remove", "user_id": in.other.String()},
			}})
		},
		model: func(c *chamber, in drawn) bool {
			return c.add(in.actor, in.user, standing{level: in.level}) && c.remove(in.actor, in.other, anybodyLeaves)
		},
	},
	{
		name: "native: transfer",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/v1/tenants/%s/transfer-ownership", in.tenant), text(object{"to": in.user.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.transfer(in.actor, in.user) },
	},
	{
		name: "cognee: add",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/api/v1/permissions/users/%s/tenants?tenant_id=%s", in.user, in.tenant), ""
		},
		model: func(c *chamber, in drawn) bool {
			if _, there := c.members[in.user]; there || !c.managesUsers(in.actor) || tenancy.LevelMember.Rank() > c.rank(in.actor).Rank() {
				return c.add(in.actor, in.user, standing{level: tenancy.LevelMember})
			}
			c.members[in.user] = standing{level: tenancy.LevelMember, waits: !c.proven(in.user)}
			return true
		},
	},
	{
		name: "cognee: remove",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/api/v1/permissions/tenants/%s/users/%s", in.tenant, in.user), ""
		},
		model: func(c *chamber, in drawn) bool { return c.removeByCognee(in.actor, in.user) },
	},
	{
		name: "llamacloud: put",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/api/v1/organizations/%s/users", in.tenant), text([]object{
				{"user_id": in.user.String(), "project_ids": nil, "role_id": llamaRole(in)},
				{"email": emailOf(in.other), "project_ids": nil},
			})
		},
		model: func(c *chamber, in drawn) bool {
			put := func(user tenancy.UserID, level tenancy.Level, how func(*standing)) bool {
				if _, there := c.members[user]; there {
					return c.change(in.actor, user, how)
				}
				return c.add(in.actor, user, standing{level: level})
			}
			everything := func(how func(*standing)) func(*standing) {
				return func(s *standing) { how(s); s.only, s.works = false, 0 }
			}
			return put(in.user, in.level, everything(systemRoleOf(in.level))) && put(in.other, tenancy.LevelViewer, everything(unchanged))
		},
	},
	{
		name: "llamacloud: remove",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/api/v1/organizations/%s/users/%s", in.tenant, in.user), map[bool]string{true: "null"}[in.flag]
		},
		model: func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, anybodyLeaves) },
	},
	{
		name: "llamacloud: remove several",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/api/v1/organizations/%s/users/remove", in.tenant), text([]object{{"user_id": in.user.String()}, {"email": emailOf(in.other)}})
		},
		model: func(c *chamber, in drawn) bool {
			first, last := in.user, in.other
			if first == in.actor { // the actor leaves last
				first, last = last, first
			}
			return c.remove(in.actor, first, anybodyLeaves) && c.remove(in.actor, last, anybodyLeaves)
		},
	},
	{
		name: "llamacloud: assign",
		request: func(in drawn) (string, string, string) {
			return "PUT", fmt.Sprintf("/api/v1/organizations/%s/users/roles", in.tenant),
				text(object{"user_id": in.user.String(), "organization_id": in.tenant.String(), "role_id": llamaRole(in)})
		},
		model: func(c *chamber, in drawn) bool { return c.change(in.actor, in.user, systemRoleOf(in.level)) },
	},
	{
		name: "cogniac: add",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/1/tenants/%s/users", in.tenant), text(object{"user_id": in.user.String(), "role": cogniacRole[in.level]})
		},
		model: func(c *chamber, in drawn) bool { return kept(c, in, standing{level: in.level}) },
	},
	{
		name: "cogniac: role",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/1/tenants/%s/users/role", in.tenant), text(object{"user_id": in.user.String(), "tenant_role": cogniacRole[in.level]})
		},
		model: func(c *chamber, in drawn) bool {
			if in.level == tenancy.LevelAdmin {
				return c.change(in.actor, in.user, administrator(true))
			}
			return c.change(in.actor, in.user, leveled(in.level))
		},
	},
	{
		name: "cogniac: remove",
		request: func(in drawn) (string, string, string) {
			if in.flag {
				return "DELETE", fmt.Sprintf("/1/tenants/%s/users?user_id=%s", in.tenant, in.user), ""
			}
			return "DELETE", fmt.Sprintf("/1/tenants/%s/users", in.tenant), text(object{"user_id": in.user.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, anybodyLeaves) },
	},
	{
		name: "processmind: add",
		request: func(in drawn) (string, string, string) {
			return "POST", fmt.Sprintf("/tenant/%s/users", in.tenant), text(object{
				"email": emailOf(in.user), "isAdminInTenant": in.flag, "isActiveInTenant": in.second, "isDeveloperInTenant": in.second,
			})
		},
		model: func(c *chamber, in drawn) bool {
			fresh := standing{level: tenancy.LevelMember, disabled: !in.second, developer: in.second}
			if in.flag {
				fresh.level = tenancy.LevelAdmin
			}
			return kept(c, in, fresh)
		},
	},
	{
		name: "processmind: update",
		request: func(in drawn) (string, string, string) {
			flags := object{"userId": in.user.String(), "tenantId": in.tenant.String(), "isAdminInTenant": in.flag}
			if in.level == tenancy.LevelAdmin {
				flags["isActiveInTenant"] = in.second
			}
			return "PUT", fmt.Sprintf("/tenant/%s/users", in.tenant), text(flags)
		},
		model: func(c *chamber, in drawn) bool {
			return c.change(in.actor, in.user, func(s *standing) {
				administrator(in.flag)(s)
				if in.level == tenancy.LevelAdmin {
					s.disabled = !in.second
				}
			})
		},
	},
	{
		name: "processmind: remove",
		request: func(in drawn) (string, string, string) {
			return "DELETE", fmt.Sprintf("/tenant/%s/users", in.tenant), text(object{"userId": in.user.String(), "tenantId": in.tenant.String()})
		},
		model: func(c *chamber, in drawn) bool { return c.remove(in.actor, in.user, othersLeave) },
	},
}
