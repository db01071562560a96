package native_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// broken is a gate that fails.
type broken struct{ err error }

func (b broken) Apply(context.Context, tenancy.Actor, tenancy.Change, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{}, b.err
}

func (b broken) Read(context.Context, tenancy.Actor, tenancy.Query, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{}, b.err
}

func (b broken) Check(context.Context, tenancy.Actor, tenancy.Question) (tenancy.Verdict, error) {
	return tenancy.Verdict{}, b.err
}

func (b broken) CheckAll(context.Context, tenancy.Actor, []tenancy.Question) ([]tenancy.Verdict, error) {
	return nil, b.err
}

func (b broken) VerifyAudit(context.Context, tenancy.Actor, tenancy.TenantRef, tenancy.ApplyOptions) (tenancy.AuditReport, tenancy.Outcome, error) {
	return tenancy.AuditReport{}, tenancy.Outcome{}, b.err
}

func (b broken) Backup(context.Context, tenancy.Actor, io.Writer, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{}, b.err
}

// TestFailures holds the status of everything that can go wrong against the
// tables of levels.md and native.md.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	failure := func(code tenancy.Code) error {
		return &tenancy.Error{Code: code, Msg: "words", Cause: errors.New("secret of the log")}
	}
	refusal := func(codes ...tenancy.Code) error {
		r := &tenancy.Refusal{}
		for _, code := range codes {
			r.Reasons = append(r.Reasons, tenancy.Find(code))
		}
		return r
	}
	const change, read, ask = "change", "read", "check"
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		only   string // the operations that can fail so; all of them when empty
	}{
		"not reached yet":      {failure(tenancy.CodeConflict), 409, "conflict", ""},
		"a key of another":     {failure(tenancy.CodeIdempotencyReused), 422, "idempotency_reused", change},
		"stale":                {refusal(tenancy.CodeStale), 412, "stale", change},
		"stale, not permitted": {refusal(tenancy.CodeStale, tenancy.CodeNotPermitted), 403, "not_permitted", change},
		"in the way":           {refusal(tenancy.CodeConflict), 409, "conflict", change},
		"disk full":            {failure(tenancy.CodeStoreFull), 507, "store_full", change},
		"outcome unknown":      {failure(tenancy.CodeOutcomeUnknown), 503, "outcome_unknown", change},
		"store closed":         {failure(tenancy.CodeUnavailable), 503, "unavailable", ""},
		"time over":            {failure(tenancy.CodeTimeout), 503, "timeout", ""},
		"deadline":             {context.DeadlineExceeded, 503, "timeout", ""},
		"caller gone":          {context.Canceled, 503, "timeout", ""},
		"anything else":        {errors.New("secret of the log"), 500, "internal", ""},
		"a code of no table":   {failure("made_up"), 500, "internal", ""},
		"credential gone":      {failure(tenancy.CodeUnauthenticated), 401, "unauthenticated", ""},
		"a refusal of nothing": {refusal(), 403, "not_permitted", ""},
		"incomplete facts":     {refusal(tenancy.CodeFactsIncomplete), 403, "facts_incomplete", change},
		"policy error":         {refusal(tenancy.CodePolicyError), 403, "policy_error", ""},
		"policy timeout":       {refusal(tenancy.CodePolicyTimeout), 403, "policy_timeout", ""},
		"policy undefined":     {refusal(tenancy.CodePolicyUndefined), 403, "policy_undefined", ""},
		"an operator's rule":   {refusal("freeze period/ü"), 403, "freeze period/ü", change},
		"last administrator":   {refusal(tenancy.CodeLastAdministrator), 403, "last_administrator", change},
		"no seat":              {refusal(tenancy.CodeMemberLimit, "freeze"), 403, "member_limit", change},
		"not permitted first":  {refusal(tenancy.CodeNotPermitted, tenancy.CodeOwnerPermanent), 403, "not_permitted", change},
	} {
		t.Run(name, func(t *testing.T) {
			v := w.with(t, broken{c.err})
			for kind, request := range map[string]call{
				change: {as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: `{"level":"viewer"}`},
				read:   {as: adam, method: http.MethodGet, path: "/v1/tenants/acme/members"},
				ask:    {as: adam, method: http.MethodPost, path: "/v1/check", body: `{"action":"tenant.read","tenant":"acme"}`},
			} {
				if c.only != "" && c.only != kind {
					continue
				}
				p := v.refused(c.status, c.code, request)
				if text := v.do(request).Body; strings.Contains(text, "secret") {
					t.Errorf("the cause shows: %s", text)
				}
				passing := map[string]bool{"outcome_unknown": true, "unavailable": true, "timeout": true, "conflict": name == "not reached yet"}
				if given := v.do(request).Header.Get("Retry-After") != ""; given != passing[c.code] {
					t.Errorf("Retry-After is there: %t, want %t", given, passing[c.code])
				}
				if p["detail"] == "" && !strings.HasPrefix(c.code, "freeze") {
					t.Errorf("the problem has no words: %v", p)
				}
			}
		})
	}
}

// odd is a gate whose results are of the wrong kind.
type odd struct{ broken }

func (odd) Apply(context.Context, tenancy.Actor, tenancy.Change, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{Result: "x"}, nil
}

func (odd) Read(context.Context, tenancy.Actor, tenancy.Query, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{Result: 1}, nil
}

// resultless operations answer without a result of the gate's.
var resultless = []string{
	"/v1/check", "/v1/policies", "/v1/users/" + mary + "/password", "/v1/users/" + mary + "/tokens/revoke",
	"/v1/audit/verify?tenant=acme", "/v1/admin/info", "/v1/admin/verify",
}

func TestAWrongResultIsNoAnswer(t *testing.T) {
	w := newWorld(t).with(t, odd{})
	for _, e := range endpoints {
		if e.as == "" || slices.Contains(resultless, e.path) || (e.method == http.MethodDelete && !strings.HasSuffix(e.path, "/memberships")) {
			continue
		}
		w.refused(http.StatusInternalServerError, "internal", e.call)
	}
}
