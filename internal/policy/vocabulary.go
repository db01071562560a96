package policy

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// inputVersion is the version of the published input (contract/input.schema.json).
const inputVersion = 1

// vocabulary holds what every input is made of, ready made: the keys, the
// words of the domain, and whole parts for what does not apply. It never
// changes and is safe for concurrent use.
type vocabulary struct {
	keys     keys
	actions  map[tenancy.Action]*ast.Term // whole objects
	dialects map[tenancy.Dialect]*ast.Term
	levels   map[tenancy.Level]*ast.Term
	ranks    map[tenancy.Level]*ast.Term

	permissions [tenancy.AllPermissions + 1]*ast.Term // lists of their names, by the set

	version, unlimited, userType                               *ast.Term
	emptyString, emptyList, emptyObject, unscoped              *ast.Term
	noTenant, noTarget, noRequest, noResource, noRoute, noHTTP *ast.Term
}

// keys are the keys of the input, as terms.
type keys struct {
	version, action, subject, actor, tenant, target, requested, resource, route, http, dialect, context, attributes *ast.Term

	actions, active, capabilities, clientIP, developer, enabled, exists, expires, headers, host, id, lasting, lastingAdmins,
	level, limit, member, members, method, mine, name, organizationAdmin, owner, params, path, pending, permissions, platform,
	properties, query, rank, rawPath, roles, scheme, scopes, segments, self, stored, template, typ, user *ast.Term
}

func newKeys() keys {
	s := ast.StringTerm
	return keys{
		version: s("version"), action: s("action"), subject: s("subject"), actor: s("actor"), tenant: s("tenant"),
		target: s("target"), requested: s("requested"), resource: s("resource"), route: s("route"), http: s("http"),
		dialect: s("dialect"), context: s("context"), attributes: s("attributes"),

		actions: s("actions"), active: s("active"), capabilities: s("capabilities"), clientIP: s("client_ip"),
		developer: s("developer"), enabled: s("enabled"), exists: s("exists"), expires: s("expires"), headers: s("headers"),
		host: s("host"), id: s("id"), lasting: s("lasting"), lastingAdmins: s("lasting_admins"), level: s("level"),
		limit: s("limit"), member: s("member"), members: s("members"), method: s("method"), mine: s("mine"), name: s("name"),
		organizationAdmin: s("organization_admin"), owner: s("owner"), params: s("params"), path: s("path"),
		pending: s("pending"), permissions: s("permissions"), platform: s("platform"), properties: s("properties"),
		query: s("query"), rank: s("rank"), rawPath: s("raw_path"), roles: s("roles"), scheme: s("scheme"),
		scopes: s("scopes"), segments: s("segments"), self: s("self"), stored: s("stored"), template: s("template"),
		typ: s("type"), user: s("user"),
	}
}

// ready are the actions that are asked for most; any other is built as it
// comes.
var ready = []tenancy.Action{
	tenancy.ActionUserCreate, tenancy.ActionUserRegister, tenancy.ActionKeyCreate, tenancy.ActionKeyDelete,
	tenancy.ActionTenantCreate, tenancy.ActionTenantUpdate, tenancy.ActionTenantSelect, tenancy.ActionMemberAdd, tenancy.ActionMemberUpdate,
	tenancy.ActionMemberRemove, tenancy.ActionMemberLeave,
	tenancy.ActionUserRead, tenancy.ActionUserFind, tenancy.ActionKeyList, tenancy.ActionTenantRead, tenancy.ActionTenantList,
	tenancy.ActionTenantListAll, tenancy.ActionMemberRead, tenancy.ActionMemberList, tenancy.ActionPolicyRead,
	tenancy.ActionAuditRead, tenancy.ActionResourceRead, tenancy.ActionResourceWrite,
	tenancy.ActionDatasetRead, tenancy.ActionDatasetWrite, tenancy.ActionDatasetDelete, tenancy.ActionDatasetShare,
}

func newVocabulary() *vocabulary {
	v := &vocabulary{
		keys:    newKeys(),
		actions: map[tenancy.Action]*ast.Term{}, dialects: map[tenancy.Dialect]*ast.Term{},
		levels: map[tenancy.Level]*ast.Term{}, ranks: map[tenancy.Level]*ast.Term{},
		version: number(inputVersion), unlimited: number(tenancy.Unlimited), userType: ast.StringTerm("user"),
		emptyString: ast.StringTerm(""), emptyList: ast.ArrayTerm(), emptyObject: ast.ObjectTerm(),
		unscoped: ast.ArrayTerm(ast.StringTerm("*")),
	}
	for _, level := range []tenancy.Level{
		tenancy.LevelNone, tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelOwner,
	} {
		v.levels[level], v.ranks[level] = ast.StringTerm(level.String()), number(int64(level.Rank()))
	}
	for _, dialect := range tenancy.Dialects() {
		v.dialects[dialect] = ast.StringTerm(string(dialect))
	}
	w := &writer{vocabulary: v}
	for set := range v.permissions {
		v.permissions[set] = names(w, tenancy.Permissions(set).Names())
	}
	for _, action := range ready {
		v.actions[action] = w.newAction(action, "")
	}
	v.noTenant = w.newTenant(&gate.TenantFacts{Limit: tenancy.Unlimited})
	v.noTarget = w.newTarget(&gate.TargetFacts{}, v.emptyString)
	v.noRequest = w.newRequested(&gate.RequestedFacts{})
	v.noResource = w.newResource(&gate.ResourceFacts{})
	v.noRoute = w.newRoute(tenancy.Route{})
	v.noHTTP = w.newHTTP(&tenancy.HTTPRequest{})
	return v
}

// level gives a level's name; "none" for a number that is no level.
func (v *vocabulary) level(level tenancy.Level) *ast.Term {
	if term, known := v.levels[level]; known {
		return term
	}
	return v.levels[tenancy.LevelNone]
}

// rank gives a level's rank; 0 for a number that is no level.
func (v *vocabulary) rank(level tenancy.Level) *ast.Term {
	if term, known := v.ranks[level]; known {
		return term
	}
	return v.ranks[tenancy.LevelNone]
}

func (v *vocabulary) limit(limit int64) *ast.Term {
	if limit == tenancy.Unlimited {
		return v.unlimited
	}
	return number(limit)
}

func pair(key, value *ast.Term) [2]*ast.Term { return [2]*ast.Term{key, value} }

func truth(b bool) *ast.Term { return ast.InternedTerm(b) }

func number(n int64) *ast.Term {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return ast.InternedTerm(int(n)) // an int has 32 bits on some machines
	}
	return ast.NumberTerm(json.Number(strconv.FormatInt(n, 10)))
}
