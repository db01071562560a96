package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// knownActions get a series of their own in the metrics.
func knownActions() []string {
	known := append(tenancy.ChangeActions(), tenancy.ActionBootstrap,
		tenancy.ActionUserRead, tenancy.ActionUserFind, tenancy.ActionKeyList,
		tenancy.ActionTenantRead, tenancy.ActionTenantList, tenancy.ActionTenantListAll,
		tenancy.ActionMemberRead, tenancy.ActionMemberList, tenancy.ActionPolicyRead, tenancy.ActionAuditRead,
		tenancy.ActionStoreRead, tenancy.ActionStoreBackup, tenancy.ActionStoreVerify,
		tenancy.ActionResourceRead, tenancy.ActionResourceWrite)
	names := make([]string, len(known))
	for i, action := range known {
		names[i] = string(action)
	}
	return names
}

// policyFaults are the codes of decisions that failed closed.
var policyFaults = []tenancy.Code{
	tenancy.CodeFactsIncomplete, tenancy.CodePolicyError, tenancy.CodePolicyUndefined, tenancy.CodePolicyTimeout,
}

// observeDecision counts a decision and writes it to the decision log.
func (p *program) observeDecision(o gate.Observation) {
	code, level := codeOf(o), slog.LevelDebug
	p.metrics.Decision(string(o.Kind), string(o.Action), o.Allow, string(code))
	for _, finding := range o.Outcome.Reasons {
		if slices.Contains(policyFaults, finding.Code) {
			p.metrics.PolicyFault(string(finding.Code))
			level = slog.LevelError // the rules failed, and somebody was refused for it
		}
	}
	if !p.logger.Enabled(context.Background(), level) { // as usual: the texts below are made for nothing then
		return
	}
	p.logger.LogAttrs(context.Background(), level, "decision",
		slog.String("decision_id", o.Outcome.DecisionID.String()), slog.String("kind", string(o.Kind)),
		slog.String("action", string(o.Action)), slog.Bool("allow", o.Allow), slog.String("code", string(code)),
		slog.String("actor", o.Actor.String()), slog.Bool("delegated", o.Actor.Delegated), slog.String("via", string(o.Actor.Via)), slog.String("key", o.Actor.Key.String()),
		slog.String("tenant", o.Tenant.String()), slog.String("target", o.Target), slog.String("dialect", string(o.Dialect)),
		slog.String("policy_revision", o.Outcome.PolicyRevision), slog.Uint64("revision", uint64(o.Outcome.Revision)))
}

// codeOf names why a decision did not allow: its first reason, or else the
// failure that kept it from being made.
func codeOf(o gate.Observation) tenancy.Code {
	if o.Allow {
		return ""
	}
	if len(o.Outcome.Reasons) > 0 {
		return o.Outcome.Reasons[0].Code
	}
	var failed *tenancy.Error
	switch {
	case errors.As(o.Err, &failed):
		return failed.Code
	case errors.Is(o.Err, context.DeadlineExceeded), errors.Is(o.Err, context.Canceled):
		return tenancy.CodeTimeout
	default:
		return tenancy.CodeInternal
	}
}

// watchStore shows the store's counts in the metrics.
func (p *program) watchStore() {
	gauge := func(name, help string, value func() uint64) telemetry.Reading {
		return telemetry.Reading{Name: name, Help: help, Value: func() float64 { return float64(value()) }}
	}
	counter := func(name, help string, value func() uint64) telemetry.Reading {
		reading := gauge(name, help, value)
		reading.Counter = true
		return reading
	}
	p.metrics.Watch(
		gauge("memberward_store_revision", "Revision of the last commit.", func() uint64 { return uint64(p.store.Revision()) }),
		counter("memberward_store_commits_total", "Commits, each with its syncs.", func() uint64 { return p.store.Stats().Commits }),
		counter("memberward_store_changes_total", "Changes that the commits carried; over commits: how many shared one sync.", func() uint64 { return p.store.Stats().Changes }),
		counter("memberward_store_appended_records_total", "Records of refusals written.", func() uint64 { return p.store.Stats().Appended }),
		counter("memberward_store_dropped_records_total", "Records of refusals that found no room in the queue.", func() uint64 { return p.store.Stats().DroppedRecords }),
		counter("memberward_store_dropped_touches_total", "Uses of credentials that found no room in the queue.", func() uint64 { return p.store.Stats().DroppedTouches }),
		counter("memberward_store_long_reads_total", "Reading transactions of more than a second.", func() uint64 { return p.store.Stats().LongReads }),
		counter("memberward_store_full_total", "Commits that found no room on the disk.", func() uint64 { return p.store.Stats().Full }),
	)
}

// watchRouting adds whether the routes in force are older than their file.
func (p *program) watchRouting() {
	p.metrics.Watch(telemetry.Reading{
		Name: "memberward_routes_stale", Help: "1 when the file of routes has changed into one that cannot serve, so that those before are in force.",
		Value: func() float64 {
			if p.routesFailed.Load() {
				return 1
			}
			return 0
		},
	})
}

// counted counts the requests of a listener that has no shell of its own.
func (p *program) counted(listener, dialect string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := p.clock()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(seen, r)
		p.metrics.Request(listener, dialect, seen.status, p.clock().Sub(began))
	})
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and passes it on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
