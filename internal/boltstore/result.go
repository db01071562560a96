package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// What a receipt's outcome holds as its result. The numbers are part of the
// file format: append only.
const (
	resultNone   = 0
	resultUser   = 1
	resultKey    = 2
	resultTenant = 3
	resultMember = 4
	resultLeft   = 5

	// Since version 2 of receipts.
	resultRole               = 6
	resultProject            = 7
	resultDataset            = 8
	resultInvitation         = 9
	resultOrganization       = 10
	resultOrganizationMember = 11
	resultUsage              = 12
	resultAddedMember        = 13
	resultOutcomes           = 14
	resultEntity             = 15
)

// outcome writes all of an outcome but its revision, which is known when the
// change is applied.
func (e *encoder) outcome(v tenancy.Outcome) error {
	e.raw(v.DecisionID[:])
	e.string(v.PolicyRevision)
	e.uint(uint64(len(v.Reasons)))
	for _, f := range v.Reasons {
		e.string(string(f.Code))
		e.string(f.Message)
	}
	outcomes, several := v.Result.([]tenancy.Outcome)
	if !several {
		return e.result(v.Result)
	}
	e.byte(resultOutcomes)
	e.uint(uint64(len(outcomes)))
	for _, o := range outcomes {
		if _, nested := o.Result.([]tenancy.Outcome); nested {
			return fmt.Errorf("a batch within a batch cannot be kept")
		}
		if err := e.outcome(o); err != nil {
			return err
		}
	}
	return nil
}

// outcome reads what encoder.outcome wrote, of a change that made a revision.
func (d *decoder) outcome(made tenancy.Revision) tenancy.Outcome {
	v, kind := d.outcomeHead(made)
	if kind != resultOutcomes || d.version == 1 {
		v.Result = d.result(kind)
		return v
	}
	var outcomes []tenancy.Outcome
	for n := d.count(); n > 0 && d.err == nil; n-- {
		o, kind := d.outcomeHead(made)
		o.Result = d.result(kind) // which knows no batch: there is none within another
		outcomes = append(outcomes, o)
	}
	v.Result = outcomes
	return v
}

// outcomeHead reads an outcome up to the kind of its result.
func (d *decoder) outcomeHead(made tenancy.Revision) (tenancy.Outcome, byte) {
	v := tenancy.Outcome{Revision: made, DecisionID: d.id(), PolicyRevision: d.string()}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		v.Reasons = append(v.Reasons, tenancy.Finding{Code: tenancy.Code(d.string()), Message: d.string()})
	}
	return v, d.byte()
}

// result writes what a change came to, without what is secret in it. Records
// within a receipt have the version of the receipt, and users userVersion.
func (e *encoder) result(v any) error {
	switch v := v.(type) {
	case nil:
		e.byte(resultNone)
	case tenancy.UserView:
		v.PasswordHash, v.TokenEpoch = "", 0
		e.named(resultUser, v.ID)
		e.user(v.User)
		e.time(v.LastLoginAt)
	case tenancy.KeyView:
		v.Digest = tenancy.Digest{}
		e.named(resultKey, v.ID)
		e.key(v.Key)
		e.time(v.LastUsedAt)
	case tenancy.Tenant:
		e.named(resultTenant, v.ID)
		e.tenant(v)
	case tenancy.Member:
		e.byte(resultMember)
		e.member(v)
	case tenancy.AddedMember:
		e.byte(resultAddedMember)
		e.member(v.Member)
		e.flags(v.There)
	case tenancy.Left:
		e.byte(resultLeft)
		e.int(int64(v))
	default:
		return e.resource(v)
	}
	return nil
}

// resource writes the results that are about more than tenants and members.
func (e *encoder) resource(v any) error {
	switch v := v.(type) {
	case tenancy.Role:
		e.named(resultRole, v.ID)
		e.role(v)
	case tenancy.Project:
		e.named(resultProject, v.ID)
		e.project(v)
	case tenancy.Dataset:
		e.named(resultDataset, v.ID)
		e.dataset(v)
	case tenancy.InvitationView:
		v.Code = tenancy.Digest{}
		e.named(resultInvitation, v.ID)
		e.invitation(v.Invitation)
		e.string(v.Inviter)
	case tenancy.Organization:
		e.named(resultOrganization, v.ID)
		e.organization(v)
	case tenancy.OrganizationMemberView:
		e.named(resultOrganizationMember, v.Organization)
		e.raw(v.User[:])
		e.organizationMember(v.OrganizationMember)
		e.string(v.Email)
		e.string(v.GivenName)
		e.string(v.Surname)
	case tenancy.Usage:
		e.byte(resultUsage)
		e.usage(v)
	case tenancy.Entity:
		e.byte(resultEntity)
		e.entity(v)
	default:
		return fmt.Errorf("a result of type %T cannot be kept", v)
	}
	return nil
}

