package opadata

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The query parameters that mean something here. Others are ignored, as OPA
// ignores what it does not know.
const (
	paramInput      = "input"
	paramExplain    = "explain"
	paramMetrics    = "metrics"
	paramInstrument = "instrument" // measures, too
)

// traces are the values of explain.
var traces = []tenancy.Trace{tenancy.TraceFull, tenancy.TraceNotes, tenancy.TraceFails, tenancy.TraceDebug}

// factsKey is where rules find what the store knows; no caller may set it.
const factsKey = "memberward"

// readQuery reads what is asked for beside the input.
func readQuery(c *gin.Context) (tenancy.RuleQuestion, error) {
	q := tenancy.RuleQuestion{}
	params, err := api.Query(c.Request, true, paramInput, paramExplain, paramMetrics, paramInstrument)
	if err != nil {
		return q, err
	}
	if q.Path, err = readPath(c); err != nil {
		return q, err
	}
	if kind, given := params[paramExplain]; given && kind != "" && kind != "off" {
		q.Trace = tenancy.Trace(kind)
		if !slices.Contains(traces, q.Trace) {
			return q, wrongParam(paramExplain, "want off, full, notes, fails or debug")
		}
	}
	for _, name := range []string{paramMetrics, paramInstrument} {
		switch value, given := params[name]; {
		case given && (value == "" || value == "true"):
			q.Measure = true
		case given && value != "false":
			return q, wrongParam(name, "want true or false")
		}
	}
	return q, nil
}

func wrongParam(name, msg string) error {
	return &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{name}, Msg: msg}
}

// readPath parts the path as it was sent, so that an encoded slash stays
// within its element. One slash at the end is dropped, as OPA does and as the
// addresses in many configurations have it. OPA drops all empty elements; here
// they are refused, since somebody who guards paths in front of this API may
// not drop them.
func readPath(c *gin.Context) ([]string, error) {
	sent := c.Request.URL.EscapedPath()
	_, below, _ := strings.Cut(sent, "/data/")
	elements := strings.Split(strings.TrimSuffix(below, "/"), "/")
	for i, element := range elements {
		decoded, err := url.PathUnescape(element)
		if err != nil || decoded == "" || !utf8.ValidString(decoded) || strings.ContainsRune(decoded, 0) {
			return nil, &api.InputError{Fault: api.FaultValue, In: api.InPath, Msg: "the path holds an element that is empty or no text", Cause: err}
		}
		elements[i] = decoded
	}
	return elements, nil
}

// setInput takes an input over, and finds whom it names. nil is none.
func setInput(q *tenancy.RuleQuestion, input jsontext.Value) error {
	q.Input = input
	if input.Kind() != '{' {
		return nil
	}
	var top map[string]jsontext.Value
	if err := json.Unmarshal(input, &top); err != nil {
		return &api.InputError{Fault: api.FaultSyntax, In: api.InBody, Msg: "the input is malformed", Cause: err}
	}
	if _, claimed := top[factsKey]; claimed {
		return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{paramInput, factsKey}, Msg: "only this server says what it knows"}
	}
	q.About = placeIn(top)
	return nil
}

// placeIn finds the tenant and the subject that an input names: as texts, as
// objects with an id, the tenant also below context as in AuthZEN. Unless both
// are there it names nobody, and no fact is added: a rule that needs one then
// does not hold.
func placeIn(top map[string]jsontext.Value) *tenancy.Place {
	tenant := idIn(top["tenant"], "")
	if tenant == "" {
		var context map[string]jsontext.Value
		if json.Unmarshal(top["context"], &context) == nil {
			tenant = idIn(context["tenant"], "")
		}
	}
	user, err := tenancy.ParseUserID(idIn(top["subject"], "user"))
	if err != nil || tenant == "" {
		return nil
	}
	ref, err := tenancy.ParseTenantRef(tenant)
	if err != nil {
		return nil
	}
	return &tenancy.Place{Tenant: ref, User: user}
}

// idIn gives the id of a value that is a text, or an object with an id and,
// where a type is wanted, of that type or none. Else it is empty.
func idIn(value jsontext.Value, wanted string) string {
	var id string
	if json.Unmarshal(value, &id) == nil {
		return id
	}
	var object map[string]jsontext.Value
	if json.Unmarshal(value, &object) != nil {
		return ""
	}
	if typ, given := object["type"]; given && wanted != "" {
		var is string
		if json.Unmarshal(typ, &is) != nil || is != wanted {
			return ""
		}
	}
	if json.Unmarshal(object["id"], &id) != nil {
		return ""
	}
	return id
}

// inQuery moves the faults of an input to where it stood.
func inQuery(err error) error {
	var wrong *api.InputError
	if !errors.As(err, &wrong) {
		return err
	}
	moved := *wrong
	moved.In = api.InQuery
	return &moved
}
