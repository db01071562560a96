package gate_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// census is the whole of what invariants are about, listed one by one from
// the store: what the gate and the counters believe has no part in it.
type census struct {
	revision tenancy.Revision
	tenants  map[tenancy.TenantID]tenancy.Tenant
	members  map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership
	accounts map[tenancy.UserID]tenancy.User // of the members
	counters map[tenancy.TenantID]tenancy.Counters
	roles    map[tenancy.RoleID]tenancy.Role
	offers   map[tenancy.InvitationID]tenancy.Invitation
	above    map[tenancy.OrganizationID]tenancy.Organization
	places   map[tenancy.OrganizationID]map[tenancy.UserID]tenancy.OrganizationMember
	grants   map[tenancy.DatasetID][]tenancy.Grant
}

// listLimit is more than any world has of anything.
const listLimit = 10_000

func (s *scene) census() (c census) {
	s.t.Helper()
	s.view(func(r gate.Reader) (err error) { c, err = takeCensus(r); return err })
	return c
}

func takeCensus(r gate.Reader) (census, error) {
	c := census{
		revision: r.Revision(),
		tenants:  map[tenancy.TenantID]tenancy.Tenant{},
		members:  map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership{},
		accounts: map[tenancy.UserID]tenancy.User{},
		counters: map[tenancy.TenantID]tenancy.Counters{},
		roles:    map[tenancy.RoleID]tenancy.Role{},
		offers:   map[tenancy.InvitationID]tenancy.Invitation{},
		above:    map[tenancy.OrganizationID]tenancy.Organization{},
		places:   map[tenancy.OrganizationID]map[tenancy.UserID]tenancy.OrganizationMember{},
		grants:   map[tenancy.DatasetID][]tenancy.Grant{},
	}
	organizations, err := r.Organizations(tenancy.OrganizationID{}, listLimit)
	if err != nil {
		return c, err
	}
	for _, o := range organizations {
		c.above[o.ID], c.places[o.ID] = o, map[tenancy.UserID]tenancy.OrganizationMember{}
		places, err := r.OrganizationMembers(o.ID, tenancy.UserID{}, listLimit)
		if err != nil {
			return c, err
		}
		for _, place := range places {
			c.places[o.ID][place.User] = place
		}
	}
	tenants, err := r.Tenants(tenancy.TenantID{}, listLimit)
	for _, t := range tenants {
		c.tenants[t.ID] = t
		err = errors.Join(err, c.count(r, t.ID))
	}
	return c, err
}

func (c *census) count(r gate.Reader, tenant tenancy.TenantID) error {
	members, err := r.Members(tenant, tenancy.UserID{}, listLimit)
	if err != nil {
		return err
	}
	c.members[tenant] = map[tenancy.UserID]tenancy.Membership{}
	for _, m := range members {
		c.members[tenant][m.User] = m
		account, known, err := r.User(m.User)
		if err != nil {
			return err
		}
		if known {
			c.accounts[m.User] = account
		}
	}
	if c.counters[tenant], err = r.Counters(tenant); err != nil {
		return err
	}
	return c.belongings(r, tenant)
}

// belongings lists what a tenant has besides its members.
func (c *census) belongings(r gate.Reader, tenant tenancy.TenantID) error {
	roles, err := r.Roles(tenant, tenancy.RoleID{}, listLimit)
	if err != nil {
		return err
	}
	for _, role := range roles {
		c.roles[role.ID] = role
	}
	offers, err := r.Invitations(tenant, tenancy.InvitationID{}, listLimit)
	if err != nil {
		return err
	}
	for _, offer := range offers {
		c.offers[offer.ID] = offer
	}
	datasets, err := r.Datasets(tenant, tenancy.DatasetID{}, listLimit)
	if err != nil {
		return err
	}
	for _, dataset := range datasets {
		if c.grants[dataset.ID], err = r.GrantsOn(dataset.ID, tenancy.PrincipalID{}, listLimit); err != nil {
			return err
		}
	}
	return nil
}

// broken finds what no policy may produce: in each tenant, one owner or, where
// there never was one, none; the owner can act; a lasting administrator is
// there; no more members than the limit. Every tenant of the worlds has
// somebody to begin with.
func (c census) broken(before census) (broken error) {
	for id, t := range c.tenants {
		if t.Owner.IsZero() && !before.tenants[id].Owner.IsZero() {
			broken = errors.Join(broken, fmt.Errorf("tenant %s lost its owner", t.Slug))
		}
		broken = errors.Join(broken, c.brokenTenant(t), c.dangling(t))
	}
	return broken
}

