package authzen

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The longest texts of a question, in bytes.
const (
	typeLimit = tenancy.EntityTypeLimit
	textLimit = 1024 // of an id and of the name of an action
)

// party is a subject or a resource of a body.
type party struct {
	Type       *string     `json:"type"`
	ID         *string     `json:"id"`
	Properties *properties `json:"properties"`
}

// action is an action of a body.
type action struct {
	Name       *string     `json:"name"`
	Properties *properties `json:"properties"`
}

// question is the body of an evaluation. What was not given, or is null, is
// nil.
type question struct {
	Subject  *party  `json:"subject"`
	Action   *action `json:"action"`
	Resource *party  `json:"resource"`
	Context  *sent   `json:"context"`
}

// properties are an object as it was sent.
type properties struct{ tenancy.Properties }

// UnmarshalJSONFrom takes the object as it is, with all digits of its numbers.
func (p *properties) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	value, err := from.ReadValue()
	if err != nil {
		return err
	}
	p.Properties, err = tenancy.ParseProperties(value)
	return err
}

// sent is a context, an object as it was sent.
type sent struct{ members map[string]any }

// UnmarshalJSONFrom reads the object.
func (x *sent) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	if kind := from.PeekKind(); kind != '{' {
		return errors.New("a context is a JSON object")
	}
	return json.UnmarshalDecode(from, &x.members)
}

// decode reads the body of a request: unknown keys are ignored, and a type that
// is not said is not JSON.
func decode(c *gin.Context, into any) error {
	if c.GetHeader("Content-Type") == "" {
		return &api.InputError{Fault: api.FaultMedia, In: api.InHeader, Path: []string{"Content-Type"}, Msg: "the body must be application/json in UTF-8"}
	}
	return api.JSON(c, into, api.DecodeOptions{IgnoreUnknown: true, KeepDigits: true})
}

// unless is what a question may leave open: what is looked for.
type unless struct{ subjectID, resourceID, action bool }

// read checks a question and puts it into the gate's words.
func (q question) read(open unless) (tenancy.Evaluation, error) {
	var e tenancy.Evaluation
	var err error
	if e.Subject, err = q.Subject.read("subject", open.subjectID); err != nil {
		return e, err
	}
	if e.Resource, err = q.Resource.read("resource", open.resourceID); err != nil {
		return e, err
	}
	if !open.action {
		if e.Action, e.ActionProperties, err = q.Action.read(); err != nil {
			return e, err
		}
	}
	if q.Context != nil {
		e.Context = q.Context.members
	}
	return e, nil
}

// read checks an entity; anonymous is one whose id is looked for, and ignored.
func (p *party) read(name string, anonymous bool) (tenancy.Party, error) {
	if p == nil {
		return tenancy.Party{}, missing(name)
	}
	var read tenancy.Party
	var err error
	if read.Type, err = text(p.Type, typeLimit, name, "type"); err != nil {
		return read, err
	}
	if !anonymous {
		if read.ID, err = text(p.ID, textLimit, name, "id"); err != nil {
			return read, err
		}
	}
	if p.Properties != nil {
		read.Properties = p.Properties.Properties
	}
	return read, nil
}

func (a *action) read() (tenancy.Action, tenancy.Properties, error) {
	if a == nil {
		return "", "", missing("action")
	}
	name, err := text(a.Name, textLimit, "action", "name")
	if a.Properties == nil {
		return tenancy.Action(name), "", err
	}
	return tenancy.Action(name), a.Properties.Properties, err
}

func missing(path ...string) error {
	return &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: path, Msg: "it is required"}
}

// text wants 1 to limit bytes.
func text(given *string, limit int, path ...string) (string, error) {
	switch {
	case given == nil:
		return "", missing(path...)
	case *given == "" || len(*given) > limit:
		return "", &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: path, Msg: fmt.Sprintf("it has 1 to %d bytes", limit)}
	}
	return *given, nil
}

// within gives a question of several, which inherits what it does not have: an
// entity as a whole, or of one that it has the type, the id and the name alone
// (the certification scenario, "Batch with default value merging").
func (q question) within(all question) question {
	q.Subject, q.Resource = q.Subject.within(all.Subject), q.Resource.within(all.Resource)
	switch {
	case q.Action == nil:
		q.Action = all.Action
	case q.Action.Name == nil && all.Action != nil:
		q.Action = &action{all.Action.Name, q.Action.Properties}
	}
	if q.Context == nil {
		q.Context = all.Context
	}
	return q
}

func (p *party) within(all *party) *party {
	if p == nil || all == nil {
		return or(p, all)
	}
	return &party{or(p.Type, all.Type), or(p.ID, all.ID), p.Properties}
}

// or gives the first that is there.
func or[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// key makes a search one text, so that a page can be told from those of another
// search: the same question has the same, whatever its order.
func key(s tenancy.Search) []byte {
	parts := []any{
		s.For, s.Subject.EntityRef, members(s.Subject.Properties), s.Resource.EntityRef, members(s.Resource.Properties), s.Action, members(s.ActionProperties),
	}
	for _, name := range slices.Sorted(maps.Keys(s.Context)) {
		parts = append(parts, name, s.Context[name])
	}
	return fmt.Appendf(nil, "%q", parts)
}

// members gives properties in one order, whatever theirs is.
func members(p tenancy.Properties) string {
	text := jsontext.Value(p)
	_ = text.Canonicalize() // an empty text, which has no members, stays as it is
	return string(text)
}
