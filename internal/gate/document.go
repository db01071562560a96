package gate

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

const (
	documentVersion = 1    // of the published input
	usualDocument   = 1536 // bytes, which most inputs fit into
)

// Empty lists and objects.
const (
	noList   = "[]"
	noObject = "{}"
)

// Document gives a policy input as JSON (design, "Policy contract"): the same
// value that the policies see as input, in a fixed order, so that a recorded
// decision can be judged again. Text that is no UTF-8 is replaced, as it is for
// the policies.
func Document(in *Input) ([]byte, error) {
	o := audit.NewObject(usualDocument)
	o.Int("version", documentVersion)
	writeFacts(o, in)
	attributes := Attributes(&in.HTTP)
	writeAny(o, "attributes", len(attributes), noObject, attributes)
	data, err := o.Done()
	if err != nil {
		return nil, fmt.Errorf("write the input of a decision down: %w", err)
	}
	return data, nil
}

// writeFacts writes everything of a policy input but its version, and what is
// the request in Envoy's words: a rule for Envoy gets those from Envoy.
func writeFacts(o *audit.Object, in *Input) {
	actor := in.Actor.User.String()
	o.Begin("action")
	o.Text("name", text(string(in.Action)))
	writeProperties(o, "properties", in.Sent)
	o.End()
	writeSubject(o, &in.Subject, actor)
	writeActor(o, &in.Actor, actor)
	writeTenant(o, &in.Tenant)
	writeTarget(o, &in.Target)
	writeRequested(o, &in.Requested)
	writeResource(o, &in.Resource)
	writeRoute(o, &in.Route)
	writeHTTP(o, &in.HTTP)
	o.Text("dialect", string(in.Dialect))
	writeAny(o, "context", len(in.Context), noObject, in.Context)
}

func writeSubject(o *audit.Object, s *SubjectFacts, actor string) {
	o.Begin("subject")
	o.Text("type", text(cmp.Or(s.Type, tenancy.TypeUser)))
	if s.Type == "" {
		o.Text("id", actor)
	} else {
		o.Text("id", text(s.ID))
	}
	writeProperties(o, "properties", s.Properties)
	writeProperties(o, "stored", s.Stored)
	o.End()
}

func writeActor(o *audit.Object, a *ActorFacts, user string) {
	o.Begin("actor")
	o.Text("user", user)
	o.Truth("member", a.Member)
	o.Text("level", a.Level.String())
	writeRoles(o, a.Roles)
	writeAny(o, "actions", len(a.Actions), noList, texts(a.Actions))
	writeAny(o, "capabilities", len(a.Capabilities), noList, texts(a.Capabilities))
	o.Truth("active", a.Active)
	o.Truth("organization_admin", a.OrganizationAdmin)
	o.Truth("platform", a.Platform)
	writeAny(o, "scopes", len(a.Scopes), `["*"]`, texts(a.Scopes)) // "*" for a credential without scopes
	o.End()
}

func writeTenant(o *audit.Object, t *TenantFacts) {
	o.Begin("tenant")
	o.Text("id", t.ID.String())
	o.Text("owner", t.Owner.String())
	o.Int("members", t.Members)
	o.Int("limit", t.Limit)
	o.Int("lasting_admins", t.LastingAdmins)
	o.End()
}

func writeTarget(o *audit.Object, t *TargetFacts) {
	o.Begin("target")
	o.Text("user", t.User.String())
	o.Truth("exists", t.Exists)
	o.Truth("member", t.Member)
	o.Text("level", t.Level.String())
	o.Int("rank", int64(t.Level.Rank()))
	writeRoles(o, t.Roles)
	o.Truth("enabled", t.Enabled)
	o.Truth("pending", t.Pending)
	o.Truth("developer", t.Developer)
	o.Truth("active", t.Active)
	o.Truth("lasting", t.Lasting)
	o.Truth("self", t.Self)
	o.End()
}

func writeRequested(o *audit.Object, r *RequestedFacts) {
	o.Begin("requested")
	o.Text("level", r.Level.String())
	o.Int("rank", int64(r.Level.Rank()))
	writeRoles(o, r.Roles)
	writeAny(o, "actions", len(r.Actions), noList, texts(r.Actions))
	o.Truth("enabled", r.Enabled)
	o.Truth("developer", r.Developer)
	o.Truth("expires", r.Expires)
	o.End()
}

func writeResource(o *audit.Object, r *ResourceFacts) {
	o.Begin("resource")
	o.Text("type", text(r.Type))
	o.Text("id", text(r.ID))
	o.Truth("mine", r.Mine)
	writeAny(o, "permissions", int(r.Permissions), noList, r.Permissions.Names())
	writeProperties(o, "properties", r.Properties)
	writeProperties(o, "stored", r.Stored)
	o.End()
}

func writeRoute(o *audit.Object, r *tenancy.Route) {
	o.Begin("route")
	o.Text("template", text(r.Template))
	writeAny(o, "params", len(r.Params), noObject, r.Params)
	o.End()
}

func writeHTTP(o *audit.Object, r *tenancy.HTTPRequest) {
	o.Begin("http")
	o.Text("method", text(r.Method))
	o.Text("scheme", text(r.Scheme))
	o.Text("host", text(r.Host))
	o.Text("path", text(r.Path))
	writeAny(o, "segments", len(r.Segments), noList, r.Segments)
	o.Text("raw_path", text(r.RawPath))
	writeAny(o, "query", len(r.Query), noObject, r.Query)
	writeAny(o, "headers", len(r.Headers), noObject, r.Headers)
	o.Text("client_ip", text(r.ClientIP))
	o.End()
}

// writeAny writes a list or a map, or what stands for an empty one.
func writeAny(o *audit.Object, name string, length int, empty string, value any) {
	if length == 0 {
		o.Raw(name, empty)
		return
	}
	o.Value(name, value)
}

func writeProperties(o *audit.Object, name string, p tenancy.Properties) {
	o.Raw(name, cmp.Or(string(p), noObject))
}

func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func texts[Word ~string](given []Word) []string {
	names := make([]string, len(given))
	for i, word := range given {
		names[i] = text(string(word))
	}
	return names
}

// roleDocument is a custom role in the document.
type roleDocument struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func writeRoles(o *audit.Object, roles []RoleFact) {
	documents := make([]roleDocument, len(roles))
	for i, role := range roles {
		documents[i] = roleDocument{ID: role.ID.String(), Name: text(role.Name)}
	}
	writeAny(o, "roles", len(roles), noList, documents)
}
