package cogniac

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// shownInvite is an invitation. Nothing here sends mail, so none is ever
// resent; the code is in the answer that makes the invitation, and never again.
type shownInvite struct {
	InvitedUserEmail string  `json:"invited_user_email"`
	InvitationStatus string  `json:"invitation_status"`
	Role             string  `json:"role"`
	TenantID         string  `json:"tenant_id"`
	CreatedBy        *string `json:"created_by"`
	CreatedAt        int64   `json:"created_at"`
	AcceptedAt       *int64  `json:"accepted_at"`
	ResendCounter    int     `json:"resend_counter"`
	LastResendAt     *int64  `json:"last_resend_at"`
	LastResendBy     *string `json:"last_resend_by"`
	Code             string  `json:"code,omitempty"`
}

func shownInviteOf(i tenancy.InvitationView, now time.Time) shownInvite {
	shown := shownInvite{
		InvitedUserEmail: i.Email, InvitationStatus: i.Status.String(), Role: roleOf(i.Level), TenantID: i.Tenant.String(),
		CreatedBy: textOrNull(i.Inviter), CreatedAt: seconds(i.CreatedAt),
	}
	switch {
	case i.Status == tenancy.InvitationAccepted:
		shown.AcceptedAt = secondsOrNull(i.ClosedAt)
	case i.Status == tenancy.InvitationPending && !i.Open(now):
		shown.InvitationStatus = "expired"
	}
	return shown
}

// invites serves GET /1/tenants/{id}/invites: those that can be accepted, or
// with invitation_status=all every one but those that were withdrawn, which
// are deleted to this API's clients.
func (d *dialect) invites(c *gin.Context, actor tenancy.Actor) error {
	query, err := api.Query(c.Request, true, "invitation_status")
	if err != nil {
		return err
	}
	status, asked := query["invitation_status"]
	if asked && status != "pending" && status != "all" {
		return &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{"invitation_status"}, Msg: "want pending or all"}
	}
	tenant, now, shown := tenantOf(c, actor), d.now(), []shownInvite{}
	page := func(last tenancy.InvitationView) tenancy.Query {
		return tenancy.ListInvitations{Tenant: tenant, Open: status != "all", After: last.ID, Limit: api.PageSize}
	}
	list := api.List[tenancy.InvitationView]{Gate: d.gate, Options: options, Page: page}
	err = list.Each(c, actor, func(rows []tenancy.InvitationView, _ bool) error {
		for _, row := range rows {
			if row.Status != tenancy.InvitationWithdrawn {
				shown = append(shown, shownInviteOf(row, now))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ok(c, shown)
}

// invitee is how a body names who is invited.
type invitee struct {
	Email *string `json:"invited_user_email"`
}

func (i invitee) email() (string, error) {
	given, err := required("invited_user_email", i.Email)
	if err != nil {
		return "", err
	}
	email, err := tenancy.ParseEmail(given)
	return email, wrong("invited_user_email", err)
}

// invite serves POST /1/tenants/{id}/invites. Inviting an address again gives
// the invitation that is open.
func (d *dialect) invite(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		invitee
		named
	}
	if err := json(c, &given); err != nil {
		return err
	}
	email, err := given.email()
	if err != nil {
		return err
	}
	level, err := given.level()
	if err != nil {
		return err
	}
	code, digest, err := d.accounts.NewCode()
	if err != nil {
		return fmt.Errorf("make a code: %w", err)
	}
	outcome, err := d.apply(c, actor, tenancy.CreateInvitation{Tenant: tenantOf(c, actor), Email: email, Level: level, Code: digest})
	if err != nil {
		return err
	}
	invitation, err := api.Result[tenancy.InvitationView](outcome)
	if err != nil {
		return err
	}
	shown := shownInviteOf(invitation, d.now())
	if invitation.Code == digest { // it is new
		shown.Code = code
	}
	return ok(c, shown)
}

// withdraw serves DELETE /1/tenants/{id}/invites.
func (d *dialect) withdraw(c *gin.Context, actor tenancy.Actor) error {
	var given invitee
	if err := json(c, &given); err != nil {
		return err
	}
	email, err := given.email()
	if err != nil {
		return err
	}
	if _, err := d.apply(c, actor, tenancy.DeleteInvitation{Tenant: tenantOf(c, actor), Email: email}); err != nil {
		return err
	}
	return done(c)
}
