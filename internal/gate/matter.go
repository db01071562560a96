package gate

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// matter is one decision in the making: who asks for what, the facts gathered
// in one transaction, and what was found.
type matter struct {
	actor   tenancy.Actor
	in      Input
	target  string // what is acted upon, for the record: an id
	outcome tenancy.Outcome
	found   []tenancy.Finding
	faulty  bool      // the policies failed
	entity  bool      // the subject is of the registry: it has no account that could be inactive
	roams   bool      // the credential names a tenant only as every token of its API does
	until   time.Time // when the presented key expires; zero: never, or no key
	since   time.Time // when the actor's account was made; zero: it is not there yet, or none

	parts      int                  // performed in the tenants of the account
	items      []*matter            // of a batch, in order
	self       tenancy.User         // the actor's account; zero: there is none
	tenant     tenancy.Tenant       // zero: the matter is about none, or it is unknown
	account    tenancy.User         // the target's account; zero: there is none
	membership tenancy.Membership   // the target's, before the change; zero: none
	above      tenancy.Organization // zero: the matter is about none, or it is unknown
}

// step is one kind of change.
type step interface {
	// action names the change for the policies; it may depend on who asks.
	action(actor tenancy.Actor) tenancy.Action
	// about gives the tenant and the account that the change acts upon; a zero
	// one for a change that acts upon none.
	about() (tenancy.TenantRef, tenancy.UserID)
	// before gives the record that the change acts upon as it is; nil when
	// there is none. It is called after gather.
	before(m *matter) any
	// gather adds the facts and findings that only this change has.
	gather(tx Reader, m *matter) error
	// hold gives the invariants that the change would break, whatever the
	// policies say.
	hold(m *matter) []tenancy.Finding
	// perform makes the change, with its cascades, and gives its result.
	perform(tx Tx, m *matter) (any, error)
}

func (m *matter) find(findings ...tenancy.Finding) { m.found = append(m.found, findings...) }

func (m *matter) tenantUnknown() bool { return tenancy.Has(m.found, tenancy.CodeTenantUnknown) }

// gather reads every fact of a change but for those of the actor.
func (m *matter) gather(tx Reader, step step) error {
	ref, target := step.about()
	if err := m.gatherTenant(tx, ref); err != nil {
		return err
	}
	if err := m.gatherTarget(tx, target); err != nil {
		return err
	}
	return step.gather(tx, m)
}

// gatherActor reads the credential and the account again inside the
// transaction: what authentication saw may be old by now.
func (m *matter) gatherActor(tx Reader) error {
	m.in.Actor = ActorFacts{User: m.actor.User, Platform: m.actor.Platform, Active: true, Scopes: m.actor.Scopes}
	m.roams = m.actor.MemberEpoch != 0
	if !m.actor.Key.IsZero() {
		key, known, err := tx.Key(m.actor.Key)
		if err != nil {
			return err
		}
		if !known || key.Expired(m.in.Now) {
			return unauthenticated("the key was revoked or has expired")
		}
		m.until = key.ExpiresAt
		m.roams = m.roams && key.Tenant.IsZero()
		if err := m.gatherKeyBinding(tx, key); err != nil {
			return err
		}
	}
	if m.actor.User.IsZero() || m.actor.Registering {
		return nil
	}
	user, known, err := tx.User(m.actor.User)
	if err != nil {
		return err
	}
	if !known && m.actor.Via != tenancy.ViaNothing {
		return unauthenticated("the account is gone")
	}
	if m.actor.ByToken() && m.actor.TokenEpoch != user.TokenEpoch {
		return unauthenticated("the token was revoked")
	}
	m.self, m.since = user, user.CreatedAt
	m.in.Actor.Active = user.Enabled && user.SignedUp
	return m.gatherBinding(tx)
}

// gatherBinding refuses a token that is bound to a membership which has
// ended: it is removed with the membership, and a new one does not revive it
// (contracts/README.md, rule 5).
func (m *matter) gatherBinding(tx Reader) error {
	if m.actor.TenantSince.IsZero() {
		return nil
	}
	own, member, err := tx.Membership(m.actor.Tenant, m.actor.User)
	if err != nil {
		return err
	}
	if !member || !m.actor.TenantSince.Equal(own.CreatedAt) {
		return unauthenticated("the membership that the token was issued for has ended")
	}
	if m.actor.MemberEpoch != 0 && m.actor.MemberEpoch != own.Epoch+1 {
		return unauthenticated("what the membership allows has changed since the token was issued")
	}
	return nil
}