// named writes the kind of a result and the id of the record.
func (e *encoder) named(kind byte, id [16]byte) {
	e.byte(kind)
	e.raw(id[:])
}

// member writes a membership with what is shown of its user.
func (e *encoder) member(v tenancy.Member) {
	e.raw(v.Tenant[:])
	e.raw(v.User[:])
	e.membership(v.Membership, membershipVersion)
	e.string(v.Email)
	e.string(v.GivenName)
	e.string(v.Surname)
	e.string(string(v.Kind))
	e.time(v.LastLoginAt)
	e.string(v.Inviter)
	e.uint(uint64(len(v.Held)))
	for _, role := range v.Held {
		e.raw(role.ID[:])
		e.role(role)
	}
	e.raw(v.Organization[:])
	e.raw(v.InOrganization.Organization[:])
	e.raw(v.InOrganization.User[:])
	e.organizationMember(v.InOrganization)
}

func (d *decoder) member() (v tenancy.Member) {
	tenant, user := d.id(), d.id()
	v.Membership = *d.membershipOf(tenant, user)
	v.Email = d.string()
	if d.version == 1 {
		return v
	}
	v.GivenName, v.Surname, v.Kind, v.LastLoginAt, v.Inviter = d.string(), d.string(), tenancy.Kind(d.string()), d.time(), d.string()
	for n := d.count(); n > 0 && d.err == nil; n-- {
		id := d.id()
		role := decodeRole(d)
		role.ID = id
		v.Held = append(v.Held, role)
	}
	v.Organization = d.id()
	v.InOrganization = d.organizationMember()
	return v
}

// organizationMember reads a place in an organization with its ids.
func (d *decoder) organizationMember() tenancy.OrganizationMember {
	organization, user := d.id(), d.id()
	v := decodeOrganizationMember(d)
	v.Organization, v.User = organization, user
	return v
}

func (d *decoder) result(kind byte) any {
	switch kind {
	case resultNone:
		return nil
	case resultUser:
		id := d.id()
		v := tenancy.UserView{User: d.user(userVersion), LastLoginAt: d.time()}
		v.ID = id
		return v
	case resultKey:
		id := d.id()
		v := tenancy.KeyView{Key: decodeKey(d), LastUsedAt: d.time()}
		v.ID = id
		return v
	case resultTenant:
		id := d.id()
		v := d.tenant(d.version)
		v.ID = id
		return v
	case resultMember:
		return d.member()
	case resultLeft:
		return tenancy.Left(d.int())
	default:
		return d.resource(kind)
	}
}

// resource reads the results that receipts of version 2 may hold besides.
func (d *decoder) resource(kind byte) any {
	if d.version == 1 {
		kind = resultNone // none of them
	}
	switch kind {
	case resultRole:
		id := d.id()
		v := decodeRole(d)
		v.ID = id
		return v
	case resultProject:
		id := d.id()
		v := decodeProject(d)
		v.ID = id
		return v
	case resultDataset:
		id := d.id()
		v := decodeDataset(d)
		v.ID = id
		return v
	case resultInvitation:
		id := d.id()
		v := tenancy.InvitationView{Invitation: decodeInvitation(d), Inviter: d.string()}
		v.ID = id
		return v
	case resultOrganization:
		id := d.id()
		v := decodeOrganization(d)
		v.ID = id
		return v
	case resultOrganizationMember:
		return tenancy.OrganizationMemberView{OrganizationMember: d.organizationMember(), Email: d.string(), GivenName: d.string(), Surname: d.string()}
	case resultUsage:
		return decodeUsage(d)
	case resultEntity:
		return decodeEntity(d)
	case resultAddedMember:
		v := tenancy.AddedMember{Member: d.member()}
		d.flags(&v.There)
		return v
	default:
		d.fail("the receipt holds a result that this program does not know")
		return nil
	}
}
