package native_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/native"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

// golden is the copy of the document that reviewers see change.
var golden = filepath.Join("..", "..", "..", "docs", "openapi.json")

// contract is the served document, which every answer of every test is held
// against.
type contract struct {
	text   []byte
	doc    *openapi3.T
	router routers.Router
}

// described is the document as the dialect gives it, whatever stands behind
// it: it is read once for all tests.
var described = sync.OnceValues(func() (*contract, error) {
	handler := api.New(api.Options{
		Dialects: []api.Dialect{native.New(native.Options{})}, Logger: slog.New(slog.DiscardHandler), NewID: uuid.NewString, Now: time.Now,
	})
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody))
	if recorder.Code != http.StatusOK {
		return nil, fmt.Errorf("GET /openapi.json: %d %s", recorder.Code, recorder.Body)
	}
	k := &contract{text: recorder.Body.Bytes()}
	var err error
	if k.doc, err = openapi3.NewLoader().LoadFromData(k.text); err != nil {
		return nil, err
	}
	k.router, err = gorillamux.NewRouter(k.doc)
	return k, err
})

func newContract(t testing.TB) *contract {
	t.Helper()
	k, err := described()
	check(t, err)
	return k
}

// hold checks that an answer is one that the document announces. What no
// route serves is answered with 404 or 405.
func (k *contract) hold(t testing.TB, request *http.Request, answer reply) {
	t.Helper()
	route, params, err := k.router.FindRoute(request)
	if err != nil {
		if answer.Status != http.StatusNotFound && answer.Status != http.StatusMethodNotAllowed && answer.Status != http.StatusBadRequest {
			t.Errorf("%s %s is not documented and answers %d", request.Method, request.URL, answer.Status)
		}
		return
	}
	if err := k.violation(t, request, route, params, answer); err != nil {
		t.Errorf("%s %s answers against the document: %v", request.Method, request.URL, err)
	}
}

func (k *contract) violation(t testing.TB, request *http.Request, route *routers.Route, params map[string]string, answer reply) error {
	if documented := route.Operation.Responses.Status(answer.Status); documented != nil {
		for name, header := range documented.Value.Headers {
			if header.Value.Required && answer.Header.Get(name) == "" {
				return fmt.Errorf("%d without %s", answer.Status, name)
			}
		}
	}
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: route, PathParams: params},
		Status:                 answer.Status, Header: answer.Header, Body: io.NopCloser(strings.NewReader(answer.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

func TestDocumentIsValid(t *testing.T) {
	w := newWorld(t)
	if err := w.held.doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if w.held.doc.OpenAPI != "3.1.0" {
		t.Errorf("the document is of OpenAPI %s, want 3.1.0", w.held.doc.OpenAPI)
	}
	for _, foreign := range []string{"$schema", "ErrorModel", "http://", "https://"} {
		if strings.Contains(string(w.held.text), foreign) {
			t.Errorf("the document holds %q", foreign)
		}
	}
}

func TestDocumentIsTheReviewedOne(t *testing.T) {
	w := newWorld(t)
	if *update {
		check(t, os.WriteFile(golden, w.held.text, 0o644))
	}
	want, err := os.ReadFile(golden)
	check(t, err)
	if diff := cmp.Diff(string(want), string(w.held.text)); diff != "" {
		t.Errorf("docs/openapi.json is not the document that is served; review and run go test ./internal/api/native -update\n%s", diff)
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	w := newWorld(t)
	var served, documented []string
	for _, route := range w.dialect.Routes {
		served = append(served, route.Method+" "+route.Path)
	}
	for path, item := range w.held.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			documented = append(documented, method+" "+strings.NewReplacer("{", ":", "}", "").Replace(path))
			public := operation.Security == nil
			if want := path == "/v1/tokens" || path == "/openapi.json" || path == "/.well-known/jwks.json" || strings.HasPrefix(path, "/v1/invitations/"); public != want {
				t.Errorf("%s %s is documented as public: %t", method, path, public)
			}
		}
	}
	slices.Sort(served)
	slices.Sort(documented)
	if diff := cmp.Diff(served, documented); diff != "" {
		t.Errorf("routes served (-) and documented (+) differ:\n%s", diff)
	}
}

// TestTheDocumentHoldsNothingUnused: what is described is what is served.
func TestTheDocumentHoldsNothingUnused(t *testing.T) {
	w := newWorld(t)
	for kind, names := range map[string][]string{
		"responses": slices.Collect(maps.Keys(w.held.doc.Components.Responses)), "schemas": slices.Collect(maps.Keys(w.held.doc.Components.Schemas)),
	} {
		if len(names) == 0 {
			t.Errorf("there are no %s", kind)
		}
		for _, name := range names {
			if !strings.Contains(string(w.held.text), `"#/components/`+kind+"/"+name+`"`) {
				t.Errorf("nothing refers to %s/%s", kind, name)
			}
		}
	}
}

// TestTheContractNotices plants answers that the document does not announce.
func TestTheContractNotices(t *testing.T) {
	w := newWorld(t)
	request := httptest.NewRequest(http.MethodGet, "/v1/users/"+olga, http.NoBody)
	route, params, err := w.held.router.FindRoute(request)
	check(t, err)
	good := w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: "/v1/users/" + olga})
	for name, planted := range map[string]reply{
		"an undocumented status":   {http.StatusTeapot, good.Header, good.Body},
		"an undocumented property": {good.Status, good.Header, strings.Replace(good.Body, `{`, `{"password_hash":"x",`, 1)},
		"a property left out":      {good.Status, good.Header, strings.Replace(good.Body, `"enabled":true,`, ``, 1)},
		"null where none may be":   {good.Status, good.Header, strings.Replace(good.Body, `"enabled":true`, `"enabled":null`, 1)},
		"another kind":             {good.Status, good.Header, strings.Replace(good.Body, `"human"`, `"robot"`, 1)},
		"no tag":                   {good.Status, http.Header{"Content-Type": {"application/json"}}, good.Body},
		"another media type":       {good.Status, http.Header{"Content-Type": {"text/html"}}, good.Body},
	} {
		if w.held.violation(t, request, route, params, planted) == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
}
