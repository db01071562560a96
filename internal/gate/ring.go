package gate

import (
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

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
	size    int    // bytes, as they were weighed
	packing packer // of the decision at hand
}

// kept is one decision, not yet written down.
type kept struct {
	kind    tenancy.DecisionKind
	outcome tenancy.Outcome
	facts   packed
	context map[string]any // of the input
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
	context, brought := m.in.Context, weighContext(m.in.Context) // which may be large: nobody waits for it
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := r.packed(m, &m.in)
	if weigh(facts)+brought > ringBytes/100 { // one question must not push a hundred others out
		facts, context, brought = r.withoutSent(m), nil, 0
	}
	size := weigh(facts) + brought
	k := r.room(size)
	*k = kept{kind: kind, outcome: m.outcome, facts: facts.into(k.facts), context: context, allow: allow, size: size}
	k.outcome.Result = nil
	if allow {
		r.allows.push(k)
	} else {
		r.denials.push(k)
	}
	r.byID[k.outcome.DecisionID] = k
	r.size += k.size
}

// withoutSent packs a matter's facts but for most of what the caller sent along.
func (r *ring) withoutSent(m *matter) packed {
	in := m.in
	in.HTTP, in.Sent = tenancy.HTTPRequest{}, ""
	in.Subject.Properties, in.Subject.Stored, in.Resource.Properties, in.Resource.Stored = "", "", "", ""
	facts := r.packed(m, &in)
	r.packing.block = nil // it may have grown large
	return facts
}

// packed is good until the next one is made.
func (r *ring) packed(m *matter, in *Input) packed {
	r.packing.block = r.packing.block[:0]
	r.packing.decision(&m.actor, &m.target, in)
	return r.packing.block
}

// into copies a block to where another was, if that has room and not much too
// much of it.
func (p packed) into(place packed) packed {
	if cap(place) < len(p) || cap(place) > len(p)+len(p)/2 {
		place = make(packed, 0, len(p))
	}
	return append(place[:0], p...)
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

// find gives a copy of a decision that is kept: its place and its block are
// written over.
func (r *ring) find(id tenancy.DecisionID) (kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, known := r.byID[id]
	if !known {
		return kept{}, false
	}
	found := *k
	found.facts = slices.Clone(k.facts)
	return found, true
}

// plainWeight is what a decision takes besides its facts, in bytes.
const plainWeight = 400

// weigh estimates what is kept of a decision, in bytes, but for its context.
func weigh(facts packed) int { return plainWeight + len(facts) + len(facts)/2 }

// weighContext estimates what a context takes, in bytes.
func weighContext(context map[string]any) int {
	size := 0
	for name, value := range context {
		size += 64 + len(name) + weighJSON(value)
	}
	return size
}

// weighJSON estimates what a value of JSON takes, in bytes.
func weighJSON(value any) int {
	switch v := value.(type) {
	case string:
		return 16 + len(v)
	case jsontext.Value: // a number
		return 24 + len(v)
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
	actor, target, in := tenancy.Actor{}, "", Input{Context: k.context}
	unpacking := packer{block: k.facts, reading: true}
	unpacking.decision(&actor, &target, &in)
	input, err := Document(&in)
	d := tenancy.Decision{
		ID: k.outcome.DecisionID, At: in.Now, Kind: k.kind, Actor: actor.String(), Dialect: in.Dialect, Action: in.Action,
		Tenant: in.Tenant.ID, Target: target, Allow: k.allow, Reasons: k.outcome.Reasons,
		PolicyRevision: k.outcome.PolicyRevision, Revision: k.outcome.Revision, Input: input,
	}
	if actor.Delegated {
		d.Actor, d.ActingAs = platformName, actor.User.String()
	}
	return d, err
}
