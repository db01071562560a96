package native

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) trail(s *surface) {
	register(s, describe(http.MethodGet, "/v1/decisions/{decision}", "getDecision", "Read a decision that is kept: its facts, its verdict and its reasons",
		refuses(http.StatusNotFound)), d.getDecision)
	register(s, describe(http.MethodGet, "/v1/audit", "listAudit", "List the audit, oldest first",
		refuses(http.StatusNotFound)), d.listAudit)
	register(s, describe(http.MethodGet, "/v1/audit/verify", "verifyAudit", "Follow the audit's chain from its first record to its last",
		slow, refuses(http.StatusNotFound)), d.verifyAudit)
}

// decision is what is kept of one.
type decision struct {
	ID             string    `json:"id" format:"uuid"`
	Time           time.Time `json:"time"`
	Kind           string    `json:"kind" enum:"change,dry_run,check,read" doc:"Changes and their refusals are kept as long as the audit; the latest others, denials first, in memory."`
	Actor          string    `json:"actor" doc:"Who asked, or of a check who was judged: a user's id, platform, operator or registration."`
	ActingAs       *string   `json:"acting_as" format:"uuid" doc:"The user that a platform key acted for."`
	Dialect        string    `json:"dialect" doc:"The API that was asked."`
	Action         string    `json:"action"`
	Tenant         *string   `json:"tenant" format:"uuid"`
	Target         *string   `json:"target" doc:"The id of the user, key or tenant acted upon."`
	Allow          bool      `json:"allow"`
	Reasons        []reason  `json:"reasons" nullable:"false"`
	PolicyRevision string    `json:"policy_revision" doc:"Of the set of policies that judged; empty: none was asked."`
	Revision       uint64    `json:"revision" doc:"Of the store that was looked at; of a change, the one that it made."`
	Input          facts     `json:"input"`
}

type getDecisionInput struct {
	Decision string `path:"decision" doc:"The decision's id, as in X-Decision-Id."`
}

func (d *dialect) getDecision(ctx context.Context, r *request, in *getDecisionInput) (*body[decision], error) {
	outcome, err := d.read(ctx, r, tenancy.GetDecision{Decision: inPath(in.Decision, tenancy.ParseDecisionID)})
	if err != nil {
		return nil, err
	}
	return show(outcome, decisionOf)
}

func decisionOf(d tenancy.Decision) decision {
	return decision{
		ID: d.ID.String(), Time: d.At.UTC(), Kind: string(d.Kind), Actor: d.Actor, ActingAs: textOrNull(d.ActingAs), Dialect: string(d.Dialect),
		Action: string(d.Action), Tenant: idOrNull(d.Tenant), Target: textOrNull(d.Target), Allow: d.Allow, Reasons: reasonsOf(d.Reasons),
		PolicyRevision: d.PolicyRevision, Revision: uint64(d.Revision), Input: d.Input,
	}
}

type listAuditInput struct {
	Tenant string    `query:"tenant" doc:"A tenant's id or slug: its records alone. Its administrators may ask; for all records, the platform."`
	Actor  string    `query:"actor" doc:"Who acted, or was acted for: a user's id, platform, operator or registration."`
	Action string    `query:"action" maxLength:"128" doc:"As member.remove."`
	Since  time.Time `query:"since" doc:"The time of the first record; the end is open."`
	Cursor string    `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most. One may have fewer, or none, and not be the last."`
}

func (d *dialect) listAudit(ctx context.Context, r *request, in *listAuditInput) (*body[list[record]], error) {
	query, err := in.query()
	if err != nil {
		return nil, err
	}
	since := query.Since.UTC().Format(time.RFC3339Nano)
	where := place(strings.Join([]string{listAudit, query.Tenant.String(), query.Actor, string(query.Action), since}, "/"))
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	query.After = seqIn(after)
	outcome, err := d.read(ctx, r, query)
	if err != nil {
		return nil, err
	}
	page, ok := outcome.Result.(tenancy.AuditPage)
	if !ok {
		return nil, unexpected(outcome)
	}
	shown := list[record]{Items: make([]record, len(page.Records)), Revision: uint64(outcome.Revision)}
	for i, canonical := range page.Records {
		shown.Items[i] = recordOf(canonical)
	}
	if page.Next != 0 {
		next := where.cursor(seqID(page.Next))
		shown.NextCursor = &next
	}
	return &body[list[record]]{shown}, nil
}

// auditActors are those that are no users.
var auditActors = []string{"platform", "operator", "registration"}

