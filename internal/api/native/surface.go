package native

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// This file is the only one that touches huma's contexts. huma describes and
// validates; who calls is found out before it, and nothing is written until
// the shell knows whether it is an answer or an error.

// surface collects huma's operations as routes of the shell.
type surface struct {
	http.Handler // part of huma's adapter; the shell serves instead
	huma         huma.API
	routes       []api.Route
}

func newSurface() *surface {
	s := &surface{Handler: http.NotFoundHandler()}
	json := huma.Format{Marshal: keep, Unmarshal: decode}
	s.huma = huma.NewAPI(huma.Config{
		OpenAPI:       description(),
		Formats:       map[string]huma.Format{mediaJSON: json, "json": json}, // the latter stands for every +json
		DefaultFormat: mediaJSON,
	}, s)
	return s
}

// decode is the shell's strict decoder in the place of huma's.
func decode(data []byte, into any) error { return api.Decode(data, into, api.DecodeOptions{}) }

// keep hands an answer over unwritten.
func keep(w io.Writer, value any) error {
	x, ok := w.(*exchange)
	if !ok {
		return errors.New("native: an answer for somebody else")
	}
	x.body = value
	return nil
}

// Handle makes a route of an operation.
func (s *surface) Handle(op *huma.Operation, handle func(huma.Context)) {
	path := strings.NewReplacer("{", ":", "}", "").Replace(op.Path)
	s.routes = append(s.routes, api.Route{
		Method: op.Method, Path: path, Public: len(op.Security) == 0,
		Handle: func(c *gin.Context, actor tenancy.Actor) error {
			x := &exchange{humaContext: humagin.NewContext(op, c), gin: c, request: request{actor: actor}}
			handle(x)
			return x.finish()
		},
	})
}

// register adds an operation. Its handler gets the request with its caller,
// the input decoded and validated, and writes nothing.
func register[I, O any](s *surface, op operation, handle func(context.Context, *request, *I) (*O, error)) {
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // the shell has read the body
	how := op.handling
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		x := exchangeOf(ctx)
		if x.err = admit[I](x, how, s.huma.OpenAPI().Components.Schemas); x.err == nil {
			next(ctx)
		}
	}}
	huma.Register(s.huma, op.Operation, func(ctx context.Context, in *I) (*O, error) {
		carried, ok := ctx.(carrier)
		if !ok {
			return nil, errors.New("native: a context of somebody else")
		}
		out, err := handle(carried.Context, &carried.exchange.request, in)
		carried.exchange.err = err
		return out, err
	})
	op.describeDryRun()
}

// admit holds a request against what no schema says: its terms, parameters
// that are not served, and a body that the strict decoder does not take.
func admit[I any](x *exchange, how handling, schemas huma.Registry) error {
	query, err := checkQuery(x.gin.Request, x.Operation().Parameters, how.manner.parameters()...)
	if err != nil {
		return err
	}
	x.request.manner = how.manner
	if x.request.terms, err = termsOf(x.gin, how.manner, query); err != nil {
		return err
	}
	if how.slow {
		// Where there is none to set (a recorder in a test), there is none to lift.
		_ = http.NewResponseController(x.gin.Writer).SetWriteDeadline(time.Time{})
	}
	body, takes := reflect.TypeFor[I]().FieldByName("Body")
	if !takes {
		return checkNoBody(x.gin)
	}
	into := body.Type
	if into.Kind() == reflect.Pointer { // the body may be left out
		if len(api.Body(x.gin)) == 0 {
			return nil
		}
		into = into.Elem()
	}
	if err := api.JSON(x.gin, reflect.New(into).Interface(), api.DecodeOptions{}); err != nil {
		return err
	}
	return checkNulls(api.Body(x.gin), x.Operation().RequestBody.Content[mediaJSON].Schema, schemas)
}

type humaContext huma.Context // embedded under a name that does not hide the method Context

// exchange is one request as huma sees it.
type exchange struct {
	humaContext
	gin     *gin.Context
	request request
	status  int
	body    any   // the answer, to be written by finish
	err     error // the operation's; huma's rendering of it is dropped
}

// carrier carries the exchange past huma to the handler of register, which
// takes it off again.
type carrier struct {
	context.Context
	exchange *exchange
}

