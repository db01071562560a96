package authzen

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// pageLimit is the most results of one page, and how many there are where
// nobody asks for less.
const pageLimit = 1000

// searched is the body of a search.
type searched struct {
	question
	Page *page `json:"page"`
}

type page struct {
	Token     *string `json:"token"`
	NextToken *string `json:"next_token"` // as drafts of the specification called it
	Limit     *int    `json:"limit"`
}

// target is the subject or resource that a search looks for: what was sent as
// its id is ignored, whatever it is (Authorization API 1.0, 8.4.1 and 8.5.1).
type target struct {
	Type       *string     `json:"type"`
	ID         ignored     `json:"id"`
	Properties *properties `json:"properties"`
}

func (t *target) party() *party {
	if t == nil {
		return nil
	}
	return &party{Type: t.Type, Properties: t.Properties}
}

// ignored is a key that means nothing here.
type ignored struct{}

// UnmarshalJSONFrom takes any value.
func (*ignored) UnmarshalJSONFrom(from *jsontext.Decoder) error { return from.SkipValue() }

// results is the answer to a search.
type results struct {
	Page    nextPage `json:"page"` // first, as the specification recommends: a reader learns what comes
	Results []any    `json:"results"`
}

type nextPage struct {
	NextToken string `json:"next_token"` // empty: this was the last one
	Count     int    `json:"count"`
}

type foundEntity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type foundAction struct {
	Name tenancy.Action `json:"name"`
}

// search serves the search for one part of the question.
func (d *dialect) search(part tenancy.SearchFor) api.Handler {
	return func(c *gin.Context, actor tenancy.Actor) error {
		body, err := decodeSearch(c, part)
		if err != nil {
			return err
		}
		asked, err := body.read(part, d.seal)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), d.timeout)
		defer cancel()
		found, err := d.gate.Search(ctx, actor, asked)
		if err != nil {
			return err
		}
		api.Decided(c, found.DecisionID)
		write(c, http.StatusOK, d.resultsOf(asked, found))
		return nil
	}
}

// decodeSearch reads the body of a search. An action has no place in the
// search for actions, and is ignored there like any unknown key.
func decodeSearch(c *gin.Context, part tenancy.SearchFor) (searched, error) {
	switch part {
	case tenancy.SearchSubject:
		var body struct {
			searched
			Subject *target `json:"subject"`
		}
		err := decode(c, &body)
		body.searched.Subject = body.Subject.party()
		return body.searched, err
	case tenancy.SearchResource:
		var body struct {
			searched
			Resource *target `json:"resource"`
		}
		err := decode(c, &body)
		body.searched.Resource = body.Resource.party()
		return body.searched, err
	default:
		var body struct {
			searched
			Action ignored `json:"action"`
		}
		err := decode(c, &body)
		return body.searched, err
	}
}

func (s *searched) read(part tenancy.SearchFor, by seal) (tenancy.Search, error) {
	open := unless{
		subjectID: part == tenancy.SearchSubject, resourceID: part == tenancy.SearchResource, action: part == tenancy.SearchAction,
	}
	e, err := s.question.read(open)
	asked := tenancy.Search{Evaluation: e, For: part, Limit: pageLimit}
	if err != nil || s.Page == nil {
		return asked, err
	}
	if limit := s.Page.Limit; limit != nil {
		if *limit < 0 {
			return asked, &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"page", "limit"}, Msg: "it is 0 or more"}
		}
		if *limit > 0 {
			asked.Limit = min(*limit, pageLimit)
		}
	}
	if token := or(s.Page.Token, s.Page.NextToken); token != nil && *token != "" {
		var known bool
		if asked.After, known = by.open(*token, key(asked)); !known {
			err = &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"page", "token"}, Msg: "it is no page of this search"}
		}
	}
	return asked, err
}

func (d *dialect) resultsOf(asked tenancy.Search, found tenancy.Found) results {
	shown := results{Results: []any{}}
	for _, entity := range found.Entities {
		shown.Results = append(shown.Results, foundEntity(entity))
	}
	for _, action := range found.Actions {
		shown.Results = append(shown.Results, foundAction{action})
	}
	shown.Page.Count = len(shown.Results)
	if found.Next != "" {
		shown.Page.NextToken = d.seal.close(found.Next, key(asked))
	}
	return shown
}
