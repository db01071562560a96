package gate

import (
	"context"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// What one page of a search looks at, at most: a transaction that reads longer
// would hold the store up. A page that ends for that says where the next
// begins.
const (
	searchLooks = 5000
	searchChunk = 500
)

// Search gives what an evaluation allows, page by page, each in one snapshot:
// every result would be allowed if it was asked about. Who may ask is as in
// [Gate.Evaluate]. Where the subject or the resource that is named is not
// known, nothing is found.
func (g *Gate) Search(ctx context.Context, actor tenancy.Actor, s tenancy.Search) (tenancy.Found, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.Found{}, unauthenticated("nobody is signed in")
	}
	var found tenancy.Found
	var m *matter
	err := g.store.View(ctx, func(tx Reader) (err error) {
		found = tenancy.Found{}
		if m, err = g.mayEvaluate(tx, actor, s.Evaluation); err != nil {
			return err
		}
		hunt := &hunt{gate: g, ctx: ctx, tx: tx, actor: actor, search: s}
		err = hunt.run()
		found = hunt.found
		return err
	})
	if m == nil { // the store did not answer
		return tenancy.Found{}, err
	}
	g.watch(tenancy.DecisionRead, m, err == nil, err)
	if err != nil {
		return tenancy.Found{}, err
	}
	found.Outcome = m.outcome
	return found, nil
}

// hunt is one page of a search in the making.
type hunt struct {
	gate   *Gate
	ctx    context.Context
	tx     Reader
	actor  tenancy.Actor // who searches
	search tenancy.Search
	found  tenancy.Found
	looks  int
	last   string // where the last result stands
}

// source lists candidates in an order of its own, after one of them.
type source func(after string, limit int) ([]string, error)

// run looks at the candidates of one source after the other, from where the
// page begins.
func (h *hunt) run() error {
	known, err := h.partiesKnown()
	if err != nil || !known {
		return err
	}
	begin, after := place(h.search.After)
	for i, list := range h.sources() {
		if i < begin {
			continue
		}
		whole, err := h.through(i, list, after)
		if err != nil || !whole {
			return err
		}
		after = ""
	}
	return nil
}

// through looks at the candidates of a source; whole says that none is left.
func (h *hunt) through(number int, list source, after string) (whole bool, err error) {
	for {
		chunk, err := list(after, searchChunk)
		if err != nil {
			return false, err
		}
		for _, candidate := range chunk {
			more, err := h.look(candidate, placeOf(number, candidate))
			if err != nil || !more {
				return false, err
			}
			after = candidate
		}
		if len(chunk) < searchChunk {
			return true, nil
		}
	}
}

// look judges one candidate; more says that the page goes on. A page is full
// once there is one result more than asked for: so it is known that another
// page follows.
func (h *hunt) look(candidate, at string) (more bool, err error) {
	h.looks++
	asked := h.ask(candidate)
	allowed, err := h.allowed(asked)
	switch {
	case err != nil:
		return false, err
	case allowed && len(h.found.Entities)+len(h.found.Actions) == h.search.Limit:
		h.found.Next = h.last
		return false, nil
	case allowed:
		h.take(asked)
		h.last = at
	}
	if h.looks == searchLooks {
		h.found.Next = at
		return false, nil
	}
	return true, nil
}

// allowed judges a question that who searches could ask: where a tenant is
// what is looked for, each candidate is a question about another one.
func (h *hunt) allowed(asked tenancy.Evaluation) (bool, error) {
	may, err := inBounds(h.tx, h.actor, asked)
	if err != nil || !may {
		return false, err
	}
	_, verdict, err := h.gate.evaluate(h.ctx, h.tx, asked)
	return verdict.Allow, err
}

// ask fills the candidate in where the search leaves it open.
func (h *hunt) ask(candidate string) tenancy.Evaluation {
	e := h.search.Evaluation
	switch h.search.For {
	case tenancy.SearchSubject:
		e.Subject.ID = candidate
	case tenancy.SearchResource:
		e.Resource.ID = candidate
	default:
		e.Action = tenancy.Action(candidate)
	}
	return e
}

