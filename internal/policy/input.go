package policy

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// inputVersion is the version of the published input (contract/input.schema.json).
const inputVersion = 1

// builder turns the gate's facts into the value that Rego sees as input. It
// holds every key, and every part that stays the same, ready made. Safe for
// concurrent use.
type builder struct {
	keys   keys
	levels map[tenancy.Level]*ast.Term
	ranks  map[tenancy.Level]*ast.Term

	version, unlimited, userType                      *ast.Term
	emptyString, emptyList, emptyObject, unscoped     *ast.Term
	noRequest, noResource, noRoute, noHTTP, noContext *ast.Term
}

// keys are the keys of the input, as terms.
type keys struct {
	version, action, subject, actor, tenant, target, requested, resource, route, http, dialect, context *ast.Term

	actions, active, capabilities, clientIP, developer, enabled, exists, expires, headers, host, id, lasting, lastingAdmins,
	level, limit, member, members, method, mine, name, organizationAdmin, owner, params, path, pending, permissions, platform,
	properties, query, rank, rawPath, roles, scheme, scopes, segments, self, stored, template, typ, user *ast.Term
}

func newKeys() keys {
	s := ast.StringTerm
	return keys{
		version: s("version"), action: s("action"), subject: s("subject"), actor: s("actor"), tenant: s("tenant"),
		target: s("target"), requested: s("requested"), resource: s("resource"), route: s("route"), http: s("http"),
		dialect: s("dialect"), context: s("context"),

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

func newBuilder() *builder {
	b := &builder{
		keys:   newKeys(),
		levels: map[tenancy.Level]*ast.Term{}, ranks: map[tenancy.Level]*ast.Term{},
		version: number(inputVersion), unlimited: number(tenancy.Unlimited), userType: ast.StringTerm("user"),
		emptyString: ast.StringTerm(""), emptyList: ast.ArrayTerm(), emptyObject: ast.ObjectTerm(),
		unscoped: ast.ArrayTerm(ast.StringTerm("*")),
	}
	for _, level := range []tenancy.Level{
		tenancy.LevelNone, tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelOwner,
	} {
		b.levels[level], b.ranks[level] = ast.StringTerm(level.String()), number(int64(level.Rank()))
	}
	b.noRequest = b.requested(&gate.RequestedFacts{})
	b.noResource = b.resource(&gate.ResourceFacts{})
	b.noRoute = b.route(tenancy.Route{})
	b.noHTTP = b.http(&tenancy.HTTPRequest{})
	return b
}

// input gives the value for one decision. Its error is about a context that
// is no JSON.
func (b *builder) input(in *gate.Input) (ast.Value, error) {
	k := &b.keys
	context, err := b.context(in.Context)
	if err != nil {
		return nil, err
	}
	user := b.text(in.Actor.User.String())
	return ast.NewObject(
		pair(k.version, b.version),
		pair(k.action, b.action(in.Action)),
		pair(k.subject, b.subject(user)),
		pair(k.actor, b.actor(&in.Actor, user)),
		pair(k.tenant, b.tenant(&in.Tenant)),
		pair(k.target, b.target(&in.Target)),
		pair(k.requested, b.requestedOrNone(&in.Requested)),
		pair(k.resource, b.resourceOrNone(&in.Resource)),
		pair(k.route, b.routeOrNone(in.Route)),
		pair(k.http, b.httpOrNone(&in.HTTP)),
		pair(k.dialect, b.text(string(in.Dialect))),
		pair(k.context, context),
	), nil
}

func (b *builder) action(action tenancy.Action) *ast.Term {
	return ast.ObjectTerm(pair(b.keys.name, b.text(string(action))), pair(b.keys.properties, b.emptyObject))
}

func (b *builder) subject(user *ast.Term) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.typ, b.userType), pair(k.id, user), pair(k.properties, b.emptyObject), pair(k.stored, b.emptyObject),
	)
}

func (b *builder) actor(a *gate.ActorFacts, user *ast.Term) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.user, user),
		pair(k.member, truth(a.Member)),
		pair(k.level, b.level(a.Level)),
		pair(k.roles, b.emptyList),
		pair(k.actions, b.emptyList),
		pair(k.capabilities, b.emptyList),
		pair(k.active, truth(a.Active)),
		pair(k.organizationAdmin, truth(false)),
		pair(k.platform, truth(a.Platform)),
		pair(k.scopes, b.scopes(a.Scopes)),
	)
}

func (b *builder) scopes(scopes []tenancy.Action) *ast.Term {
	if len(scopes) == 0 {
		return b.unscoped
	}
	terms := make([]*ast.Term, len(scopes))
	for i, scope := range scopes {
		terms[i] = ast.StringTerm(string(scope))
	}
	return ast.ArrayTerm(terms...)
}

func (b *builder) tenant(t *gate.TenantFacts) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.id, b.text(t.ID.String())),
		pair(k.owner, b.text(t.Owner.String())),
		pair(k.members, number(t.Members)),
		pair(k.limit, b.limit(t.Limit)),
		pair(k.lastingAdmins, number(t.LastingAdmins)),
	)
}

