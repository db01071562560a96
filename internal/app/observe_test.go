package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestADecisionIsCountedUnderItsReason(t *testing.T) {
	denied := func(codes ...tenancy.Code) tenancy.Outcome {
		var o tenancy.Outcome
		for _, code := range codes {
			o.Reasons = append(o.Reasons, tenancy.Find(code))
		}
		return o
	}
	for _, tc := range []struct {
		name     string
		decision gate.Observation
		want     string // labels
		faults   int
	}{
		{"allowed", gate.Observation{Allow: true}, `code="",kind="change",verdict="allow"`, 0},
		{"refused for two reasons", gate.Observation{Outcome: denied(tenancy.CodeOwnerPermanent, tenancy.CodeRankExceeded)}, `code="owner_permanent",kind="change",verdict="deny"`, 0},
		{"the policy failed", gate.Observation{Outcome: denied(tenancy.CodePolicyTimeout)}, `code="policy_timeout",kind="change",verdict="deny"`, 1},
		{"the policy failed besides", gate.Observation{Outcome: denied(tenancy.CodeNotPermitted, tenancy.CodeFactsIncomplete)}, `code="not_permitted",kind="change",verdict="deny"`, 1},
		{"the disk is full", gate.Observation{Err: fmt.Errorf("commit: %w", &tenancy.Error{Code: tenancy.CodeStoreFull})}, `code="store_full",kind="change",verdict="deny"`, 0},
		{"nobody waits any more", gate.Observation{Err: context.Canceled}, `code="timeout",kind="change",verdict="deny"`, 0},
		{"something else", gate.Observation{Err: errors.New("x")}, `code="internal",kind="change",verdict="deny"`, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log outlet
			logger, err := telemetry.NewLogger(&log, "json", "debug")
			if err != nil {
				t.Fatal(err)
			}
			p := &program{parts: parts{logger: logger, metrics: telemetry.NewMetrics(telemetry.Build{}, knownActions())}}
			tc.decision.Kind, tc.decision.Action = tenancy.DecisionChange, tenancy.ActionMemberRemove
			p.observeDecision(tc.decision)
			text := scrape(t, p.metrics.Handler())
			if want := `memberward_decisions_total{action="member.remove",` + tc.want + "} 1\n"; !strings.Contains(text, want) {
				t.Errorf("missing: %s", want)
			}
			if got := strings.Count(text, "\nmemberward_policy_faults_total{"); got != tc.faults {
				t.Errorf("%d policy faults, want %d", got, tc.faults)
			}
			if !strings.Contains(log.String(), `"msg":"decision"`) {
				t.Errorf("the decision log holds %q", &log)
			}
		})
	}
}

func TestEveryKnownActionIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, action := range knownActions() {
		if _, err := tenancy.ParseAction(action); err != nil || seen[action] {
			t.Errorf("%q: %v, twice: %v", action, err, seen[action])
		}
		seen[action] = true
	}
}

func TestWhatIsInsecureIsSaid(t *testing.T) {
	var log outlet
	logger, err := telemetry.NewLogger(&log, "text", "warn")
	if err != nil {
		t.Fatal(err)
	}
	cfg := settings("data")
	warn(logger, cfg)
	if log.String() != "" {
		t.Errorf("a server on loopback warns: %s", &log)
	}
	cfg.Listen, cfg.SelfRegistration = "0.0.0.0:8080", true
	warn(logger, cfg)
	for _, want := range []string{
		`level=WARN msg="listens beyond loopback in plain HTTP: put TLS in front" listener=--listen address=0.0.0.0:8080` + "\n",
		`level=WARN msg="anybody may register; addresses are not verified" listener=--listen address=0.0.0.0:8080` + "\n",
	} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("want one line %s, got %s", want, &log)
		}
	}
}
