package gate_test

import (
	"bytes"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// recall reads a decision; none when it is withheld.
func (s *scene) recall(actor tenancy.Actor, id tenancy.DecisionID) (tenancy.Decision, bool) {
	s.t.Helper()
	outcome, err := s.Read(s.t.Context(), actor, tenancy.GetDecision{Decision: id}, tenancy.ApplyOptions{})
	if err != nil {
		s.want("a decision that is not shown", s.codes(err), tenancy.CodeDecisionExpired)
		return tenancy.Decision{}, false
	}
	return outcome.Result.(tenancy.Decision), true
}

func TestWhoReadsADecision(t *testing.T) {
	s := open(t, shipped(t))
	made, err := s.Apply(t.Context(), as(adam), level(acme, vic, tenancy.LevelMember), tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Apply(t.Context(), as(mary), remove(acme, olga), tenancy.ApplyOptions{})
	refused := refusalOf(t, err).DecisionID
	_, err = s.Apply(t.Context(), as(sam), remove(acme, mary), tenancy.ApplyOptions{})
	strange := refusalOf(t, err).DecisionID
	verdict, err := s.Check(t.Context(), as(mary), tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme)})
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name  string
		actor tenancy.Actor
		id    tenancy.DecisionID
		shown bool
	}{
		{"the platform reads a change", platform, made.DecisionID, true},
		{"the tenant's owner does", as(olga), made.DecisionID, true},
		{"its actor does", as(adam), made.DecisionID, true},
		{"a member does", as(mary), made.DecisionID, false},
		{"its target does", as(vic), made.DecisionID, false},
		{"a disabled administrator does", as(dora), made.DecisionID, false},
		{"an administrator of another tenant does", as(gil), made.DecisionID, false},
		{"the platform reads a refusal", platform, refused, true},
		{"an administrator reads a refusal", as(adam), refused, true},
		{"its actor reads a refusal", as(mary), refused, true},
		{"a stranger reads her own refusal", as(sam), strange, true},
		{"a stranger reads another's", as(sam), refused, false},
		{"an administrator reads a check", as(adam), verdict.DecisionID, true},
		{"its actor reads a check", as(mary), verdict.DecisionID, true},
		{"another member reads a check", as(vic), verdict.DecisionID, false},
		{"the platform reads one that never was", platform, tenancy.DecisionID{9}, false},
		{"a key out of scope reads its own", tenancy.Actor{User: mary, Via: tenancy.ViaAPIKey, Scopes: []tenancy.Action{tenancy.ActionResourceRead}}, verdict.DecisionID, false},
		{"a credential for another tenant reads its own", bound(mary, guild), verdict.DecisionID, false},
	}
	for _, row := range rows {
		if _, shown := s.recall(row.actor, row.id); shown != row.shown {
			t.Errorf("%s: shown %v, want %v", row.name, shown, row.shown)
		}
	}
	if d, _ := s.recall(platform, refused); !bytes.Contains(d.Input, []byte(`"name":"member.remove"`)) || len(d.Reasons) != 3 || d.Allow || d.Kind != tenancy.DecisionChange {
		t.Errorf("the platform reads %+v; want the whole refusal", d)
	}
	if d, _ := s.recall(as(mary), refused); d.Input != nil || len(d.Reasons) != 1 || d.Target != "" {
		t.Errorf("mary reads of her own refusal %+v; want what its answer said", d)
	}
	if d, _ := s.recall(as(sam), strange); d.Input != nil || !d.Tenant.IsZero() || len(d.Reasons) != 1 || d.Reasons[0].Code != tenancy.CodeTenantUnknown {
		t.Errorf("a stranger reads %+v; want that there is no such tenant", d)
	}
}

func TestWhatADecisionSaysOfItsActor(t *testing.T) {
	s := open(t, shipped(t))
	s.want("a platform key", s.try(platform, tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Digest: tenancy.Digest{1}}))
	acting := tenancy.Actor{User: olga, Via: tenancy.ViaPlatformKey, Delegated: true}
	outcome, err := s.Apply(t.Context(), acting, add(acme, sam, tenancy.LevelMember), tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := s.recall(platform, outcome.DecisionID)
	if d.Actor != "platform" || d.ActingAs != olga.String() {
		t.Errorf("recorded as %q acting as %q; want the platform acting as olga", d.Actor, d.ActingAs)
	}
	s.want("for mary it may what she may", s.try(tenancy.Actor{User: mary, Via: tenancy.ViaPlatformKey, Delegated: true}, remove(acme, olga)),
		"not_permitted", "owner_permanent", "rank_exceeded")
}