func (h *hunt) take(e tenancy.Evaluation) {
	switch h.search.For {
	case tenancy.SearchSubject:
		h.found.Entities = append(h.found.Entities, e.Subject.EntityRef)
	case tenancy.SearchResource:
		h.found.Entities = append(h.found.Entities, e.Resource.EntityRef)
	default:
		h.found.Actions = append(h.found.Actions, e.Action)
	}
}

// partiesKnown reports whether the registry has what the search names.
func (h *hunt) partiesKnown() (bool, error) {
	named := []tenancy.EntityRef{}
	if h.search.For != tenancy.SearchSubject {
		named = append(named, h.search.Subject.EntityRef)
	}
	if h.search.For != tenancy.SearchResource {
		named = append(named, h.search.Resource.EntityRef)
	}
	for _, ref := range named {
		if ref.Own() {
			continue // one that is not there is allowed nothing, and nothing is allowed on it
		}
		if _, known, err := h.tx.Entity(ref); err != nil || !known {
			return false, err
		}
	}
	return true, nil
}

// sources are where candidates come from, always in the same order.
func (h *hunt) sources() []source {
	switch h.search.For {
	case tenancy.SearchAction:
		return []source{h.actions}
	case tenancy.SearchSubject:
		return h.sourcesOf(h.search.Subject.Type)
	default:
		return h.sourcesOf(h.search.Resource.Type)
	}
}

func (h *hunt) sourcesOf(kind string) []source {
	registry := func(after string, limit int) ([]string, error) {
		if !h.actor.Tenant.IsZero() {
			return nil, nil // entities are of no tenant: what there is, is not for one tenant's credential to list
		}
		return h.tx.Entities(kind, after, limit)
	}
	switch {
	case kind == tenancy.TypeUser && h.search.For == tenancy.SearchSubject && !tenantOf(h.search.Evaluation).IsZero():
		return h.accounts() // nobody else is anything but a stranger there
	case kind == tenancy.TypeUser:
		return append([]source{registry}, h.accounts()...)
	case kind == tenancy.TypeTenant && h.search.For == tenancy.SearchResource:
		return []source{registry, h.ownTenants, h.organizationTenants}
	default:
		return []source{registry}
	}
}

// accounts are those that may be allowed something: in a tenant, its members
// and who administers its organization; else all.
func (h *hunt) accounts() []source {
	ref := tenantOf(h.search.Evaluation)
	if ref.IsZero() {
		return []source{func(after string, limit int) ([]string, error) {
			users, err := h.tx.Users(idIn[tenancy.UserID](after), limit)
			return names(users), err
		}}
	}
	members := func(after string, limit int) ([]string, error) {
		tenant, known, err := resolve(h.tx, ref)
		if err != nil || !known {
			return nil, err
		}
		members, err := h.tx.Members(tenant.ID, idIn[tenancy.UserID](after), limit)
		return namesOf(members, func(m tenancy.Membership) string { return m.User.String() }), err
	}
	administrators := func(after string, limit int) ([]string, error) { return h.administrators(ref, after, limit) }
	return []source{members, administrators}
}

// administrators are who belongs to the organization of a tenant, and not to
// the tenant: those were looked at already.
func (h *hunt) administrators(ref tenancy.TenantRef, after string, limit int) ([]string, error) {
	tenant, known, err := resolve(h.tx, ref)
	if err != nil || !known || tenant.Organization.IsZero() {
		return nil, err
	}
	var found []string
	for at := idIn[tenancy.UserID](after); len(found) < limit; {
		places, err := h.tx.OrganizationMembers(tenant.Organization, at, limit)
		if err != nil {
			return nil, err
		}
		for _, place := range places {
			at = place.User
			_, member, err := h.tx.Membership(tenant.ID, place.User)
			if err != nil {
				return nil, err
			}
			if !member && len(found) < limit {
				found = append(found, place.User.String())
			}
		}
		if len(places) < limit {
			break
		}
	}
	return found, nil
}