// gatherKeyBinding refuses a key that is bound to a tenant which is gone: a key
// of somebody who was no member does not end with it, and another tenant may
// get its id.
func (m *matter) gatherKeyBinding(tx Reader, key tenancy.Key) error {
	if key.Tenant.IsZero() {
		return nil
	}
	tenant, known, err := tx.Tenant(key.Tenant)
	if err != nil {
		return err
	}
	if !known || key.CreatedAt.Before(tenant.CreatedAt) {
		return unauthenticated("the tenant that the key was made for is gone")
	}
	return nil
}

func unauthenticated(msg string) error {
	return &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: msg}
}

// gatherTenant resolves the tenant and the actor's membership in it.
func (m *matter) gatherTenant(tx Reader, ref tenancy.TenantRef) error {
	if ref.Active {
		ref = tenancy.RefTo(m.self.ActiveTenant)
	}
	if ref.IsZero() {
		return nil
	}
	tenant, known, err := resolve(tx, ref)
	if err != nil {
		return err
	}
	if !known {
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
		m.findStranger()
		return nil
	}
	if err := m.takeTenant(tx, tenant); err != nil {
		return err
	}
	return m.gatherMembership(tx)
}

// takeTenant makes a tenant the one that the matter is about.
func (m *matter) takeTenant(tx Reader, tenant tenancy.Tenant) error {
	counters, err := tx.Counters(tenant.ID)
	if err != nil {
		return err
	}
	m.tenant = tenant
	m.in.Tenant = TenantFacts{
		ID: tenant.ID, Owner: tenant.Owner,
		Members: counters.Members, Limit: tenant.MemberLimit, LastingAdmins: counters.LastingAdmins,
	}
	return nil
}

// gatherMembership reads how the actor belongs to the tenant: by a membership,
// as an administrator of its organization, or not at all. Whoever administers
// the organization acts whatever their own membership says.
func (m *matter) gatherMembership(tx Reader) error {
	if m.actor.Platform {
		return nil
	}
	own, member, err := tx.Membership(m.tenant.ID, m.actor.User)
	if err != nil {
		return err
	}
	administers, err := m.administers(tx, m.tenant.Organization)
	if err != nil {
		return err
	}
	if !m.bindingHolds(m.tenant.ID) || !member && !administers {
		m.findStranger()
		return nil
	}
	m.in.Actor.OrganizationAdmin = administers
	if !member {
		return nil
	}
	m.in.Actor.Member, m.in.Actor.Level = true, own.Level
	m.in.Actor.Active = m.in.Actor.Active && (own.Active(m.in.Now) || administers)
	return m.gatherRoles(tx, own)
}

// administers reports whether the actor administers an organization.
func (m *matter) administers(tx Reader, organization tenancy.OrganizationID) (bool, error) {
	if organization.IsZero() || m.actor.User.IsZero() {
		return false, nil
	}
	place, _, err := tx.OrganizationMember(organization, m.actor.User)
	return place.Administers(), err
}

// gatherRoles reads what the actor's custom roles and capabilities give.
func (m *matter) gatherRoles(tx Reader, own tenancy.Membership) error {
	roles, err := rolesOf(tx, own.Roles)
	if err != nil {
		return err
	}
	a := &m.in.Actor
	a.Roles, a.Actions = roleFacts(roles), actionsOf(roles)
	a.Capabilities = union(own.Capabilities, m.tenant.Capabilities)
	for _, role := range roles {
		a.Capabilities = union(a.Capabilities, role.Capabilities)
	}
	return nil
}

// findStranger notes that the actor is no member; the platform never is one.
// Of somebody whom others ask about, what the account is stays unsaid then: it
// is no matter of the tenant's.
func (m *matter) findStranger() {
	if m.actor.Platform {
		return
	}
	m.find(tenancy.Find(tenancy.CodeNotAMember))
	if m.actor.Via == tenancy.ViaNothing {
		m.in.Actor.Active = false
	}
}