func TestAnExplanationIsForWhoeverSeesTheWholeAnswer(t *testing.T) {
	s := open(t, shipped(t))
	about := func(action tenancy.Action, u tenancy.UserID) tenancy.Question {
		q := tenancy.Question{Action: action, Tenant: tenancy.RefTo(acme), Explain: true}
		if !u.IsZero() {
			q.Resource = tenancy.Resource{Type: "user", ID: u.String()}
		}
		return q
	}
	judged := about(tenancy.ActionMemberRemove, olga)
	judged.Subject = mary
	unknown := about(tenancy.ActionResourceRead, tenancy.UserID{})
	unknown.Tenant = tenancy.RefTo(tenant(99))
	rows := []struct {
		name      string
		actor     tenancy.Actor
		q         tenancy.Question
		explained bool
	}{
		{"an administrator asks about herself", as(adam), about(tenancy.ActionMemberRemove, mary), true},
		{"an administrator asks about a member", as(adam), judged, true},
		{"the platform asks about a member", platform, judged, true},
		{"a member asks what she may read", as(mary), about(tenancy.ActionResourceRead, tenancy.UserID{}), true},
		{"a viewer asks why she may not write", as(vic), about(tenancy.ActionResourceWrite, tenancy.UserID{}), true},
		{"a member asks why she may not remove somebody", as(mary), about(tenancy.ActionMemberRemove, vic), false},
		{"a member asks why she may not remove nobody", as(mary), about(tenancy.ActionMemberRemove, user(99)), false},
		{"a disabled administrator asks why she may not read", as(dora), about(tenancy.ActionTenantRead, tenancy.UserID{}), false},
		{"an expired one does", as(eve), about(tenancy.ActionTenantRead, tenancy.UserID{}), false},
		{"a stranger asks", as(sam), about(tenancy.ActionResourceRead, tenancy.UserID{}), false},
		{"a stranger asks about an unknown tenant", as(sam), unknown, false},
	}
	for _, row := range rows {
		verdict, err := s.Check(t.Context(), row.actor, row.q)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if explained := verdict.Explanation != nil && verdict.Input != nil; explained != row.explained {
			t.Errorf("%s: explained %v, want %v", row.name, explained, row.explained)
		}
		own := row.q.Subject.IsZero() && !row.actor.Platform
		if d, shown := s.recall(row.actor, verdict.DecisionID); own && row.actor.User != adam && (!shown || (d.Input != nil) != row.explained) {
			t.Errorf("%s: the decision shows the input %q, want one: %v", row.name, d.Input, row.explained)
		}
	}
}

