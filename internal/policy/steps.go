package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"

	"github.com/memberward/memberward/internal/tenancy"
)

// The most that is told of one evaluation; what follows is left out. A step
// shows its variables, which may be large.
const (
	stepLimit  = 10_000
	traceLimit = 1 << 20 // bytes
)

// steps is a tracer that keeps the steps of an evaluation. One evaluation uses
// it, on one goroutine.
type steps struct {
	kind tenancy.Trace
	kept topdown.BufferTracer
}

var _ topdown.QueryTracer = (*steps)(nil)

// Enabled implements topdown.QueryTracer.
func (s *steps) Enabled() bool { return len(s.kept) < stepLimit }

// TraceEvent keeps a step.
func (s *steps) TraceEvent(event topdown.Event) {
	if s.Enabled() {
		s.kept.TraceEvent(event)
	}
}

// Config implements topdown.QueryTracer.
func (s *steps) Config() topdown.TraceConfig { return s.kept.Config() }

// step is one step in the shape of OPA's explanations.
type step struct {
	Op      string  `json:"op"`
	Query   uint64  `json:"query_id"`
	Parent  uint64  `json:"parent_id"`
	Type    string  `json:"type"`
	Node    any     `json:"node"`
	Locals  []bound `json:"locals"`
	Message string  `json:"message,omitempty"`
}

// bound is a variable with its value.
type bound struct {
	Key   *ast.Term `json:"key"`
	Value *ast.Term `json:"value"`
}

// json gives the steps of the kind that was asked for.
func (s *steps) json() ([]byte, error) {
	events := []*topdown.Event(s.kept)
	switch s.kind {
	case tenancy.TraceFull:
		events = lineage.Full(events)
	case tenancy.TraceNotes:
		events = lineage.Notes(events)
	case tenancy.TraceFails:
		events = lineage.Fails(events)
	default:
		events = lineage.Debug(events)
	}
	text := []byte{'['}
	for i, event := range events {
		one, err := json.Marshal(stepOf(event))
		if err != nil {
			return nil, fmt.Errorf("write down a step of an evaluation: %w", err)
		}
		if len(text)+len(one) > traceLimit {
			break
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, one...)
	}
	return append(text, ']'), nil
}

func stepOf(event *topdown.Event) step {
	shown := step{
		Op: strings.ToLower(string(event.Op)), Query: event.QueryID, Parent: event.ParentID, Message: event.Message, Locals: []bound{},
	}
	if event.Node != nil {
		shown.Type, shown.Node = ast.TypeName(event.Node), event.Node
	}
	if event.Locals != nil {
		event.Locals.Iter(func(key, value ast.Value) bool {
			shown.Locals = append(shown.Locals, bound{ast.NewTerm(key), ast.NewTerm(value)})
			return false
		})
	}
	return shown
}
