package authzen

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/gin-gonic/gin"

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

// results is the answer to a search.
type results struct {
	Results []any    `json:"results"`
	Page    nextPage `json:"page"`
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
		var body searched
		if err := decode(c, &body); err != nil {
			return err
		}
		asked, err := body.read(part)
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
		write(c, http.StatusOK, resultsOf(asked, found))
		return nil
	}
}

func (s *searched) read(part tenancy.SearchFor) (tenancy.Search, error) {
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
		asked.After, err = placeIn(*token, asked)
	}
	return asked, err
}

func resultsOf(asked tenancy.Search, found tenancy.Found) results {
	shown := results{Results: []any{}}
	for _, entity := range found.Entities {
		shown.Results = append(shown.Results, foundEntity(entity))
	}
	for _, action := range found.Actions {
		shown.Results = append(shown.Results, foundAction{action})
	}
	shown.Page.Count = len(shown.Results)
	if found.Next != "" {
		shown.Page.NextToken = tokenOf(found.Next, asked)
	}
	return shown
}

// tokenOf names a page: by where it begins, and by the search that it is of. It
// opens nothing: each result is judged before it is shown.
func tokenOf(place string, of tenancy.Search) string {
	return base64.RawURLEncoding.EncodeToString(append(mark(of), place...))
}

// markSize is how many bytes of a token name the search.
const markSize = 12

// mark names a search, whatever its pages.
func mark(s tenancy.Search) []byte {
	sum := sha256.Sum256(key(s))
	return sum[:markSize:markSize]
}

// placeIn reads what tokenOf wrote.
func placeIn(token string, of tenancy.Search) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) <= markSize || !bytes.Equal(text[:markSize], mark(of)) {
		return "", &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"page", "token"}, Msg: "it is no page of this search"}
	}
	return string(text[markSize:]), nil
}