// bindingHolds reports whether the credential is good in a tenant: one that
// is bound to another makes its holder a non-member.
func (m *matter) bindingHolds(tenant tenancy.TenantID) bool {
	return m.actor.Tenant.IsZero() || m.actor.Tenant == tenant
}

// resolve finds the tenant that a reference points at.
func resolve(tx Reader, ref tenancy.TenantRef) (tenancy.Tenant, bool, error) {
	id := ref.ID
	if id.IsZero() {
		found, known, err := tx.TenantBySlug(ref.Slug)
		if err != nil || !known {
			return tenancy.Tenant{}, false, err
		}
		id = found
	}
	return tx.Tenant(id)
}

// gatherTarget reads the account acted upon, and its membership in the tenant.
func (m *matter) gatherTarget(tx Reader, user tenancy.UserID) error {
	if user.IsZero() {
		return nil
	}
	m.target = user.String()
	account, exists, err := tx.User(user)
	if err != nil {
		return err
	}
	m.account = account
	m.in.Target = TargetFacts{User: user, Exists: exists, Self: user == m.actor.User}
	if m.tenant.ID.IsZero() {
		m.in.Target.Active = account.Enabled && account.SignedUp
		return nil
	}
	before, member, err := tx.Membership(m.tenant.ID, user)
	if err != nil || !member {
		return err
	}
	roles, err := rolesOf(tx, before.Roles)
	if err != nil {
		return err
	}
	m.membership = before
	t := &m.in.Target
	t.Roles = roleFacts(roles)
	t.Member, t.Level, t.Enabled, t.Pending, t.Developer = true, before.Level, before.Enabled, before.Pending, before.Developer
	t.Active = account.Enabled && before.Active(m.in.Now)
	t.Lasting = account.Enabled && before.LastingAdmin()
	return nil
}

// rule takes over what the policies said. Whatever is no well-formed allow
// refuses; pending, disabled and expired members and credentials out of scope
// are refused whatever the policies say.
func (m *matter) rule(ruling Ruling, err error) {
	if err != nil {
		m.foundFault(err)
		return
	}
	if !ruling.Granted {
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
	}
	m.find(ruling.Violations...)
	if !m.in.Actor.Active && !m.entity || !m.actor.InScope(m.in.Action) {
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
	}
	if !ruling.Allow && len(m.found) == 0 {
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
	}
}

// foundFault notes that the policies failed. Whether the actor has the right is
// unknown then, so what else was found is withheld, but for what makes a
// stranger: facts are for those who have the right.
func (m *matter) foundFault(err error) {
	m.faulty = true
	m.found = slices.DeleteFunc(m.found, func(f tenancy.Finding) bool {
		return f.Code != tenancy.CodeTenantUnknown && f.Code != tenancy.CodeNotAMember
	})
	m.find(tenancy.Find(policyFault(err)))
}

func policyFault(err error) tenancy.Code {
	var fault *tenancy.Error
	if errors.As(err, &fault) && (fault.Code == tenancy.CodePolicyUndefined || fault.Code == tenancy.CodePolicyTimeout) {
		return fault.Code
	}
	return tenancy.CodePolicyError
}

// record gives the audit record of the decision, with its input.
func (m *matter) record(id uuid.UUID, verdict audit.Verdict) (audit.Record, error) {
	input, err := Document(&m.in)
	if err != nil {
		return audit.Record{}, err
	}
	record := audit.Record{
		ID: id.String(), Time: m.in.Now, Revision: m.outcome.Revision,
		Actor: m.actor.String(), Via: string(m.actor.Via), Key: m.actor.Key.String(), Dialect: string(m.in.Dialect),
		Action: string(m.in.Action), Tenant: m.in.Tenant.ID.String(), Target: m.target,
		DecisionID: m.outcome.DecisionID.String(), PolicyRevision: m.outcome.PolicyRevision,
		Verdict: verdict, Reasons: audit.Reasons(m.outcome.Reasons), Input: input,
	}
	if m.actor.Delegated {
		record.Actor, record.ActingAs = platformName, m.actor.User.String()
	}
	return record, nil
}

// platformName is what a record calls the platform, as tenancy.Actor does.
const platformName = "platform"