// dangling finds what outlived whom it was for: roles held that are gone or
// another tenant's, grants of people, roles and tenants that are not the
// dataset's tenant's, and a tenant whose organization is gone.
func (c census) dangling(t tenancy.Tenant) error {
	if _, known := c.above[t.Organization]; !known {
		return fmt.Errorf("tenant %s: its organization %s is not there", t.Slug, t.Organization)
	}
	for user, m := range c.members[t.ID] {
		for _, id := range m.Roles {
			if c.roles[id].Tenant != t.ID {
				return fmt.Errorf("tenant %s: user %s holds role %s, which is none of its", t.Slug, user, id)
			}
		}
	}
	for dataset, grants := range c.grants {
		for _, grant := range grants {
			_, member := c.members[grant.Tenant][tenancy.UserID(grant.Principal.ID)]
			role := c.roles[tenancy.RoleID(grant.Principal.ID)].Tenant == grant.Tenant
			if !member && !role && grant.Principal.ID != tenancy.PrincipalID(grant.Tenant) {
				return fmt.Errorf("dataset %s: %+v outlived its principal", dataset, grant)
			}
		}
	}
	return nil
}

func (c census) brokenTenant(t tenancy.Tenant) error {
	lasting, owners := int64(0), 0
	for user, m := range c.members[t.ID] {
		account, known := c.accounts[user]
		if !known {
			return fmt.Errorf("tenant %s: user %s has no account", t.Slug, user)
		}
		if m.LastingAdmin() && account.Enabled {
			lasting++
		}
		if m.Level == tenancy.LevelOwner {
			owners++
		}
	}
	if !t.Owner.IsZero() {
		m, account := c.members[t.ID][t.Owner], c.accounts[t.Owner]
		if m.Level != tenancy.LevelOwner || !m.LastingAdmin() || !account.Enabled || !account.SignedUp {
			return fmt.Errorf("tenant %s: the owner became %+v, %+v", t.Slug, m, account)
		}
	}
	members := int64(len(c.members[t.ID]))
	if lasting == 0 || members > t.MemberLimit || (owners == 0) != t.Owner.IsZero() || owners > 1 {
		return fmt.Errorf("tenant %s: %d lasting administrators, %d owners, %d members of %d", t.Slug, lasting, owners, members, t.MemberLimit)
	}
	if counted := c.counters[t.ID]; counted.Members != members || counted.LastingAdmins != lasting {
		return fmt.Errorf("tenant %s: counted are %+v, listed %d members, %d lasting administrators", t.Slug, counted, members, lasting)
	}
	return nil
}

// escalated finds changes that whoever acted had no rank for, at a time. The
// platform has every rank.
func (c census) escalated(before census, by tenancy.Actor, dialect tenancy.Dialect, now time.Time) (escalated error) {
	if by.Platform {
		return nil
	}
	for user, account := range c.accounts {
		if was, known := before.accounts[user]; known && was.Enabled != account.Enabled {
			escalated = errors.Join(escalated, fmt.Errorf("account %s: enabled became %t, not by the platform", user, account.Enabled))
		}
	}
	d := deed{before: before, after: c, actor: by, dialect: dialect, now: now}
	for tenant := range before.tenants {
		users := maps.Clone(before.members[tenant])
		maps.Copy(users, c.members[tenant])
		for user := range users {
			escalated = errors.Join(escalated, d.membership(tenant, user))
		}
	}
	return errors.Join(escalated, d.roles(), d.offers(), d.places())
}

// deed is what somebody did: a state, and the one before.
type deed struct {
	before, after census
	actor         tenancy.Actor
	dialect       tenancy.Dialect
	now           time.Time
}

// authority is the level that the actor had in a tenant before, to hand out
// by; none at all where they could not act.
func (d deed) authority(tenant tenancy.TenantID) tenancy.Level {
	own, member := d.before.members[tenant][d.actor.User]
	place := d.before.places[d.before.tenants[tenant].Organization][d.actor.User]
	switch {
	case !d.actor.Tenant.IsZero() && d.actor.Tenant != tenant:
		return tenancy.LevelNone
	case place.Administers():
		return tenancy.LevelOwner
	case !member || !own.Active(d.now):
		return tenancy.LevelNone
	default:
		return own.Level
	}
}

