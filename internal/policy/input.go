package policy

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// writer turns the gate's facts into the value that Rego sees as input. Its
// terms lie in one block: that saves a dozen allocations for each decision.
type writer struct {
	*vocabulary
	block   [16]ast.Term
	used    int
	garbled bool // a name was no UTF-8, or properties were no JSON
}

// input gives the value for one decision. Its errors: the context, or what is
// said of a subject or a resource, is no JSON, or the name of a header, a parameter or a segment is no UTF-8.
func (v *vocabulary) input(in *gate.Input) (ast.Value, error) {
	w, k := &writer{vocabulary: v}, &v.keys
	context, err := w.anyObject(in.Context)
	if err != nil {
		return nil, err
	}
	attributes, err := w.anyObject(gate.Attributes(&in.HTTP))
	if err != nil {
		return nil, err
	}
	user := w.text(in.Actor.User.String())
	input := ast.NewObject(
		pair(k.version, w.version),
		pair(k.action, w.action(in)),
		pair(k.subject, w.subject(&in.Subject, user)),
		pair(k.actor, w.actor(&in.Actor, user)),
		pair(k.tenant, w.tenant(&in.Tenant)),
		pair(k.target, w.target(in, user)),
		pair(k.requested, w.requested(&in.Requested)),
		pair(k.resource, w.resource(&in.Resource)),
		pair(k.route, w.route(in.Route)),
		pair(k.http, w.http(&in.HTTP)),
		pair(k.dialect, w.dialect(in.Dialect)),
		pair(k.context, context),
		pair(k.attributes, attributes),
	)
	if w.garbled {
		return nil, errors.New("a name in the request is no UTF-8, or properties are no JSON")
	}
	return input, nil
}

// term gives a term of the block, or a new one once the block is full.
func (w *writer) term(value ast.Value) *ast.Term {
	if w.used == len(w.block) {
		return ast.NewTerm(value)
	}
	term := &w.block[w.used]
	term.Value = value
	w.used++
	return term
}

func (w *writer) object(pairs ...[2]*ast.Term) *ast.Term { return w.term(ast.NewObject(pairs...)) }

func (w *writer) action(in *gate.Input) *ast.Term {
	if term, isReady := w.actions[in.Action]; isReady && in.Sent == "" {
		return term
	}
	return w.newAction(in.Action, in.Sent)
}

func (w *writer) newAction(action tenancy.Action, sent tenancy.Properties) *ast.Term {
	return w.object(pair(w.keys.name, w.text(string(action))), pair(w.keys.properties, w.properties(sent)))
}

func (w *writer) subject(s *gate.SubjectFacts, user *ast.Term) *ast.Term {
	k, kind, id := &w.keys, w.userType, user
	if s.Type != "" {
		kind, id = w.text(s.Type), w.text(s.ID)
	}
	return w.object(
		pair(k.typ, kind), pair(k.id, id), pair(k.properties, w.properties(s.Properties)), pair(k.stored, w.properties(s.Stored)),
	)
}

// properties gives a JSON object as it was sent or stored.
func (w *writer) properties(p tenancy.Properties) *ast.Term {
	if p == "" {
		return w.emptyObject
	}
	value, err := ast.ValueFromReader(strings.NewReader(string(p)))
	if _, isObject := value.(ast.Object); err != nil || !isObject {
		w.garbled = true
		return w.emptyObject
	}
	return w.term(value)
}

func (w *writer) actor(a *gate.ActorFacts, user *ast.Term) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.user, user),
		pair(k.member, truth(a.Member)),
		pair(k.level, w.level(a.Level)),
		pair(k.roles, w.roles(a.Roles)),
		pair(k.actions, names(w, a.Actions)),
		pair(k.capabilities, names(w, a.Capabilities)),
		pair(k.active, truth(a.Active)),
		pair(k.organizationAdmin, truth(a.OrganizationAdmin)),
		pair(k.platform, truth(a.Platform)),
		pair(k.scopes, w.scopes(a.Scopes)),
	)
}

func (w *writer) scopes(scopes []tenancy.Action) *ast.Term {
	if len(scopes) == 0 {
		return w.unscoped
	}
	return names(w, scopes)
}

// roles gives custom roles, each with its id and its name.
func (w *writer) roles(roles []gate.RoleFact) *ast.Term {
	if len(roles) == 0 {
		return w.emptyList
	}
	terms := make([]*ast.Term, len(roles))
	for i, role := range roles {
		terms[i] = w.object(pair(w.keys.id, w.text(role.ID.String())), pair(w.keys.name, w.text(role.Name)))
	}
	return w.term(ast.NewArray(terms...))
}

func (w *writer) tenant(t *gate.TenantFacts) *ast.Term {
	if *t == (gate.TenantFacts{Limit: tenancy.Unlimited}) {
		return w.noTenant
	}
	return w.newTenant(t)
}

func (w *writer) newTenant(t *gate.TenantFacts) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.id, w.text(t.ID.String())),
		pair(k.owner, w.text(t.Owner.String())),
		pair(k.members, number(t.Members)),
		pair(k.limit, w.limit(t.Limit)),
		pair(k.lastingAdmins, number(t.LastingAdmins)),
	)
}

