package gate

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

func matterOf(n uint32) *matter {
	m := &matter{}
	binary.BigEndian.PutUint32(m.outcome.DecisionID[:], n+1)
	return m
}

func idOf(n uint32) tenancy.DecisionID { return matterOf(n).outcome.DecisionID }

func TestTheRingKeepsDenialsFirst(t *testing.T) {
	r := newRing()
	r.remember(tenancy.DecisionCheck, matterOf(0), false)
	for n := range uint32(2 * ringLimit) {
		r.remember(tenancy.DecisionCheck, matterOf(1+n), true)
	}
	if _, kept := r.find(idOf(0)); !kept {
		t.Error("a denial went before the allows")
	}
	if _, kept := r.find(idOf(1)); kept {
		t.Error("the oldest allow is still there")
	}
	if _, kept := r.find(idOf(2 * ringLimit)); !kept {
		t.Error("the latest allow is gone")
	}
	if len(r.slots) > ringLimit || r.size > ringBytes || r.allows.len()+r.denials.len() != len(r.slots) {
		t.Errorf("the ring holds %d decisions of %d bytes", len(r.slots), r.size)
	}
	for n := range uint32(2 * ringLimit) {
		r.remember(tenancy.DecisionCheck, matterOf(3*ringLimit+n), false)
	}
	if _, kept := r.find(idOf(0)); kept || r.size > ringBytes {
		t.Error("denials are kept for ever")
	}
}

// len counts what is queued.
func (s *slabs) len() (n int) {
	offset := s.begin
	for _, slab := range s.slabs {
		for ; offset < len(slab); n++ {
			offset += lengthBytes + len(blockAt(slab, offset))
		}
		offset = 0
	}
	return n
}

// TestAFullRingAllocatesNothing: every check passes through it.
func TestAFullRingAllocatesNothing(t *testing.T) {
	r, n := newRing(), uint32(0)
	remember := func() {
		n++
		r.remember(tenancy.DecisionCheck, matterOf(n), n%3 > 0)
	}
	for range 2 * ringLimit {
		remember()
	}
	own := testing.AllocsPerRun(1000, func() { matterOf(n) })
	if all := testing.AllocsPerRun(1000, remember); all > own {
		t.Errorf("a decision costs %.0f allocations, want %.0f: those of its matter", all, own)
	}
}

// TestWhatWasFoundStays though its place in the ring is written over.
func TestWhatWasFoundStays(t *testing.T) {
	r := newRing()
	r.remember(tenancy.DecisionCheck, matterOf(0), true)
	found, _ := r.find(idOf(0))
	for n := range uint32(ringLimit) {
		r.remember(tenancy.DecisionCheck, matterOf(1+n), true)
	}
	if _, kept := r.find(idOf(0)); kept || found.outcome.DecisionID != idOf(0) {
		t.Errorf("the first is kept %v, and what was found of it says that it is %s", kept, found.outcome.DecisionID)
	}
}

func TestTheRingHoldsNoCommittedChangeAndNoUnmadeDecision(t *testing.T) {
	r := newRing()
	r.remember(tenancy.DecisionChange, matterOf(1), true)
	r.remember(tenancy.DecisionCheck, &matter{}, false)
	if len(r.slots) != 0 {
		t.Errorf("the ring holds %d decisions, want none", len(r.slots))
	}
	r.remember(tenancy.DecisionChange, matterOf(1), false)
	if len(r.slots) != 1 {
		t.Error("a refusal that waits to be flushed is not kept")
	}
}

// TestAHostileQuestionPushesNobodyOut: what a caller sends along counts.
func TestAHostileQuestionPushesNobodyOut(t *testing.T) {
	r := newRing()
	r.remember(tenancy.DecisionCheck, matterOf(0), false)
	for n := range uint32(200) {
		m := matterOf(1 + n)
		m.in.Context = map[string]any{"x": []any{map[string]any{"y": strings.Repeat("z", 1<<19)}}}
		r.remember(tenancy.DecisionCheck, m, false)
	}
	if _, kept := r.find(idOf(0)); !kept || r.size > ringBytes {
		t.Errorf("200 questions of half a megabyte: the first is kept %v, the ring weighs %d", kept, r.size)
	}
}

// TestLongDecisionsFindRoom beside short ones, also those that no slab of the
// usual length holds.
func TestLongDecisionsFindRoom(t *testing.T) {
	r := newRing()
	for n := range uint32(200) {
		m := matterOf(n)
		m.in.Sent = tenancy.Properties(strings.Repeat("s", int(n%7)*20_000))
		r.remember(tenancy.DecisionCheck, m, n%3 > 0)
		for _, past := range []uint32{n, n - n%5, n - n%50} {
			k, known := r.find(idOf(past))
			if want := int(past%7) * 20_000; !known || k.outcome.DecisionID != idOf(past) || len(k.in.Sent) != want {
				t.Fatalf("after %d decisions: number %d is kept %v, as %s, with %d characters, want %d", n, past, known, k.outcome.DecisionID, len(k.in.Sent), want)
			}
		}
	}
	if r.size > ringBytes {
		t.Errorf("the ring weighs %d", r.size)
	}
}
