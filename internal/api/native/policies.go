package native

import (
	"context"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) rules(s *surface) {
	register(s, describe(http.MethodGet, "/v1/policies", "getPolicies", "Read which rules are in force", object), d.getPolicies)
}

type policySet struct {
	Revision string `json:"revision" doc:"Names the set in answers and records."`
	Digest   string `json:"digest" doc:"SHA-256 of its files, in hexadecimal."`
	Source   string `json:"source" doc:"Where it was loaded from."`
	Rules    []rule `json:"rules" nullable:"false"`
}

type rule struct {
	Kind        string  `json:"kind" enum:"grant,objection,access" doc:"What the rule does: say who may, what may never be, or what a position permits."`
	Code        *string `json:"code" doc:"The code of an objection; null for other rules."`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	File        string  `json:"file" doc:"Where it stands, below the source."`
}

func (d *dialect) getPolicies(ctx context.Context, r *request, _ *struct{}) (*body[policySet], error) {
	outcome, err := d.read(ctx, r, tenancy.GetPolicies{})
	if err != nil {
		return nil, err
	}
	set := d.policies.Active() // no part of the store
	outcome.Result, r.version = set, versionOf(set.Revision, set.Digest, set.Source)
	return show(outcome, policySetOf)
}

func policySetOf(set PolicySet) policySet {
	shown := policySet{Revision: set.Revision, Digest: set.Digest, Source: set.Source, Rules: make([]rule, len(set.Rules))}
	for i, r := range set.Rules {
		shown.Rules[i] = rule{Kind: r.Kind, Title: r.Title, Description: r.Description, File: r.File}
		if r.Code != "" {
			shown.Rules[i].Code = &r.Code
		}
	}
	return shown
}
