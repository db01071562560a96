package native

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) invitations(s *surface) {
	const all, one = "/v1/tenants/{tenant}/invitations", "/v1/tenants/{tenant}/invitations/{invitation}"
	register(s, describe(http.MethodPost, all, "createInvitation", "Invite an address; an invitation to it that is open is withdrawn",
		created, refuses(http.StatusNotFound)), d.createInvitation)
	register(s, describe(http.MethodGet, all, "listInvitations", "List the invitations of a tenant",
		refuses(http.StatusNotFound)), d.listInvitations)
	register(s, describe(http.MethodDelete, one, "deleteInvitation", "Withdraw an invitation",
		removes, refuses(http.StatusNotFound)), d.deleteInvitation)
	const code = "/v1/invitations/{code}"
	register(s, describe(http.MethodPost, code+"/accept", "acceptInvitation", "Become a member, as whoever has the address that was invited; without a credential",
		joins, refuses(http.StatusNotFound)), d.acceptInvitation)
	register(s, describe(http.MethodPost, code+"/decline", "declineInvitation", "Close an invitation; without a credential",
		removes, joins, takesNoBody, refuses(http.StatusNotFound)), d.declineInvitation)
}

type newInvitation struct {
	Email     string   `json:"email" maxLength:"254"`
	Level     *string  `json:"level,omitempty" enum:"viewer,member,admin,owner" doc:"member when absent, unless the policies name another; only a transfer makes an owner."`
	RoleIDs   []string `json:"role_ids,omitempty" format:"uuid" nullable:"false" maxItems:"100" doc:"Custom roles of the tenant; none when absent."`
	ExpiresIn *int64   `json:"expires_in,omitempty" minimum:"1" maximum:"2592000" doc:"Seconds, 30 days at most and when absent."`
}

type createInvitationInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   newInvitation
}

func (d *dialect) createInvitation(ctx context.Context, r *request, in *createInvitationInput) (*body[invitation], error) {
	change, err := in.Body.change(d.now())
	if err != nil {
		return nil, err
	}
	code, err := d.accounts.NewCode()
	if err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	change.Tenant, change.Code = tenantRef(in.Tenant), code.Digest
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	shown, err := show(outcome, d.invitation)
	if err != nil {
		return nil, err
	}
	// Where the policies keep an invitation that is open, its code stays too.
	if made, ok := outcome.Result.(tenancy.InvitationView); ok && made.Code == code.Digest && r.isSecretShown() {
		shown.Body.Code = code.Text
	}
	return shown, nil
}

func (n newInvitation) change(now time.Time) (tenancy.CreateInvitation, error) {
	email, badEmail := optional("email", &n.Email, tenancy.ParseEmail)
	level, badLevel := optional("level", n.Level, tenancy.ParseLevel)
	roles, badRoles := rolesOf("role_ids", n.RoleIDs)
	change := tenancy.CreateInvitation{Email: email, Level: level, Roles: roles}
	if n.ExpiresIn != nil {
		change.ExpiresAt = now.Add(time.Duration(*n.ExpiresIn) * time.Second).UTC().Truncate(time.Microsecond)
	}
	return change, firstOf(badEmail, badLevel, badRoles)
}

func (d *dialect) listInvitations(ctx context.Context, r *request, in *listOfTenantInput) (*body[list[invitation]], error) {
	ref := tenantRef(in.Tenant)
	where := place(listInvitations + ref.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListInvitations{Tenant: ref, After: tenancy.InvitationID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, d.invitation, func(i tenancy.InvitationView) uuid.UUID { return uuid.UUID(i.ID) })
}

// invitation shows an invitation as it stands now.
func (d *dialect) invitation(i tenancy.InvitationView) invitation { return invitationOf(i, d.now()) }

type deleteInvitationInput struct {
	Tenant     string `path:"tenant" doc:"The tenant's id or slug."`
	Invitation string `path:"invitation" doc:"The invitation's id."`
}

func (d *dialect) deleteInvitation(ctx context.Context, r *request, in *deleteInvitationInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteInvitation{
		Tenant: tenantRef(in.Tenant), Invitation: inPath(in.Invitation, tenancy.ParseInvitationID),
	})
	return &nothing{}, err
}

// joiner is what an account that signs up says of itself.
type joiner struct {
	Password  *string `json:"password,omitempty" doc:"8 to 1024 bytes. For an account that signs up only; absent: it cannot sign in with a password."`
	GivenName *string `json:"given_name,omitempty" maxLength:"256" doc:"Of an account that signs up."`
	Surname   *string `json:"surname,omitempty" maxLength:"256" doc:"Of an account that signs up."`
}

type acceptInvitationInput struct {
	Code string `path:"code" doc:"The invitation's code."`
	Body *joiner
}

func (d *dialect) acceptInvitation(ctx context.Context, r *request, in *acceptInvitationInput) (*body[member], error) {
	who := orZero(in.Body)
	givenName, badGiven := optional("given_name", who.GivenName, parseName)
	surname, badSurname := optional("surname", who.Surname, parseName)
	if err := firstOf(badGiven, badSurname); err != nil {
		return nil, err
	}
	change := tenancy.AcceptInvitation{Code: d.invited(r, in.Code), GivenName: givenName, Surname: surname}
	if who.Password != nil && d.isInvited(ctx, r, change) { // anybody else shall not make the server hash
		var err error
		if change.PasswordHash, err = d.hash(ctx, "password", *who.Password); err != nil {
			return nil, err
		}
	}
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, memberOf)
}

// isInvited reports whether the code is that of an invitation that is open: no
// code that is not becomes one later.
func (d *dialect) isInvited(ctx context.Context, r *request, change tenancy.AcceptInvitation) bool {
	_, err := d.gate.Apply(ctx, r.actor, change, tenancy.ApplyOptions{Dialect: tenancy.DialectNative, DryRun: true})
	var refusal *tenancy.Refusal
	return !errors.As(err, &refusal) || !tenancy.Has(refusal.Reasons, tenancy.CodeInvitationUnknown)
}

type declineInvitationInput struct {
	Code string `path:"code" doc:"The invitation's code."`
}

func (d *dialect) declineInvitation(ctx context.Context, r *request, in *declineInvitationInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeclineInvitation{Code: d.invited(r, in.Code)})
	return &nothing{}, err
}

// invited has a request act as the account with the address that was invited,
// and gives what is stored of the code. An Idempotency-Key is that of whoever
// holds the code, apart from those of all others who show no credential.
func (d *dialect) invited(r *request, code string) tenancy.Digest {
	digest := d.accounts.CodeDigest(code)
	r.actor = tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
	if once := &r.terms.Idempotency; once.Key != "" {
		once.Key = hex.EncodeToString(digest[:]) + " " + once.Key
	}
	return digest
}
