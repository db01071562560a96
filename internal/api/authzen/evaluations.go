package authzen

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// decision is the answer to one question.
type decision struct {
	Decision bool     `json:"decision"`
	Context  *details `json:"context,omitzero"`
}

// details say why a question of several could not be asked.
type details struct {
	Error fault `json:"error"`
}

type fault struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// evaluation serves POST /access/v1/evaluation.
func (d *dialect) evaluation(c *gin.Context, actor tenancy.Actor) error {
	var asked question
	if err := decode(c, &asked); err != nil {
		return err
	}
	return d.single(c, actor, asked)
}

func (d *dialect) single(c *gin.Context, actor tenancy.Actor, asked question) error {
	e, err := asked.read(unless{})
	if err != nil {
		return err
	}
	verdicts, err := d.evaluate(c, actor, []tenancy.Evaluation{e})
	if err != nil {
		return err
	}
	api.Decided(c, verdicts[0].DecisionID)
	write(c, http.StatusOK, decision{Decision: verdicts[0].Allow})
	return nil
}

// several is the body of evaluations.
type several struct {
	question
	Evaluations []jsontext.Value `json:"evaluations"`
	Options     *options         `json:"options"`
}

type options struct {
	Semantic *semantic `json:"evaluations_semantic"`
}

// semantic says when the answers to several questions end.
type semantic string

// The semantics.
const (
	executeAll          semantic = "execute_all"
	denyOnFirstDeny     semantic = "deny_on_first_deny"
	permitOnFirstPermit semantic = "permit_on_first_permit"
)

// last reports whether a decision is the last one.
func (s semantic) last(allow bool) bool {
	return s == denyOnFirstDeny && !allow || s == permitOnFirstPermit && allow
}

// evaluations serves POST /access/v1/evaluations. Without questions of their
// own, the entities are one.
func (d *dialect) evaluations(c *gin.Context, actor tenancy.Actor) error {
	var body several
	if err := decode(c, &body); err != nil {
		return err
	}
	if len(body.Evaluations) == 0 {
		return d.single(c, actor, body.question)
	}
	ends, err := body.semantic()
	if err != nil {
		return err
	}
	answers, asked, at := body.read()
	verdicts, err := d.evaluate(c, actor, asked)
	if err != nil {
		return err
	}
	for i, verdict := range verdicts {
		answers[at[i]] = decision{Decision: verdict.Allow}
	}
	for i, answer := range answers {
		if ends.last(answer.Decision) {
			answers = answers[:i+1]
			break
		}
	}
	write(c, http.StatusOK, map[string][]decision{"evaluations": answers})
	return nil
}

func (s *several) semantic() (semantic, error) {
	if s.Options == nil || s.Options.Semantic == nil {
		return executeAll, nil
	}
	switch chosen := *s.Options.Semantic; chosen {
	case executeAll, denyOnFirstDeny, permitOnFirstPermit:
		return chosen, nil
	default:
		return "", &api.InputError{
			Fault: api.FaultValue, In: api.InBody, Path: []string{"options", "evaluations_semantic"},
			Msg: "it is execute_all, deny_on_first_deny or permit_on_first_permit",
		}
	}
}

// read gives the questions that can be asked, where their answers belong, and
// the answers to all others.
func (s *several) read() (answers []decision, asked []tenancy.Evaluation, at []int) {
	answers = make([]decision, len(s.Evaluations))
	for i, text := range s.Evaluations {
		e, err := s.readOne(text)
		if err != nil {
			answers[i] = decision{Context: &details{fault{http.StatusBadRequest, message(err)}}}
			continue
		}
		asked, at = append(asked, e), append(at, i)
	}
	return answers, asked, at
}

func (s *several) readOne(text jsontext.Value) (tenancy.Evaluation, error) {
	var own question
	if err := api.Decode(text, &own, api.DecodeOptions{IgnoreUnknown: true, KeepDigits: true}); err != nil {
		return tenancy.Evaluation{}, err
	}
	return own.within(s.question).read(unless{})
}

// message gives the words for what is wrong with an input.
func message(err error) string {
	var input *api.InputError
	if !errors.As(err, &input) {
		return "it cannot be read"
	}
	return input.Error()
}
