package native

import (
	"maps"
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
	checksPath   = "/v1/checks"
	backupPath   = "/v1/admin/backup"
	documentPath = "/openapi.json"
	keysPath     = "/.well-known/jwks.json"
)

// description is the document without its operations.
func description() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Memberward",
			Version:     "1",
			Description: "Keeps who belongs to which tenant, decides by policies whether a membership may change, and answers who may do what. Every error is a problem of RFC 9457. Times are RFC 3339 in UTC. A method that a path does not serve is answered with 405 and Allow. Unknown properties and query parameters are refused, and so are conditions in headers that an operation does not take.",
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
	all := []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete}
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
		says := map[string]string{headerRequest: "Request"}
		switch status {
		case http.StatusUnauthorized:
			says[headerChallenge] = "Challenge"
		case http.StatusConflict, http.StatusServiceUnavailable:
			says[headerRetry] = "Retry"
		}
		described[nameOf(status)].Headers = saying(says)
	}
}

// nameRequests describes the header that every answer carries.
func nameRequests(paths map[string]*huma.PathItem) {
	for _, path := range paths {
		for _, op := range operationsOf(path) {
			nameRequest(op.Responses)
		}
	}
}

func nameRequest(responses map[string]*huma.Response) {
	for _, response := range responses {
		if response.Ref != "" { // described once, see describeProblems
			continue
		}
		if response.Headers == nil {
			response.Headers = map[string]*huma.Header{}
		}
		maps.Copy(response.Headers, saying(map[string]string{headerRequest: "Request"}))
	}
}

// describeByHand describes what huma does not serve.
func (d *dialect) describeByHand(s *surface) {
	document := s.huma.OpenAPI()
	d.schemas = document.Components.Schemas
	d.asked = d.byHand(document, describe(http.MethodPost, checkPath, "check", "Ask whether somebody may do something"),
		reflect.TypeFor[question](), reflect.TypeFor[verdict]())
	d.askedAll = d.byHand(document, describe(http.MethodPost, checksPath, "checkAll", "Ask several questions, answered in their order at one revision"),
		reflect.TypeFor[questions](), reflect.TypeFor[verdicts]())

	backup := describe(http.MethodPost, backupPath, "backup", "Take a copy of the whole store, with every secret that it holds",
		takesNoBody, refuses(http.StatusInsufficientStorage))
	copied := backup.Responses["200"]
	copied.Headers["Content-Disposition"] = text("attachment, with a name for the file.", true)
	copied.Content = map[string]*huma.MediaType{mediaBytes: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	document.AddOperation(&backup.Operation)

	own := describe(http.MethodGet, documentPath, "getDocument", "Read this document", public)
	delete(own.Responses, strconv.Itoa(http.StatusUnauthorized))
	own.Responses["200"].Content = map[string]*huma.MediaType{mediaJSON: {Schema: &huma.Schema{Type: huma.TypeObject}}}
	document.AddOperation(&own.Operation)

	shown := describe(http.MethodGet, keysPath, "getKeys", "Read the public keys of the assertions that proxy checks sign", public)
	delete(shown.Responses, strconv.Itoa(http.StatusUnauthorized))
	shown.Responses["200"].Content = map[string]*huma.MediaType{mediaKeys: {Schema: &huma.Schema{Type: huma.TypeObject}}}
	shown.Responses["200"].Headers["Cache-Control"] = text("How long the keys may be kept: a new one is shown for longer before it signs.", true)
	document.AddOperation(&shown.Operation)
}

// byHand describes a check, and gives the schema of its body.
func (d *dialect) byHand(document *huma.OpenAPI, op operation, takes, gives reflect.Type) *huma.Schema {
	asked := d.schemas.Schema(takes, true, "")
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: paramExplain, In: "query", Description: "true: with the rules that fired, those that nearly did, and the facts.",
		Schema: &huma.Schema{Type: huma.TypeBoolean},
	})
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaJSON: {Schema: asked}}}
	answered := op.Responses["200"]
	answered.Headers = nil // the body says it, and faster
	answered.Content = map[string]*huma.MediaType{mediaJSON: {Schema: d.schemas.Schema(gives, true, "")}}
	if op.Path == checkPath {
		answered.Headers = saying(map[string]string{"X-Decision-Id": "Decision"})
	}
	document.AddOperation(&op.Operation)
	return asked
}

// document gives the finished document.
func (s *surface) document() []byte {
	document := s.huma.OpenAPI()
	document.Components.Responses = problems(document.Paths)
	nameRequests(document.Paths)
	document.Components.Headers = said()
	document.Components.Parameters = stated()
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

// forget drops what was there to be written into the document only: the
// garbage collector would walk over it for ever.
func (s *surface) forget() {
	document := s.huma.OpenAPI()
	for _, path := range document.Paths {
		for _, op := range operationsOf(path) {
			op.Description, op.Responses = "", nil
		}
	}
	document.Paths = nil
	document.Components.Responses, document.Components.Headers, document.Components.Parameters = nil, nil, nil
}

// checkPlain refuses a query, a body and conditions where there is nothing to
// say but what is asked for.
func checkPlain(c *gin.Context) error {
	query, err := checkQuery(c.Request, nil)
	if err != nil {
		return err
	}
	if _, err := termsOf(c, plain, query); err != nil {
		return err
	}
	return checkNoBody(c)
}

// serveDocument serves GET /openapi.json.
func (d *dialect) serveDocument(c *gin.Context, _ tenancy.Actor) error {
	if err := checkPlain(c); err != nil {
		return err
	}
	c.Data(http.StatusOK, mediaJSON, d.document)
	return nil
}

// mediaKeys is the type of a JWK Set (RFC 7517, 8.5.2).
const mediaKeys = "application/jwk-set+json"

// serveKeys serves GET /.well-known/jwks.json.
func (d *dialect) serveKeys(c *gin.Context, _ tenancy.Actor) error {
	if err := checkPlain(c); err != nil {
		return err
	}
	set, err := d.assertionKeys(c.Request.Context())
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, mediaKeys, set)
	return nil
}