// ownTenants are those that the subject is a member of.
func (h *hunt) ownTenants(after string, limit int) ([]string, error) {
	if h.search.Subject.User().IsZero() {
		return nil, nil
	}
	tenants, err := h.tx.TenantsOf(h.search.Subject.User(), idIn[tenancy.TenantID](after), limit)
	return names(tenants), err
}

// organizationTenants are those of the organizations that the subject belongs
// to, and of which the subject is no member. They are one list, in the order
// of their ids.
func (h *hunt) organizationTenants(after string, limit int) ([]string, error) {
	user := h.search.Subject.User()
	if user.IsZero() {
		return nil, nil
	}
	var found []string
	for organization := (tenancy.OrganizationID{}); ; {
		organizations, err := h.tx.OrganizationsOf(user, organization, searchChunk)
		if err != nil {
			return nil, err
		}
		for _, organization = range organizations {
			if found, err = h.tenantsOf(found, organization, after, limit); err != nil {
				return nil, err
			}
		}
		if len(organizations) < searchChunk {
			break
		}
	}
	slices.Sort(found)
	return found[:min(len(found), limit)], nil
}

// tenantsOf adds the first tenants of an organization after one, as many as
// are asked for.
func (h *hunt) tenantsOf(found []string, organization tenancy.OrganizationID, after string, limit int) ([]string, error) {
	wanted := len(found) + limit
	for at := idIn[tenancy.TenantID](after); ; {
		tenants, err := h.tx.OrganizationTenants(organization, at, limit)
		if err != nil {
			return nil, err
		}
		for _, at = range tenants {
			_, member, err := h.tx.Membership(at, h.search.Subject.User())
			if err != nil {
				return nil, err
			}
			if !member && len(found) < wanted {
				found = append(found, at.String())
			}
		}
		if len(tenants) < limit || len(found) == wanted {
			return found, nil
		}
	}
}

// actions are those that the rules name, and those that the subject's custom
// roles in the tenant give.
func (h *hunt) actions(after string, limit int) ([]string, error) {
	candidates := namesOf(h.gate.decider.Actions(), func(a tenancy.Action) string { return string(a) })
	m := h.gate.open(h.tx, tenancy.Actor{User: h.search.Subject.User(), Via: tenancy.ViaNothing}, tenancy.ActionEvaluate, tenancy.DialectAuthZEN)
	if err := m.gatherTenant(h.tx, tenantOf(h.search.Evaluation)); err != nil {
		return nil, err
	}
	for _, action := range m.in.Actor.Actions {
		candidates = append(candidates, string(action))
	}
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	begin, there := slices.BinarySearch(candidates, after)
	if there {
		begin++
	}
	return candidates[begin:min(begin+limit, len(candidates))], nil
}

// place reads where a page begins: after a candidate of a source.
func place(text string) (source int, after string) {
	if text == "" {
		return 0, ""
	}
	return int(text[0] - '0'), text[1:]
}

// placeOf is what place reads.
func placeOf(source int, candidate string) string { return string(rune('0'+source)) + candidate }

// idIn reads an id that a page begins after; what is none begins the list.
func idIn[ID tenancy.ID[Kind], Kind any](text string) ID {
	id, err := tenancy.ParseID[Kind](text)
	if err != nil {
		return ID{}
	}
	return ID(id)
}

func names[Kind any](ids []tenancy.ID[Kind]) []string {
	return namesOf(ids, func(id tenancy.ID[Kind]) string { return id.String() })
}

func namesOf[T any](list []T, name func(T) string) []string {
	named := make([]string, len(list))
	for i, item := range list {
		named[i] = name(item)
	}
	return named
}
