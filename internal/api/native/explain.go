package native

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// explanation says which rules led to a verdict.
type explanation struct {
	_      struct{}   `nullable:"true"`
	Fired  []sentence `json:"fired" nullable:"false" doc:"The rules that applied, in the order of their files and lines."`
	Nearly []nearMiss `json:"nearly" nullable:"false" doc:"The rules that would have permitted it but for one condition."`
	Input  facts      `json:"input"`
}

// sentence is one rule of the policies.
type sentence struct {
	Kind        string  `json:"kind" enum:"grant,objection,access" doc:"What the rule does: say who may, what may never be, or what a position permits."`
	Package     string  `json:"package"`
	Name        string  `json:"name"`
	Code        *string `json:"code" doc:"The code of an objection; null for other rules."`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	File        string  `json:"file" doc:"Below the source of the policies."`
	Line        int     `json:"line"`
}

type nearMiss struct {
	Rule      sentence  `json:"rule"`
	Condition condition `json:"condition" doc:"The one that does not hold."`
}

type condition struct {
	Text string `json:"text" doc:"In Rego."`
	Line int    `json:"line"`
}

// facts is the policy input of a decision, an object that is JSON already.
type facts []byte

// MarshalJSON gives the input, null where there is none.
func (f facts) MarshalJSON() ([]byte, error) {
	if len(f) == 0 {
		return []byte("null"), nil
	}
	return f, nil
}

// Schema implements huma.SchemaProvider.
func (facts) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Nullable: true, AdditionalProperties: true,
		Description: "The facts that the policies saw (docs/policies.md). Null: there were none, or the caller may not know them.",
	}
}

// appendExplanation ends a verdict with its explanation.
func appendExplanation(to []byte, v tenancy.Verdict) ([]byte, error) {
	to = append(to, `,"explanation":`...)
	if v.Explanation == nil {
		return append(to, `null}`...), nil
	}
	text, err := json.Marshal(explanationOf(v), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("native: explain decision %s: %w", v.DecisionID, err)
	}
	return append(append(to, text...), '}'), nil
}

func explanationOf(v tenancy.Verdict) explanation {
	shown := explanation{
		Fired: make([]sentence, len(v.Explanation.Fired)), Nearly: make([]nearMiss, len(v.Explanation.Nearly)), Input: v.Input,
	}
	for i, rule := range v.Explanation.Fired {
		shown.Fired[i] = sentenceOf(rule)
	}
	for i, near := range v.Explanation.Nearly {
		shown.Nearly[i] = nearMiss{sentenceOf(near.Rule), condition{near.Condition.Text, near.Condition.Line}}
	}
	return shown
}

func sentenceOf(r tenancy.Rule) sentence {
	return sentence{
		Kind: r.Kind, Package: r.Package, Name: r.Name, Code: textOrNull(r.Code), Title: r.Title, Description: r.Description,
		File: r.File, Line: r.Line,
	}
}

// textOrNull gives a text, null for an empty one.
func textOrNull[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}
