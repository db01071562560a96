package native

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// The routes that huma does not serve.
const (
	checkPath    = "/v1/check"
	documentPath = "/openapi.json"
)

// description is the document without its operations.
func description() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Memberward",
			Version:     "1",
			Description: "Keeps who belongs to which tenant, decides by policies whether a membership may change, and answers who may do what. Every error is a problem of RFC 9457. Times are RFC 3339 in UTC. Unknown properties and query parameters are refused.",
			License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer": {Type: "http", Scheme: "bearer", Description: "A token or an API key."},
				"apiKey": {Type: "apiKey", In: "header", Name: "X-Api-Key", Description: "An API key. Decides before Authorization."},
			},
		},
	}
}

// trait adds something to the description of an operation.
type trait func(*huma.Operation)

// describe describes an operation. Without a trait it is one that reads, for
// callers with a credential.
func describe(method, path, id, summary string, traits ...trait) huma.Operation {
	op := huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, Responses: map[string]*huma.Response{},
		Security: []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
	}
	refuses(
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	)(&op)
	if method == http.MethodPost || method == http.MethodPatch {
		refuses(http.StatusRequestTimeout, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)(&op)
	}
	for _, add := range traits {
		add(&op)
	}
	return op
}

// refuses documents problems of the given statuses.
func refuses(statuses ...int) trait {
	return func(op *huma.Operation) {
		for _, status := range statuses {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + nameOf(status)}
		}
	}
}

// nameOf names the problems of a status in the document.
func nameOf(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

// problems describes those that the operations refer to, each status once.
func problems(paths map[string]*huma.PathItem) map[string]*huma.Response {
	described := map[string]*huma.Response{}
	for _, path := range sortedKeys(paths) {
		for _, op := range operationsOf(paths[path]) {
			describeProblems(op, described)
		}
	}
	return described
}

// operationsOf are those of the methods that this API has.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

func describeProblems(op *huma.Operation, described map[string]*huma.Response) {
	for text, response := range op.Responses {
		status, err := strconv.Atoi(text)
		if err != nil || response.Ref == "" {
			continue
		}
		described[nameOf(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{mediaProblem: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
		}
	}
}

// changes is the trait of an operation that writes.
func changes(op *huma.Operation) { refuses(http.StatusInsufficientStorage)(op) }

// created is the trait of a change that answers 201.
func created(op *huma.Operation) {
	changes(op)
	op.DefaultStatus = http.StatusCreated
}

// public is the trait of an operation that asks for no credential. The shell
// takes the route's word from here, see surface.Handle.
func public(op *huma.Operation) {
	op.Security = nil
	delete(op.Responses, strconv.Itoa(http.StatusForbidden))
}

// describeByHand describes what huma does not serve.
func (d *dialect) describeByHand(s *surface) {
	document := s.huma.OpenAPI()
	d.schemas = document.Components.Schemas
	d.questions = d.schemas.Schema(reflect.TypeFor[question](), true, "")
	answered := d.schemas.Schema(reflect.TypeFor[verdict](), true, "")

	check := describe(http.MethodPost, checkPath, "check", "Ask whether somebody may do something")
	check.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaJSON: {Schema: d.questions}}}
	check.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{mediaJSON: {Schema: answered}},
		Headers: map[string]*huma.Param{
			"X-Decision-Id": {Description: "The decision that the answer rests on.", Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}
	document.AddOperation(&check)

	own := describe(http.MethodGet, documentPath, "getDocument", "Read this document", public)
	delete(own.Responses, strconv.Itoa(http.StatusUnauthorized))
	own.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{mediaJSON: {Schema: &huma.Schema{Type: huma.TypeObject}}},
	}
	document.AddOperation(&own)
}

// document gives the finished document.
func (s *surface) document() []byte {
	document := s.huma.OpenAPI()
	document.Components.Responses = problems(document.Paths)
	schemas := document.Components.Schemas
	schemas.Schema(reflect.TypeFor[problem](), true, "")
	for _, ofHuma := range []string{"ErrorModel", "ErrorDetail"} {
		delete(schemas.Map(), ofHuma) // its errors are rendered as problems
	}
	data, err := document.MarshalJSON()
	if err != nil {
		panic("native: encode the document: " + err.Error())
	}
	text := jsontext.Value(data)
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		panic("native: indent the document: " + err.Error())
	}
	return append(text, '\n')
}

// serveDocument serves GET /openapi.json.
func (d *dialect) serveDocument(c *gin.Context, _ tenancy.Actor) error {
	if err := checkHeaders(c.Request.Header); err != nil {
		return err
	}
	if err := checkQuery(c.Request, nil); err != nil {
		return err
	}
	if err := checkNoBody(c); err != nil {
		return err
	}
	c.Data(http.StatusOK, mediaJSON, d.document)
	return nil
}