func (b *builder) target(t *gate.TargetFacts) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.user, b.text(t.User.String())),
		pair(k.exists, truth(t.Exists)),
		pair(k.member, truth(t.Member)),
		pair(k.level, b.level(t.Level)),
		pair(k.rank, b.rank(t.Level)),
		pair(k.roles, b.emptyList),
		pair(k.enabled, truth(t.Enabled)),
		pair(k.pending, truth(t.Pending)),
		pair(k.developer, truth(t.Developer)),
		pair(k.active, truth(t.Active)),
		pair(k.lasting, truth(t.Lasting)),
		pair(k.self, truth(t.Self)),
	)
}

func (b *builder) requestedOrNone(r *gate.RequestedFacts) *ast.Term {
	if *r == (gate.RequestedFacts{}) {
		return b.noRequest
	}
	return b.requested(r)
}

func (b *builder) requested(r *gate.RequestedFacts) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.level, b.level(r.Level)),
		pair(k.rank, b.rank(r.Level)),
		pair(k.roles, b.emptyList),
		pair(k.actions, b.emptyList),
		pair(k.enabled, truth(r.Enabled)),
		pair(k.developer, truth(r.Developer)),
		pair(k.expires, truth(r.Expires)),
	)
}

func (b *builder) resourceOrNone(r *gate.ResourceFacts) *ast.Term {
	if *r == (gate.ResourceFacts{}) {
		return b.noResource
	}
	return b.resource(r)
}

func (b *builder) resource(r *gate.ResourceFacts) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.typ, b.text(r.Type)),
		pair(k.id, b.text(r.ID)),
		pair(k.mine, truth(r.Mine)),
		pair(k.permissions, b.emptyList),
		pair(k.properties, b.emptyObject),
		pair(k.stored, b.emptyObject),
	)
}

func (b *builder) routeOrNone(r tenancy.Route) *ast.Term {
	if r.Template == "" && len(r.Params) == 0 {
		return b.noRoute
	}
	return b.route(r)
}

func (b *builder) route(r tenancy.Route) *ast.Term {
	params := make([][2]*ast.Term, 0, len(r.Params))
	for name, value := range r.Params {
		params = append(params, pair(ast.StringTerm(name), b.text(value)))
	}
	return ast.ObjectTerm(pair(b.keys.template, b.text(r.Template)), pair(b.keys.params, ast.ObjectTerm(params...)))
}

func (b *builder) httpOrNone(r *tenancy.HTTPRequest) *ast.Term {
	if r.Method == "" && r.Path == "" && r.RawPath == "" && r.Host == "" {
		return b.noHTTP
	}
	return b.http(r)
}

func (b *builder) http(r *tenancy.HTTPRequest) *ast.Term {
	k := &b.keys
	return ast.ObjectTerm(
		pair(k.method, b.text(r.Method)),
		pair(k.scheme, b.text(r.Scheme)),
		pair(k.host, b.text(r.Host)),
		pair(k.path, b.text(r.Path)),
		pair(k.segments, b.list(r.Segments)),
		pair(k.rawPath, b.text(r.RawPath)),
		pair(k.query, b.lists(r.Query)),
		pair(k.headers, b.lists(r.Headers)),
		pair(k.clientIP, b.text(r.ClientIP)),
	)
}

func (b *builder) context(sent map[string]any) (*ast.Term, error) {
	if len(sent) == 0 {
		return b.emptyObject, nil
	}
	value, err := ast.InterfaceToValue(sent)
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(value), nil
}

func (b *builder) lists(byName map[string][]string) *ast.Term {
	items := make([][2]*ast.Term, 0, len(byName))
	for name, values := range byName {
		items = append(items, pair(ast.StringTerm(name), b.list(values)))
	}
	return ast.ObjectTerm(items...)
}

func (b *builder) list(values []string) *ast.Term {
	if len(values) == 0 {
		return b.emptyList
	}
	terms := make([]*ast.Term, len(values))
	for i, value := range values {
		terms[i] = b.text(value)
	}
	return ast.ArrayTerm(terms...)
}

// level gives a level's name; "none" for a number that is no level.
func (b *builder) level(level tenancy.Level) *ast.Term {
	if term, known := b.levels[level]; known {
		return term
	}
	return b.levels[tenancy.LevelNone]
}

func (b *builder) rank(level tenancy.Level) *ast.Term {
	if term, known := b.ranks[level]; known {
		return term
	}
	return b.ranks[tenancy.LevelNone]
}

func (b *builder) limit(limit int64) *ast.Term {
	if limit == tenancy.Unlimited {
		return b.unlimited
	}
	return number(limit)
}

// text gives a string. What is not UTF-8 is replaced: no rule can match a
// text that JSON cannot hold.
func (b *builder) text(s string) *ast.Term {
	if s == "" {
		return b.emptyString
	}
	return ast.StringTerm(strings.ToValidUTF8(s, "\uFFFD"))
}

func pair(key, value *ast.Term) [2]*ast.Term { return [2]*ast.Term{key, value} }

func truth(b bool) *ast.Term { return ast.InternedTerm(b) }

func number(n int64) *ast.Term {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return ast.InternedTerm(int(n)) // an int has 32 bits on some machines
	}
	return ast.NumberTerm(json.Number(strconv.FormatInt(n, 10)))
}
