package app

import (
	"cmp"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// resolver turns a bootstrap file into a seed: it parses, fills in defaults,
// makes ids and follows references. It names every problem with its line.
type resolver struct {
	name    string
	newID   func() uuid.UUID
	now     time.Time
	invalid config.Invalid
	seed    tenancy.Seed
	users   map[string]*tenancy.User // by id and by e-mail key
	tenants map[string]tenancy.TenantID
	members map[[2]uuid.UUID]bool
	keys    map[tenancy.Digest]bool
	// By id and by short name, by id and by tenant and name, by id and by name.
	organizations map[string]tenancy.OrganizationID
	roles         map[inTenant]tenancy.RoleID
	projects      map[inTenant]tenancy.ProjectID
	datasets      map[string]datasetRef
	entities      map[tenancy.EntityRef]bool
}

func newResolver(name string, newID func() uuid.UUID, now time.Time) *resolver {
	return &resolver{
		name: name, newID: newID, now: now,
		users: map[string]*tenancy.User{}, tenants: map[string]tenancy.TenantID{},
		members: map[[2]uuid.UUID]bool{}, keys: map[tenancy.Digest]bool{},
		organizations: map[string]tenancy.OrganizationID{}, roles: map[inTenant]tenancy.RoleID{},
		projects: map[inTenant]tenancy.ProjectID{}, datasets: map[string]datasetRef{},
		entities: map[tenancy.EntityRef]bool{},
	}
}

// resolve gives the seed, without password hashes, in the file's order. The
// error is a *config.Invalid.
func (r *resolver) resolve(file config.Bootstrap) (tenancy.Seed, error) {
	if len(file.Users) == 0 && (len(file.Entities) == 0 || len(file.Tenants)+len(file.Organizations)+len(file.Keys) > 0) {
		// Without users it would be applied at every start, and fail from the
		// second one on; entities that are there just stay.
		r.invalid.Problems = append(r.invalid.Problems, r.name+": a bootstrap file names at least one user")
	}
	all(file.Users, r.user)
	all(file.Organizations, r.organization) // before the tenants that they hold, after the users who belong to them
	all(file.Tenants, r.tenant)
	all(file.Roles, r.role)
	all(file.Projects, r.project)
	all(file.Memberships, r.membership)
	all(file.Datasets, r.dataset)
	all(file.Grants, r.grant)
	all(file.Keys, r.key)
	all(file.Entities, r.entity)
	if len(r.invalid.Problems) > 0 {
		return tenancy.Seed{}, &r.invalid
	}
	return r.seed, nil
}

func all[T any](items []T, resolve func(T)) {
	for _, item := range items {
		resolve(item)
	}
}

func (r *resolver) problem(line int, format string, args ...any) {
	r.invalid.Problems = append(r.invalid.Problems, fmt.Sprintf("%s:%d: %s", r.name, line, fmt.Sprintf(format, args...)))
}

// check notes err as a problem of the line.
func (r *resolver) check(line int, what string, err error) {
	if err != nil {
		r.problem(line, "%s: %v", what, err)
	}
}

func (r *resolver) user(u config.BootstrapUser) {
	user := tenancy.User{
		ID: tenancy.UserID(r.newID()), GivenName: u.GivenName, Surname: u.Surname,
		Enabled: orTrue(u.Enabled), SignedUp: orTrue(u.SignedUp),
	}
	var err error
	user.Email, err = tenancy.ParseEmail(u.Email)
	r.check(u.Line, "email", err)
	if u.ID != "" {
		user.ID, err = tenancy.ParseUserID(u.ID)
		r.check(u.Line, "id", err)
	}
	user.Kind, err = tenancy.ParseKind(cmp.Or(u.Kind, string(tenancy.KindHuman)))
	r.check(u.Line, "kind", err)
	r.check(u.Line, "given_name", tenancy.CheckName(u.GivenName))
	r.check(u.Line, "surname", tenancy.CheckName(u.Surname))
	if n := len(u.Password); n > 0 && (n < authn.PasswordShortest || n > authn.PasswordLongest) {
		r.problem(u.Line, "password: has %d bytes, want %d to %d", n, authn.PasswordShortest, authn.PasswordLongest)
	}
	for _, name := range []string{user.ID.String(), tenancy.EmailKey(user.Email)} {
		if r.users[name] != nil && name != "" {
			r.problem(u.Line, "another user has %s already", name)
		}
		r.users[name] = &user
	}
	r.seed.Users = append(r.seed.Users, user)
}

func (r *resolver) tenant(t config.BootstrapTenant) {
	tenant := tenancy.Tenant{
		ID: tenancy.TenantID(r.newID()), Name: t.Name, Plan: t.Plan, MemberLimit: tenancy.Unlimited,
		Slug: cmp.Or(t.Slug, tenancy.SlugFrom(t.Name)),
	}
	var err error
	if t.ID != "" {
		tenant.ID, err = tenancy.ParseTenantID(t.ID)
		r.check(t.Line, "id", err)
	}
	if t.Name == "" {
		r.problem(t.Line, "name: is missing")
	}
	r.check(t.Line, "name", tenancy.CheckName(t.Name))
	r.check(t.Line, "plan", tenancy.CheckName(t.Plan))
	r.check(t.Line, "slug", tenancy.CheckSlug(tenant.Slug))
	if limit := t.Limits.Members; limit.Given {
		tenant.MemberLimit = limit.Value
		if limit.Value < 1 || limit.Value > tenancy.Unlimited {
			r.problem(t.Line, "limits: members: want 1 to %d, not %d", int64(tenancy.Unlimited), limit.Value)
		}
	}
	if t.Owner != "" {
		tenant.Owner = r.ownerOf(t)
	}
	if t.Organization != "" {
		tenant.Organization = r.findOrganization(t.Line, t.Organization)
	}
	for _, name := range []string{tenant.ID.String(), tenant.Slug} {
		if _, taken := r.tenants[name]; taken && name != "" {
			r.problem(t.Line, "another tenant has %s already", name)
		}
		r.tenants[name] = tenant.ID
	}
	r.seed.Tenants = append(r.seed.Tenants, tenant)
}

// ownerOf finds a tenant's owner, who can act: an owner is never disabled
// (contracts/README.md, rule 2).
func (r *resolver) ownerOf(t config.BootstrapTenant) tenancy.UserID {
	user, known := r.findUser(t.Line, "owner", t.Owner)
	if known && (!user.Enabled || !user.SignedUp) {
		r.problem(t.Line, "owner: %s is disabled or not signed up", t.Owner)
	}
	return user.ID
}

func (r *resolver) membership(m config.BootstrapMembership) {
	user, known := r.findUser(m.Line, "user", m.User)
	member := tenancy.Membership{
		Tenant: r.findTenant(m.Line, m.Tenant), User: user.ID,
		Developer: m.Developer, Enabled: orTrue(m.Enabled),
		Pending: m.Pending || known && !user.SignedUp, // nobody acts before signing up
	}
	var err error
	member.Level, err = tenancy.ParseLevel(cmp.Or(m.Level, tenancy.LevelMember.String()))
	r.check(m.Line, "level", err)
	r.holdings(m, &member)
	member.NotBefore = r.time(m.Line, "not_before", m.NotBefore)
	member.ExpiresAt = r.time(m.Line, "expires_at", m.ExpiresAt)
	if !member.ExpiresAt.IsZero() && !member.NotBefore.Before(member.ExpiresAt) {
		r.problem(m.Line, "expires_at: is not after not_before")
	}
	if !member.NotBefore.After(r.now) { // past: as good as none (contracts/README.md, rule 3)
		member.NotBefore = time.Time{}
	}
	pair := [2]uuid.UUID{uuid.UUID(member.Tenant), uuid.UUID(member.User)}
	if known && r.members[pair] {
		r.problem(m.Line, "%s is in %s twice", m.User, m.Tenant)
	}
	r.members[pair] = true
	r.seed.Memberships = append(r.seed.Memberships, member)
}

func (r *resolver) key(k config.BootstrapKey) {
	user, _ := r.findUser(k.Line, "user", k.User)
	key := tenancy.Key{ID: tenancy.KeyID(r.newID()), Label: "bootstrap", User: user.ID, Digest: authn.DigestOf(k.Key)}
	r.check(k.Line, "key", authn.CheckChosenKey(k.Key))
	if k.Tenant != "" {
		key.Tenant = r.findTenant(k.Line, k.Tenant)
	}
	key.Scopes = r.actions(k.Line, "scopes", k.Scopes)
	if r.keys[key.Digest] {
		r.problem(k.Line, "key: another one is the same")
	}
	r.keys[key.Digest] = true
	r.seed.Keys = append(r.seed.Keys, key)
}

// actions reads the names of actions.
func (r *resolver) actions(line int, field string, names []string) []tenancy.Action {
	var actions []tenancy.Action
	for _, name := range names {
		action, err := tenancy.ParseAction(name)
		r.check(line, field, err)
		actions = append(actions, action)
	}
	return actions
}

// findUser follows a reference by id or e-mail.
func (r *resolver) findUser(line int, field, ref string) (tenancy.User, bool) {
	if user := r.users[tenancy.EmailKey(ref)]; user != nil && ref != "" {
		return *user, true
	}
	r.problem(line, "%s: no user of this file has the id or e-mail %q", field, ref)
	return tenancy.User{}, false
}

// findTenant follows a reference by id or slug.
func (r *resolver) findTenant(line int, ref string) tenancy.TenantID {
	if parsed, err := tenancy.ParseTenantRef(ref); err == nil {
		ref = parsed.String()
	}
	id, known := r.tenants[ref]
	if !known || ref == "" {
		r.problem(line, "tenant: no tenant of this file has the id or slug %q", ref)
	}
	return id
}

// time reads a time of RFC 3339; zero when absent.
func (r *resolver) time(line int, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.problem(line, "%s: want a time like 2027-01-31T09:00:00Z, not %q", field, text)
	}
	return at.UTC().Truncate(time.Microsecond)
}

// orTrue reads a switch that is on unless it is turned off.
func orTrue(given *bool) bool { return given == nil || *given }