func (w *writer) target(in *gate.Input, actor *ast.Term) *ast.Term {
	t := &in.Target
	switch {
	case isNobody(t):
		return w.noTarget
	case t.User == in.Actor.User:
		return w.newTarget(t, actor)
	default:
		return w.newTarget(t, w.text(t.User.String()))
	}
}

func (w *writer) newTarget(t *gate.TargetFacts, user *ast.Term) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.user, user),
		pair(k.exists, truth(t.Exists)),
		pair(k.member, truth(t.Member)),
		pair(k.level, w.level(t.Level)),
		pair(k.rank, w.rank(t.Level)),
		pair(k.roles, w.roles(t.Roles)),
		pair(k.enabled, truth(t.Enabled)),
		pair(k.pending, truth(t.Pending)),
		pair(k.developer, truth(t.Developer)),
		pair(k.active, truth(t.Active)),
		pair(k.lasting, truth(t.Lasting)),
		pair(k.self, truth(t.Self)),
	)
}

func (w *writer) requested(r *gate.RequestedFacts) *ast.Term {
	if isNoRequest(r) {
		return w.noRequest
	}
	return w.newRequested(r)
}

func (w *writer) newRequested(r *gate.RequestedFacts) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.level, w.level(r.Level)),
		pair(k.rank, w.rank(r.Level)),
		pair(k.roles, w.roles(r.Roles)),
		pair(k.actions, names(w, r.Actions)),
		pair(k.enabled, truth(r.Enabled)),
		pair(k.developer, truth(r.Developer)),
		pair(k.expires, truth(r.Expires)),
	)
}

func (w *writer) resource(r *gate.ResourceFacts) *ast.Term {
	if *r == (gate.ResourceFacts{}) {
		return w.noResource
	}
	return w.newResource(r)
}

func (w *writer) newResource(r *gate.ResourceFacts) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.typ, w.text(r.Type)),
		pair(k.id, w.text(r.ID)),
		pair(k.mine, truth(r.Mine)),
		pair(k.permissions, w.permissions[r.Permissions&tenancy.AllPermissions]),
		pair(k.properties, w.properties(r.Properties)),
		pair(k.stored, w.properties(r.Stored)),
	)
}

func (w *writer) route(r tenancy.Route) *ast.Term {
	if r.Template == "" && len(r.Params) == 0 {
		return w.noRoute
	}
	return w.newRoute(r)
}

func (w *writer) newRoute(r tenancy.Route) *ast.Term {
	params := make([][2]*ast.Term, 0, len(r.Params))
	for name, value := range r.Params {
		params = append(params, pair(w.name(name), w.text(value)))
	}
	return w.object(pair(w.keys.template, w.text(r.Template)), pair(w.keys.params, w.object(params...)))
}

func (w *writer) http(r *tenancy.HTTPRequest) *ast.Term {
	if r.Method == "" && r.Path == "" && r.RawPath == "" && r.Host == "" {
		return w.noHTTP
	}
	return w.newHTTP(r)
}

func (w *writer) newHTTP(r *tenancy.HTTPRequest) *ast.Term {
	k := &w.keys
	return w.object(
		pair(k.method, w.text(r.Method)),
		pair(k.scheme, w.text(r.Scheme)),
		pair(k.host, w.text(r.Host)),
		pair(k.path, w.text(r.Path)),
		pair(k.segments, names(w, r.Segments)),
		pair(k.rawPath, w.text(r.RawPath)),
		pair(k.query, w.lists(r.Query)),
		pair(k.headers, w.lists(r.Headers)),
		pair(k.clientIP, w.text(r.ClientIP)),
	)
}

func (w *writer) dialect(dialect tenancy.Dialect) *ast.Term {
	if term, isReady := w.dialects[dialect]; isReady {
		return term
	}
	return w.text(string(dialect))
}

// anyObject gives an object that may hold anything.
func (w *writer) anyObject(members map[string]any) (*ast.Term, error) {
	if len(members) == 0 {
		return w.emptyObject, nil
	}
	value, err := ast.InterfaceToValue(members)
	if err != nil {
		return nil, err
	}
	return w.term(value), nil
}

func (w *writer) lists(byName map[string][]string) *ast.Term {
	items := make([][2]*ast.Term, 0, len(byName))
	for name, values := range byName {
		items = append(items, pair(w.name(name), names(w, values)))
	}
	return w.object(items...)
}

// names gives a list of words.
func names[Word ~string](w *writer, words []Word) *ast.Term {
	if len(words) == 0 {
		return w.emptyList
	}
	terms := make([]*ast.Term, len(words))
	for i, word := range words {
		terms[i] = w.text(string(word))
	}
	return w.term(ast.NewArray(terms...))
}

// name gives a key. One that is no UTF-8 spoils the input: replaced, it could
// fall together with another.
func (w *writer) name(s string) *ast.Term {
	w.garbled = w.garbled || !utf8.ValidString(s)
	return w.text(s)
}

// text gives a string. What is not UTF-8 is replaced: no rule can match a
// text that JSON cannot hold.
func (w *writer) text(s string) *ast.Term {
	if s == "" {
		return w.emptyString
	}
	return w.term(ast.String(strings.ToValidUTF8(s, "\uFFFD")))
}