func (in *listAuditInput) query() (tenancy.ListAudit, error) {
	query := tenancy.ListAudit{Tenant: auditedTenant(in.Tenant), Since: in.Since, Limit: in.Limit}
	wrong := func(param, msg string) (tenancy.ListAudit, error) {
		return query, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{param}, Msg: msg}
	}
	if in.Actor != "" {
		actor, err := parseAuditActor(in.Actor)
		if err != nil {
			return wrong("actor", err.Error())
		}
		query.Actor = actor
	}
	if in.Action != "" {
		action, err := tenancy.ParseAction(in.Action)
		if err != nil {
			return wrong("action", err.Error())
		}
		query.Action = action
	}
	return query, nil
}

// auditedTenant points at the tenant whose audit is asked for; at none where
// none is named.
func auditedTenant(given string) tenancy.TenantRef {
	if given == "" { // absent: an empty parameter is refused, see checkQuery
		return tenancy.TenantRef{}
	}
	return tenantRef(given)
}

func parseAuditActor(s string) (string, error) {
	for _, name := range auditActors {
		if s == name {
			return name, nil
		}
	}
	id, err := tenancy.ParseUserID(s)
	if err != nil {
		return "", errors.New("want a user's id, platform, operator or registration")
	}
	return id.String(), nil
}

// seqID and seqIn carry a sequence number in the id that a cursor holds.
func seqID(seq uint64) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], seq)
	return id
}

func seqIn(id uuid.UUID) uint64 { return binary.BigEndian.Uint64(id[8:]) }

// record is one audit record: its canonical bytes and, after them, their hash,
// so that whoever takes the hash away can compute it.
type record []byte

// recordOf adds the hash to canonical bytes, which are a JSON object.
func recordOf(canonical []byte) record {
	shown := append(make(record, 0, len(canonical)+80), canonical[:len(canonical)-1]...)
	shown = append(shown, `,"hash":"`...)
	return append(append(shown, hashOf(canonical)...), `"}`...)
}

// MarshalJSON gives the record.
func (r record) MarshalJSON() ([]byte, error) { return r, nil }

// Schema implements huma.SchemaProvider.
func (record) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[auditRecord](), true, "")
}

// auditRecord describes a record. A member without a value is absent.
type auditRecord struct {
	Seq            uint64    `json:"seq" doc:"From 1."`
	ID             string    `json:"id" format:"uuid"`
	Time           time.Time `json:"time"`
	Revision       uint64    `json:"revision" doc:"Of a change, the one that it made; of a refusal, the one that was looked at."`
	Actor          string    `json:"actor" doc:"A user's id, platform, operator or registration."`
	Via            string    `json:"via,omitempty" doc:"The kind of credential."`
	Key            string    `json:"key,omitempty" doc:"The id of the key that was presented."`
	Dialect        string    `json:"dialect,omitempty"`
	Action         string    `json:"action"`
	Tenant         string    `json:"tenant,omitempty"`
	Target         string    `json:"target,omitempty" doc:"The id of the user, key or tenant acted upon."`
	DecisionID     string    `json:"decision_id" format:"uuid"`
	PolicyRevision string    `json:"policy_revision,omitempty"`
	Verdict        string    `json:"verdict" enum:"allow,deny"`
	Reasons        []reason  `json:"reasons,omitempty" nullable:"false"`
	Unrecorded     int       `json:"unrecorded,omitempty" doc:"The actor's refusals before this one that were too many to record."`
	Prev           string    `json:"prev" doc:"The hash of the record before; zeros for the first."`
	ActingAs       string    `json:"acting_as,omitempty" doc:"The user that a platform key acted for."`
	InputHash      string    `json:"input_hash,omitempty" doc:"SHA-256 of the decision's input."`
	Hash           string    `json:"hash" doc:"SHA-256, in hexadecimal, of the record as it stands here without this member: compact JSON, the members in this order."`
}

type verifyAuditInput struct {
	Tenant string `query:"tenant" doc:"A tenant's id or slug: count its records alone. The chain is followed through all."`
}

type auditReport struct {
	OK       bool    `json:"ok" doc:"Every record is as it was written, and none is missing."`
	Records  uint64  `json:"records" doc:"How many were counted."`
	Head     *string `json:"head" doc:"The hash of the last record counted; null: there is none."`
	BrokenAt *uint64 `json:"broken_at,omitempty" doc:"The first record that is not as it was written."`
}

func (d *dialect) verifyAudit(ctx context.Context, r *request, in *verifyAuditInput) (*body[auditReport], error) {
	found, outcome, err := d.gate.VerifyAudit(ctx, r.actor, auditedTenant(in.Tenant), r.terms.ApplyOptions)
	if err != nil {
		return nil, err
	}
	r.answered(outcome)
	shown := auditReport{OK: found.OK, Records: found.Records, Head: textOrNull(found.Head)}
	if found.BrokenAt != 0 {
		shown.BrokenAt = &found.BrokenAt
	}
	return &body[auditReport]{shown}, nil
}
