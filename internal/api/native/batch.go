package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) batch(s *surface) {
	register(s, describe(http.MethodPost, "/v1/tenants/{tenant}/members/batch", "batchMembers", "Add, change and remove members in one transaction: all of it, or nothing",
		changes, refuses(http.StatusNotFound)), d.batchMembers)
}

// The operations of a batch.
const (
	opAdd    = "add"
	opUpdate = "update"
	opRemove = "remove"
)

type memberBatch struct {
	Operations []memberOperation `json:"operations" nullable:"false" minItems:"1" maxItems:"1000" doc:"In their order; nobody is named twice. The first that fails gives the answer its status, and the problem's results list all that fail."`
}

type memberOperation struct {
	Op        string               `json:"op" enum:"add,update,remove"`
	UserID    *string              `json:"user_id,omitempty" format:"uuid" doc:"Who; to add, an email may stand in its place."`
	Email     *string              `json:"email,omitempty" maxLength:"254" doc:"To add only."`
	Level     *string              `json:"level,omitempty" enum:"viewer,member,admin,owner" doc:"To add or update, as all that follow."`
	RoleIDs   *[]string            `json:"role_ids,omitempty" format:"uuid" nullable:"false" maxItems:"100"`
	Developer *bool                `json:"developer,omitempty"`
	Enabled   *bool                `json:"enabled,omitempty"`
	NotBefore clearable[time.Time] `json:"not_before,omitempty"`
	ExpiresAt clearable[time.Time] `json:"expires_at,omitempty"`
}

type batchMembersInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   memberBatch
}

type batchResults struct {
	Results  []batchResult `json:"results" nullable:"false" doc:"In the order of the operations."`
	Revision uint64        `json:"revision" doc:"The revision that the batch made."`
}

type batchResult struct {
	Index  int     `json:"index"`
	Status int     `json:"status" doc:"What the operation by itself would answer: 201, 200 or 204."`
	Member *member `json:"member,omitempty" doc:"Of one that was added or changed."`
}

func (d *dialect) batchMembers(ctx context.Context, r *request, in *batchMembersInput) (*body[batchResults], error) {
	ref, operations := tenantRef(in.Tenant), in.Body.Operations
	batch := tenancy.Batch{Changes: make([]tenancy.Change, len(operations)), Once: true}
	var wrong, some faults
	for i, o := range operations {
		change, err := o.change(ref)
		if err != nil && !errors.As(at(err, "operations", strconv.Itoa(i)), &some) {
			return nil, err
		}
		if err != nil {
			wrong = append(wrong, some...)
		}
		batch.Changes[i] = change
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	outcome, err := d.apply(ctx, r, batch)
	if err != nil {
		return nil, err
	}
	made, ok := outcome.Result.([]tenancy.Outcome)
	if !ok || len(made) != len(operations) {
		return nil, unexpected(outcome)
	}
	shown := batchResults{Results: make([]batchResult, len(made)), Revision: uint64(outcome.Revision)}
	for i, one := range made {
		if shown.Results[i], err = resultOf(i, one, operations[i].Op); err != nil {
			return nil, err
		}
	}
	return &body[batchResults]{shown}, nil
}

// resultOf shows what one operation came to.
func resultOf(index int, o tenancy.Outcome, op string) (batchResult, error) {
	var shown member
	switch result := o.Result.(type) {
	case tenancy.AddedMember:
		shown = memberOf(result.Member)
	case tenancy.Member:
		shown = memberOf(result)
	default:
		if op != opRemove {
			return batchResult{}, unexpected(o)
		}
	}
	switch op {
	case opAdd:
		return batchResult{Index: index, Status: http.StatusCreated, Member: &shown}, nil
	case opUpdate:
		return batchResult{Index: index, Status: http.StatusOK, Member: &shown}, nil
	default:
		return batchResult{Index: index, Status: http.StatusNoContent}, nil
	}
}

// change reads one operation.
func (o memberOperation) change(tenant tenancy.TenantRef) (tenancy.Change, error) {
	switch o.Op {
	case opAdd:
		return o.add(tenant)
	case opUpdate:
		return o.update(tenant)
	case opRemove:
		user, err := o.whom()
		if (o != memberOperation{Op: o.Op, UserID: o.UserID}) {
			err = errors.Join(err, wrong("op", errors.New("to remove somebody takes user_id alone")))
		}
		return tenancy.RemoveMember{Tenant: tenant, User: user}, err
	default: // the schema lets no other in
		return nil, wrong("op", fmt.Errorf("want one of: %s, %s, %s", opAdd, opUpdate, opRemove))
	}
}

func (o memberOperation) add(tenant tenancy.TenantRef) (tenancy.Change, error) {
	change, err := newMember{
		UserID: o.UserID, Email: o.Email, Level: o.Level, RoleIDs: orZero(o.RoleIDs), Developer: o.Developer, Enabled: o.Enabled,
		NotBefore: o.NotBefore.value, ExpiresAt: o.ExpiresAt.value,
	}.change()
	change.Tenant = tenant
	return change, err
}

func (o memberOperation) update(tenant tenancy.TenantRef) (tenancy.Change, error) {
	user, err := o.whom()
	if err != nil {
		return nil, err
	}
	change, err := memberPatch{
		Level: o.Level, RoleIDs: o.RoleIDs, Developer: o.Developer, Enabled: o.Enabled, NotBefore: o.NotBefore, ExpiresAt: o.ExpiresAt,
	}.change()
	change.Tenant, change.User = tenant, user
	return change, err
}

// whom reads who is updated or removed: somebody who has an account.
func (o memberOperation) whom() (tenancy.UserID, error) {
	if o.UserID == nil || o.Email != nil {
		return tenancy.UserID{}, missingField("user_id", "give user_id, and no email")
	}
	return optional("user_id", o.UserID, parseUser)
}

// itemFailure is what stands against one operation of several.
type itemFailure struct {
	Index   int      `json:"index"`
	Status  int      `json:"status" doc:"What the operation by itself would answer."`
	Code    string   `json:"code"`
	Detail  string   `json:"detail"`
	Reasons []reason `json:"reasons,omitempty" nullable:"false"`
}

// failuresOf lists what stands against the operations of a refused batch.
func failuresOf(refusal *tenancy.Refusal) []itemFailure {
	items, _ := refusal.Result.([]tenancy.ItemRefusal)
	failures := make([]itemFailure, len(items))
	for i, item := range items {
		failures[i] = failureOf(item.Index, refused(&tenancy.Refusal{Outcome: item.Outcome}))
	}
	return failures
}

func failureOf(index int, p problem) itemFailure {
	return itemFailure{Index: index, Status: p.Status, Code: p.Code, Detail: p.Detail, Reasons: p.Reasons}
}