func TestQuestionsAreAnsweredAtOneRevision(t *testing.T) {
	s := open(t, shipped(t))
	ask := func(u tenancy.UserID) tenancy.Question {
		return tenancy.Question{Subject: u, Action: tenancy.ActionResourceWrite, Tenant: tenancy.RefTo(acme)}
	}
	verdicts, err := s.CheckAll(t.Context(), as(olga), []tenancy.Question{ask(mary), ask(vic), ask(sam), ask(mary)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, false, true} {
		if verdicts[i].Allow != want || verdicts[i].Revision != verdicts[0].Revision {
			t.Errorf("question %d: allow %v at %d, want %v at %d", i, verdicts[i].Allow, verdicts[i].Revision, want, verdicts[0].Revision)
		}
	}
	_, err = s.CheckAll(t.Context(), as(mary), []tenancy.Question{ask(mary), ask(vic)})
	s.want("one of them may not be asked", s.codes(err), "not_permitted")
	ahead := ask(mary)
	ahead.AtLeast = s.revision() + 1
	if _, err := s.Check(t.Context(), as(mary), ahead); codeOf(err) != tenancy.CodeConflict {
		t.Errorf("a revision that never was: %v; want %s", err, tenancy.CodeConflict)
	}
	ahead.AtLeast = s.revision()
	if _, err := s.Check(t.Context(), as(mary), ahead); err != nil {
		t.Errorf("the revision that is: %v", err)
	}
}

func TestWhoReadsTheAudit(t *testing.T) {
	s := open(t, shipped(t))
	s.want("a change in acme", s.try(as(olga), add(acme, sam, tenancy.LevelMember)))
	s.want("a change in guild", s.try(as(gil), level(guild, gus, tenancy.LevelMember)))
	page := func(actor tenancy.Actor, q tenancy.ListAudit) ([][]byte, []tenancy.Code) {
		t.Helper()
		if q.Limit == 0 {
			q.Limit = 100
		}
		var all [][]byte
		for {
			outcome, err := s.Read(t.Context(), actor, q, tenancy.ApplyOptions{})
			if err != nil {
				return nil, s.codes(err)
			}
			got := outcome.Result.(tenancy.AuditPage)
			all = append(all, got.Records...)
			if q.After = got.Next; q.After == 0 {
				return all, nil
			}
		}
	}
	ofAcme, ofGuild := tenancy.ListAudit{Tenant: tenancy.RefTo(acme)}, tenancy.ListAudit{Tenant: tenancy.RefTo(guild)}
	rows := []struct {
		name  string
		actor tenancy.Actor
		q     tenancy.ListAudit
		want  int
		codes []tenancy.Code
	}{
		{"the platform reads everything", platform, tenancy.ListAudit{}, 3, nil},
		{"in pages of one", platform, tenancy.ListAudit{Limit: 1}, 3, nil},
		{"an administrator reads her tenant's", as(adam), ofAcme, 1, nil},
		{"and of another tenant nothing", as(adam), ofGuild, 0, []tenancy.Code{"not_a_member", "not_permitted"}},
		{"an administrator reads everything", as(adam), tenancy.ListAudit{}, 0, []tenancy.Code{"not_permitted"}},
		{"a member reads her tenant's", as(mary), ofAcme, 0, []tenancy.Code{"not_permitted"}},
		{"by actor", platform, tenancy.ListAudit{Actor: gil.String()}, 1, nil},
		{"by action", platform, tenancy.ListAudit{Action: tenancy.ActionMemberAdd}, 1, nil},
		{"since a time to come", platform, tenancy.ListAudit{Since: began.AddDate(1, 0, 0)}, 0, nil},
	}
	for _, row := range rows {
		records, refused := page(row.actor, row.q)
		s.want(row.name, refused, row.codes...)
		if len(records) != row.want {
			t.Errorf("%s: %d records, want %d", row.name, len(records), row.want)
		}
	}
}

func TestTheAuditIsVerified(t *testing.T) {
	s := open(t, shipped(t))
	s.want("a change in acme", s.try(as(olga), add(acme, sam, tenancy.LevelMember)))
	all, _, err := s.VerifyAudit(t.Context(), platform, tenancy.TenantRef{}, tenancy.ApplyOptions{})
	if err != nil || !all.OK || all.Records != 2 || len(all.Head) != 64 {
		t.Errorf("VerifyAudit = %+v, %v; want 2 whole records", all, err)
	}
	own, _, err := s.VerifyAudit(t.Context(), as(adam), tenancy.RefTo(acme), tenancy.ApplyOptions{})
	if err != nil || !own.OK || own.Records != 1 || own.Head != all.Head {
		t.Errorf("of acme: %+v, %v; want its one record", own, err)
	}
	_, _, err = s.VerifyAudit(t.Context(), as(adam), tenancy.TenantRef{}, tenancy.ApplyOptions{})
	s.want("an administrator verifies everything", s.codes(err), "not_permitted")
}

func TestWhoCopiesTheStore(t *testing.T) {
	s := open(t, shipped(t))
	var copied bytes.Buffer
	outcome, err := s.Backup(t.Context(), platform, &copied, tenancy.ApplyOptions{})
	if err != nil || outcome.Revision != s.revision() || copied.Len() == 0 {
		t.Errorf("Backup = revision %d, %d bytes, %v", outcome.Revision, copied.Len(), err)
	}
	copied.Reset()
	_, err = s.Backup(t.Context(), as(olga), &copied, tenancy.ApplyOptions{})
	s.want("an owner copies the store", s.codes(err), "not_permitted")
	if copied.Len() != 0 {
		t.Error("a refused copy was begun")
	}
}

// TestAQuestionTellsNothingOfAStrangersAccount: anybody may have a tenant of
// their own to ask about, and shall not learn of accounts by asking.
func TestAQuestionTellsNothingOfAStrangersAccount(t *testing.T) {
	s := open(t, shipped(t))
	explained := func(of tenancy.UserID) []byte {
		t.Helper()
		verdict, err := s.Check(t.Context(), as(adam), tenancy.Question{
			Subject: of, Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme), Explain: true,
		})
		if err != nil || verdict.Allow {
			t.Fatalf("%s: %+v, %v; want a no", of, verdict, err)
		}
		return bytes.ReplaceAll(verdict.Input, []byte(of.String()), []byte("x"))
	}
	unknown := explained(user(99))
	for name, of := range map[string]tenancy.UserID{"an account": sam, "one that is disabled": off, "one that is reserved": res} {
		if got := explained(of); !bytes.Equal(got, unknown) {
			t.Errorf("of %s the facts are %s, of nobody %s", name, got, unknown)
		}
	}
}
