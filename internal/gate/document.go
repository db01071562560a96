package gate

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/tenancy"
)

// documentVersion is the version of the published input.
const documentVersion = 1

// The policy input as JSON has it (design, "Policy contract").
type (
	document struct {
		Version   int               `json:"version"`
		Action    actionDocument    `json:"action"`
		Subject   subjectDocument   `json:"subject"`
		Actor     actorDocument     `json:"actor"`
		Tenant    tenantDocument    `json:"tenant"`
		Target    targetDocument    `json:"target"`
		Requested requestedDocument `json:"requested"`
		Resource  resourceDocument  `json:"resource"`
		Route     routeDocument     `json:"route"`
		HTTP      httpDocument      `json:"http"`
		Dialect   tenancy.Dialect   `json:"dialect"`
		Context   map[string]any    `json:"context"`
	}
	nothing        struct{}
	actionDocument struct {
		Name       string  `json:"name"`
		Properties nothing `json:"properties"`
	}
	subjectDocument struct {
		Type       string  `json:"type"`
		ID         string  `json:"id"`
		Properties nothing `json:"properties"`
		Stored     nothing `json:"stored"`
	}
	roleDocument struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	actorDocument struct {
		User              string         `json:"user"`
		Member            bool           `json:"member"`
		Level             string         `json:"level"`
		Roles             []roleDocument `json:"roles"`
		Actions           []string       `json:"actions"`
		Capabilities      []string       `json:"capabilities"`
		Active            bool           `json:"active"`
		OrganizationAdmin bool           `json:"organization_admin"`
		Platform          bool           `json:"platform"`
		Scopes            []string       `json:"scopes"`
	}
	tenantDocument struct {
		ID            string `json:"id"`
		Owner         string `json:"owner"`
		Members       int64  `json:"members"`
		Limit         int64  `json:"limit"`
		LastingAdmins int64  `json:"lasting_admins"`
	}
	targetDocument struct {
		User      string         `json:"user"`
		Exists    bool           `json:"exists"`
		Member    bool           `json:"member"`
		Level     string         `json:"level"`
		Rank      int            `json:"rank"`
		Roles     []roleDocument `json:"roles"`
		Enabled   bool           `json:"enabled"`
		Pending   bool           `json:"pending"`
		Developer bool           `json:"developer"`
		Active    bool           `json:"active"`
		Lasting   bool           `json:"lasting"`
		Self      bool           `json:"self"`
	}
	requestedDocument struct {
		Level     string         `json:"level"`
		Rank      int            `json:"rank"`
		Roles     []roleDocument `json:"roles"`
		Actions   []string       `json:"actions"`
		Enabled   bool           `json:"enabled"`
		Developer bool           `json:"developer"`
		Expires   bool           `json:"expires"`
	}
	resourceDocument struct {
		Type        string   `json:"type"`
		ID          string   `json:"id"`
		Mine        bool     `json:"mine"`
		Permissions []string `json:"permissions"`
		Properties  nothing  `json:"properties"`
		Stored      nothing  `json:"stored"`
	}
	routeDocument struct {
		Template string            `json:"template"`
		Params   map[string]string `json:"params"`
	}
	httpDocument struct {
		Method   string              `json:"method"`
		Scheme   string              `json:"scheme"`
		Host     string              `json:"host"`
		Path     string              `json:"path"`
		Segments []string            `json:"segments"`
		RawPath  string              `json:"raw_path"`
		Query    map[string][]string `json:"query"`
		Headers  map[string][]string `json:"headers"`
		ClientIP string              `json:"client_ip"`
	}
)

// Document gives a policy input as JSON: the same value that the policies see
// as input, in the fixed order above, so that a recorded decision can be
// judged again. Text that is no UTF-8 is replaced, as it is for the policies.
func Document(in *Input) ([]byte, error) {
	d := document{
		Version: documentVersion,
		Action:  actionDocument{Name: text(string(in.Action))},
		Subject: subjectDocument{Type: "user", ID: in.Actor.User.String()},
		Actor: actorDocument{
			User: in.Actor.User.String(), Member: in.Actor.Member, Level: in.Actor.Level.String(),
			Roles: roleDocuments(in.Actor.Roles), Actions: words(in.Actor.Actions), Capabilities: words(in.Actor.Capabilities),
			Active: in.Actor.Active, OrganizationAdmin: in.Actor.OrganizationAdmin, Platform: in.Actor.Platform,
			Scopes: scopes(in.Actor.Scopes),
		},
		Tenant: tenantDocument{
			ID: in.Tenant.ID.String(), Owner: in.Tenant.Owner.String(),
			Members: in.Tenant.Members, Limit: in.Tenant.Limit, LastingAdmins: in.Tenant.LastingAdmins,
		},
		Target: targetDocument{
			User: in.Target.User.String(), Exists: in.Target.Exists, Member: in.Target.Member,
			Level: in.Target.Level.String(), Rank: in.Target.Level.Rank(), Roles: roleDocuments(in.Target.Roles),
			Enabled: in.Target.Enabled, Pending: in.Target.Pending, Developer: in.Target.Developer,
			Active: in.Target.Active, Lasting: in.Target.Lasting, Self: in.Target.Self,
		},
		Requested: requestedDocument{
			Level: in.Requested.Level.String(), Rank: in.Requested.Level.Rank(),
			Roles: roleDocuments(in.Requested.Roles), Actions: words(in.Requested.Actions),
			Enabled: in.Requested.Enabled, Developer: in.Requested.Developer, Expires: in.Requested.Expires,
		},
		Resource: resourceDocument{
			Type: text(in.Resource.Type), ID: text(in.Resource.ID), Mine: in.Resource.Mine, Permissions: in.Resource.Permissions.Names(),
		},
		Route: routeDocument{Template: text(in.Route.Template), Params: in.Route.Params},
		HTTP: httpDocument{
			Method: text(in.HTTP.Method), Scheme: text(in.HTTP.Scheme), Host: text(in.HTTP.Host), Path: text(in.HTTP.Path),
			Segments: in.HTTP.Segments, RawPath: text(in.HTTP.RawPath), Query: in.HTTP.Query, Headers: in.HTTP.Headers,
			ClientIP: text(in.HTTP.ClientIP),
		},
		Dialect: in.Dialect, Context: in.Context,
	}
	data, err := json.Marshal(d, json.Deterministic(true), json.FormatNilMapAsNull(false))
	if err != nil {
		return nil, fmt.Errorf("write the input of a decision down: %w", err)
	}
	return data, nil
}

func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// scopes says "*" for a credential without scopes.
func scopes(given []tenancy.Action) []string {
	if len(given) == 0 {
		return []string{"*"}
	}
	return words(given)
}

func words[Word ~string](given []Word) []string {
	texts := make([]string, len(given))
	for i, word := range given {
		texts[i] = text(string(word))
	}
	return texts
}

func roleDocuments(roles []RoleFact) []roleDocument {
	documents := make([]roleDocument, len(roles))
	for i, role := range roles {
		documents[i] = roleDocument{ID: role.ID.String(), Name: text(role.Name)}
	}
	return documents
}
