package gate

import (
	"sync"

	"github.com/memberward/memberward/internal/tenancy"
)

// How much of what was decided without a record is kept: so many decisions,
// of so many bytes.
const (
	ringLimit = 10_000
	ringBytes = 16 << 20
)

// ring keeps the latest decisions that nothing else records: checks, reads,
// dry runs, and refusals until they are flushed. Of those that have to go,
// allows go first, the oldest first (design, "Decisions, revisions, audit").
// Every check passes through it, so a full ring writes over what it drops and
// allocates nothing.
type ring struct {
	mu      sync.Mutex
	byID    map[tenancy.DecisionID]*kept
	allows  fifo
	denials fifo
	size    int // bytes, as they were weighed
}

// kept is one decision, not yet written down.
type kept struct {
	kind    tenancy.DecisionKind
	actor   tenancy.Actor
	in      Input
	outcome tenancy.Outcome
	target  string
	allow   bool
	size    int
	next    *kept // the one remembered after it
}

// fifo is a queue of decisions.
type fifo struct{ first, last *kept }

func (f *fifo) push(k *kept) {
	if f.last == nil {
		f.first = k
	} else {
		f.last.next = k
	}
	f.last = k
}

// pop gives the oldest, or nil.
func (f *fifo) pop() *kept {
	oldest := f.first
	if oldest == nil {
		return nil
	}
	if f.first = oldest.next; f.first == nil {
		f.last = nil
	}
	return oldest
}

func newRing() *ring { return &ring{byID: map[tenancy.DecisionID]*kept{}} }

// remember keeps a decision, unless the audit has it.
func (r *ring) remember(kind tenancy.DecisionKind, m *matter, allow bool) {
	if m.outcome.DecisionID.IsZero() || (kind == tenancy.DecisionChange && allow) {
		return
	}
	size := weigh(&m.in)
	hostile := size > ringBytes/100 // one question must not push a hundred others out
	if hostile {
		size = plainWeight + len(m.in.Resource.ID) + len(m.in.Resource.Type)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.room(size)
	*k = kept{kind: kind, actor: m.actor, in: m.in, outcome: m.outcome, target: m.target, allow: allow, size: size}
	k.outcome.Result = nil
	if hostile {
		k.in.Context, k.in.HTTP, k.in.Sent = nil, tenancy.HTTPRequest{}, ""
		k.in.Subject.Properties, k.in.Subject.Stored, k.in.Resource.Properties, k.in.Resource.Stored = "", "", "", ""
	}
	if allow {
		r.allows.push(k)
	} else {
		r.denials.push(k)
	}
	r.byID[k.outcome.DecisionID] = k
	r.size += k.size
}

// room drops what has to go for so many bytes more, and gives a place to write
// to: one that was dropped, if any was.
func (r *ring) room(size int) *kept {
	var place *kept
	for r.size+size > ringBytes || len(r.byID) >= ringLimit {
		if place = r.drop(); place == nil {
			break
		}
	}
	if place == nil {
		place = &kept{}
	}
	return place
}

// drop forgets the oldest allow, or the oldest denial where there is none, and
// gives it; nil when the ring is empty.
func (r *ring) drop() *kept {
	k := r.allows.pop()
	if k == nil {
		k = r.denials.pop()
	}
	if k != nil {
		delete(r.byID, k.outcome.DecisionID)
		r.size -= k.size
	}
	return k
}

// find gives a copy of a decision that is kept: its place is written over.
func (r *ring) find(id tenancy.DecisionID) (kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, found := r.byID[id]
	if !found {
		return kept{}, false
	}
	return *k, true
}

// plainWeight is what a decision takes that carries nothing of its caller's
// own, in bytes.
const plainWeight = 1200

// weigh estimates what an input takes, in bytes.
func weigh(in *Input) int {
	size := plainWeight + len(in.Resource.ID) + len(in.Resource.Type) + 3*len(in.HTTP.RawPath) + len(in.Action) + len(in.Sent) +
		len(in.Subject.ID) + len(in.Subject.Type) + len(in.Subject.Properties) + len(in.Subject.Stored) +
		len(in.Resource.Properties) + len(in.Resource.Stored)
	for _, lists := range []map[string][]string{in.HTTP.Headers, in.HTTP.Query} {
		for name, values := range lists {
			size += 64 + len(name)
			for _, value := range values {
				size += 16 + len(value)
			}
		}
	}
	for name, value := range in.Context {
		size += 64 + len(name) + weighJSON(value)
	}
	return size
}

// weighJSON estimates what a value of JSON takes, in bytes.
func weighJSON(value any) int {
	switch v := value.(type) {
	case string:
		return 16 + len(v)
	case []any:
		size := 24
		for _, element := range v {
			size += 16 + weighJSON(element)
		}
		return size
	case map[string]any:
		size := 48
		for name, element := range v {
			size += 64 + len(name) + weighJSON(element)
		}
		return size
	default:
		return 16
	}
}

// decision writes a kept decision down.
func (k *kept) decision() (tenancy.Decision, error) {
	input, err := Document(&k.in)
	d := tenancy.Decision{
		ID: k.outcome.DecisionID, At: k.in.Now, Kind: k.kind, Actor: k.actor.String(), Dialect: k.in.Dialect, Action: k.in.Action,
		Tenant: k.in.Tenant.ID, Target: k.target, Allow: k.allow, Reasons: k.outcome.Reasons,
		PolicyRevision: k.outcome.PolicyRevision, Revision: k.outcome.Revision, Input: input,
	}
	if k.actor.Delegated {
		d.Actor, d.ActingAs = platformName, k.actor.User.String()
	}
	return d, err
}
