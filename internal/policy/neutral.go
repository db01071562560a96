package policy

import "github.com/memberward/memberward/internal/gate"

// What does not apply to a decision is the same in every input, so it is made
// once. TestEveryFactCounts holds these against the fields that there are.

// isNobody reports whether the facts are about no account.
func isNobody(t *gate.TargetFacts) bool {
	return t.User.IsZero() && !t.Exists && !t.Member && t.Level == 0 && len(t.Roles) == 0 &&
		!t.Enabled && !t.Pending && !t.Developer && !t.Active && !t.Lasting && !t.Self
}

// isNoRequest reports whether no membership is asked for.
func isNoRequest(r *gate.RequestedFacts) bool {
	return r.Level == 0 && len(r.Roles) == 0 && len(r.Actions) == 0 && !r.Enabled && !r.Developer && !r.Expires
}