// membership says why the actor had no right to what became of a membership.
// What roles, projects and datasets do to it when they go is no matter of rank.
func (d deed) membership(tenant tenancy.TenantID, user tenancy.UserID) error {
	was, is := d.before.members[tenant][user], d.after.members[tenant][user]
	_, member := d.before.members[tenant][d.actor.User]
	_, stays := d.after.members[tenant][user]
	given := newly(was.Roles, is.Roles)
	said := fmt.Sprintf("in tenant %s, %+v became %+v by %s", tenant, was, is, d.actor)
	own, level := d.authority(tenant), max(was.Level, is.Level)
	switch {
	case alike(was, is) && len(given) == 0, d.signedUp(was, is), d.accepted(was, is):
		return nil
	case !d.actor.Tenant.IsZero() && d.actor.Tenant != tenant:
		return fmt.Errorf("%s, with a credential for another tenant", said)
	case own == tenancy.LevelNone && !member:
		return fmt.Errorf("%s, who has no place there", said)
	case was.User == d.actor.User && !stays:
		return nil // left
	case !stays && d.dialect == tenancy.DialectCognee && was.Level != tenancy.LevelOwner && own != tenancy.LevelNone:
		return nil // whom cognee's user managers remove is a matter of the policies
	case level > own:
		return fmt.Errorf("%s, of level %s", said, own)
	}
	if is.Level == tenancy.LevelOwner && was.Level != tenancy.LevelOwner && d.before.members[tenant][d.actor.User].Level != tenancy.LevelOwner {
		return fmt.Errorf("%s, who is not the owner", said)
	}
	for _, role := range given {
		if err := d.handsOut(tenant, d.after.roles[role].Actions); err != nil {
			return fmt.Errorf("%s: %w", said, err)
		}
	}
	return nil
}

// alike compares what rank is about.
func alike(was, is tenancy.Membership) bool {
	for _, m := range []*tenancy.Membership{&was, &is} {
		m.Roles, m.Capabilities, m.Projects, m.Epoch, m.UpdatedAt = nil, nil, tenancy.ProjectAccess{}, 0, time.Time{}
	}
	return reflect.DeepEqual(was, is)
}

func newly[T comparable](was, is []T) []T {
	return slices.DeleteFunc(slices.Clone(is), func(v T) bool { return slices.Contains(was, v) })
}

// signedUp reports whether all that happened is that a reserved account signed
// up.
func (d deed) signedUp(was, is tenancy.Membership) bool {
	was.Pending = false
	return d.actor.Registering && alike(was, is)
}

// accepted reports whether the membership is the one that an invitation offered,
// which was open before and is accepted now.
func (d deed) accepted(was, is tenancy.Membership) bool {
	if !d.actor.Registering || !was.User.IsZero() {
		return false
	}
	for id, offer := range d.before.offers {
		if offer.Tenant == is.Tenant && offer.Level == is.Level && offer.Open(d.now) && d.after.offers[id].Status == tenancy.InvitationAccepted &&
			tenancy.EmailKey(offer.Email) == tenancy.EmailKey(d.after.accounts[is.User].Email) {
			return true
		}
	}
	return false
}

// handsOut says why the actor could not hand out actions in a tenant.
func (d deed) handsOut(tenant tenancy.TenantID, actions []tenancy.Action) error {
	for _, action := range actions {
		if own := d.authority(tenant); !own.MayHold(action) {
			return fmt.Errorf("in tenant %s, %s was handed out by %s, of level %s", tenant, action, d.actor, own)
		}
	}
	return nil
}

func (d deed) roles() (escalated error) {
	for id, role := range d.after.roles {
		given := newly(d.before.roles[id].Actions, role.Actions)
		escalated = errors.Join(escalated, d.handsOut(role.Tenant, given))
	}
	return escalated
}

func (d deed) offers() (escalated error) {
	for id, offer := range d.after.offers {
		if _, known := d.before.offers[id]; known {
			continue
		}
		if own := d.authority(offer.Tenant); offer.Level > own {
			escalated = errors.Join(escalated, fmt.Errorf("level %s was offered in tenant %s by %s, of level %s", offer.Level, offer.Tenant, d.actor, own))
		}
		for _, role := range offer.Roles {
			escalated = errors.Join(escalated, d.handsOut(offer.Tenant, d.after.roles[role].Actions))
		}
	}
	return escalated
}

// places finds administrators of an organization that nobody of it made, but
// for the owner of the tenant that the organization is for.
func (d deed) places() (escalated error) {
	for id, places := range d.after.places {
		for user, place := range places {
			was := d.before.places[id][user]
			owner := d.after.tenants[d.after.above[id].Own].Owner
			if place.Administers() && !was.Administers() && user != owner && !d.before.places[id][d.actor.User].Administers() {
				escalated = errors.Join(escalated, fmt.Errorf("%s administers organization %s by %s, who does not", user, id, d.actor))
			}
		}
	}
	return escalated
}
