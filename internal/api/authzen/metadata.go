package authzen

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/tenancy"
)

// metadata describes the decision point to those who want to ask it.
type metadata struct {
	Point          string `json:"policy_decision_point"`
	Evaluation     string `json:"access_evaluation_endpoint"`
	Evaluations    string `json:"access_evaluations_endpoint"`
	SearchSubject  string `json:"search_subject_endpoint"`
	SearchResource string `json:"search_resource_endpoint"`
	SearchAction   string `json:"search_action_endpoint"`
}

// metadataOf names the endpoints below a URL that the operator configured: what
// a caller says of the host proves nothing, and would send others astray.
func metadataOf(url string) metadata {
	return metadata{
		Point: url, Evaluation: url + pathEvaluation, Evaluations: url + pathEvaluations,
		SearchSubject: url + pathSearchSubject, SearchResource: url + pathSearchResource, SearchAction: url + pathSearchAction,
	}
}

// describe serves the metadata, where the operator said where it is.
func (d *dialect) describe(c *gin.Context, _ tenancy.Actor) error {
	if d.metadata.Point == "" {
		return &tenancy.Error{Code: tenancy.CodeNotFound, Msg: "the operator has not set public_url, so there is no metadata; the endpoints are below " + pathEvaluation[:len("/access/v1")]}
	}
	write(c, http.StatusOK, d.metadata)
	return nil
}

// describeBelow serves the metadata where callers look for those of a decision
// point whose URL has a path: the well-known part stands before that path
// (Authorization API 1.0, 9.2).
func (d *dialect) describeBelow(c *gin.Context, actor tenancy.Actor) error {
	point, err := url.Parse(d.metadata.Point)
	if err != nil || point.Path == "" || c.Param(paramBelow) != point.Path {
		return &tenancy.Error{Code: tenancy.CodeNotFound, Msg: "there is nothing here"}
	}
	return d.describe(c, actor)
}