func exchangeOf(ctx huma.Context) *exchange {
	x, ok := ctx.(*exchange)
	if !ok {
		panic("native: huma wrapped the context")
	}
	return x
}

// Context gives the request's context.
func (x *exchange) Context() context.Context { return carrier{x.gin.Request.Context(), x} }

// SetReadDeadline does nothing: the body is in memory.
func (x *exchange) SetReadDeadline(time.Time) error { return nil }

// SetStatus keeps the status for finish.
func (x *exchange) SetStatus(status int) { x.status = status }

// Status gives the status that was set.
func (x *exchange) Status() int { return x.status }

// SetHeader sets a header of the answer. The media type is up to finish.
func (x *exchange) SetHeader(name, value string) {
	if name != "Content-Type" {
		x.gin.Header(name, value)
	}
}

// BodyWriter gives the exchange itself, which keep recognises.
func (x *exchange) BodyWriter() io.Writer { return x }

// Write refuses: answers are handed over whole, see keep.
func (x *exchange) Write([]byte) (int, error) {
	return 0, errors.New("native: an answer in pieces")
}

// finish writes the answer, or gives the error for the shell to render.
func (x *exchange) finish() error {
	if x.err != nil {
		return x.err
	}
	if model, ok := x.body.(*huma.ErrorModel); ok {
		return faultsOf(model)
	}
	x.request.answer(x.gin, x.status, x.body)
	return nil
}

// noUUID begins what huma says of an id that is none.
const noUUID = "expected string to be RFC 4122 uuid"

// faultsOf puts what huma's validation found into the shell's words.
func faultsOf(model *huma.ErrorModel) error {
	if model.Status >= http.StatusInternalServerError || len(model.Errors) == 0 {
		return errors.New("native: huma: " + model.Error())
	}
	dots := strings.NewReplacer("[", ".", "]", "")
	found := make(faults, len(model.Errors))
	for i, detail := range model.Errors {
		in, rest, _ := strings.Cut(dots.Replace(detail.Location), ".")
		fault := &api.InputError{Fault: api.FaultValue, In: api.Place(in), Msg: rephrase(detail.Message)}
		if rest != "" {
			fault.Path = strings.Split(rest, ".")
		}
		if strings.HasPrefix(fault.Msg, noUUID) {
			fault.Msg = wantID
			if slices.Contains(userFields, rest) {
				fault.Msg = wantUser
			}
		}
		found[i] = fault
	}
	return found
}

// checkNulls refuses null where the schema does not allow it: huma takes it
// for an absent value, so that a mistake would look like a choice.
func checkNulls(body []byte, schema *huma.Schema, schemas huma.Registry) error {
	if !bytes.Contains(body, []byte("null")) {
		return nil
	}
	var whole any
	if err := decode(body, &whole); err != nil {
		return err
	}
	if at := nullIn(whole, schema, schemas, nil); at != nil {
		return &api.InputError{Fault: api.FaultType, In: api.InBody, Path: at, Msg: "the value cannot be null; leave it out instead"}
	}
	return nil
}

// nullIn gives the path to the first forbidden null, or nil.
func nullIn(value any, schema *huma.Schema, schemas huma.Registry, at []string) []string {
	for schema.Ref != "" {
		schema = schemas.SchemaFromRef(schema.Ref)
	}
	if elements, ok := value.([]any); ok && schema.Items != nil {
		return nullAmong(elements, schema.Items, schemas, at)
	}
	object, _ := value.(map[string]any)
	for _, name := range sortedKeys(schema.Properties) {
		member, given := object[name]
		below := append(at[:len(at):len(at)], name)
		switch {
		case !given:
		case member != nil:
			if found := nullIn(member, schema.Properties[name], schemas, below); found != nil {
				return found
			}
		case !schema.Properties[name].Nullable:
			return below
		}
	}
	return nil
}

// nullAmong looks into the elements of an array, none of which may be null.
func nullAmong(elements []any, schema *huma.Schema, schemas huma.Registry, at []string) []string {
	for i, element := range elements {
		below := append(at[:len(at):len(at)], strconv.Itoa(i))
		if element == nil {
			return below
		}
		if found := nullIn(element, schema, schemas, below); found != nil {
			return found
		}
	}
	return nil
}
