package native

import (
	"maps"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// operation is one operation of the document, and the terms that it takes.
type operation struct {
	huma.Operation
	handling
}

// handling is what serving an operation needs beyond its description.
type handling struct {
	manner manner
	slow   bool // may take longer than answers usually may
}

// trait adds something to the description of an operation.
type trait func(*operation)

// describe describes an operation. Without a trait it is one that reads, for
// callers with a credential.
func describe(method, path, id, summary string, traits ...trait) operation {
	op := operation{handling: handling{manner: reading}, Operation: huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, Responses: map[string]*huma.Response{},
		Security: []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
	}}
	refuses(
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	)(&op)
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		refuses(http.StatusRequestTimeout, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)(&op)
	}
	for _, add := range traits {
		add(&op)
	}
	op.describeTerms()
	return op
}

// refuses documents problems of the given statuses.
func refuses(statuses ...int) trait {
	return func(op *operation) {
		for _, status := range statuses {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + nameOf(status)}
		}
	}
}

// changes is the trait of an operation that writes.
func changes(op *operation) { op.manner = changing }

// created is the trait of a change that answers 201.
func created(op *operation) {
	changes(op)
	op.DefaultStatus = http.StatusCreated
}

// removes is the trait of a change that answers 204.
func removes(op *operation) {
	changes(op)
	op.DefaultStatus = http.StatusNoContent
}

// object is the trait of reading one versioned object.
func object(op *operation) { op.manner = readingObject }

// takesNoBody is the trait of a POST without body.
func takesNoBody(op *operation) {
	for _, status := range []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity} {
		delete(op.Responses, strconv.Itoa(status))
	}
}

// slow is the trait of what takes as long as the store is large: the client
// ends it by going away.
func slow(op *operation) { op.slow = true }

// public is the trait of an operation that asks for no credential. The shell
// takes the route's word from here, see surface.Handle.
func public(op *operation) {
	op.Security = nil
	delete(op.Responses, strconv.Itoa(http.StatusForbidden))
	op.manner = plain
}

// said are the headers that answers carry whatever their operation, by name.
func said() map[string]*huma.Header {
	return map[string]*huma.Header{
		"Request":    text("Names the request in the server's log: the caller's own X-Request-Id where that has a usual form, else a new one.", true),
		"Challenge":  text("Which credentials are taken (RFC 9110, 11.6.1).", true),
		"Retry":      text("Seconds after which it is worth another try.", false),
		"Decision":   text("The decision that the answer rests on, see GET /v1/decisions/{decision}.", true),
		"Revision":   number("The revision of the store that the answer was computed at; of a change, the one that it made."),
		"ETag":       text("Names this version of the object (RFC 9110, 8.8.3): equal for all that If-Match asks for. When an account last signed in is no part of it. After a change that leaves no object, the state of the store.", true),
		"ChangedTag": text("As ETag; a dry run has none, since what it shows is not there.", false),
		"DryRun":     text("true: nothing was written.", false),
		"Replayed":   text("true: the change was made by an earlier request with this Idempotency-Key, whose outcome is answered again.", false),
	}
}

func text(description string, always bool) *huma.Header {
	return &huma.Header{Description: description, Required: always, Schema: &huma.Schema{Type: huma.TypeString}}
}

func number(description string) *huma.Header {
	least := 0.0
	return &huma.Header{Description: description, Required: true, Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least}}
}

func saying(names map[string]string) map[string]*huma.Header {
	headers := map[string]*huma.Header{}
	for header, name := range names {
		headers[header] = &huma.Header{Ref: "#/components/headers/" + name}
	}
	return headers
}

// stated are the parameters that state terms, by name. Who acts for whom is
// up to authentication.
func stated() map[string]*huma.Param {
	header := func(name, description string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return map[string]*huma.Param{
		"AtLeast":     header(headerAtLeast, "A revision that the answer must have been computed at, or later; 409 if the store has not reached it."),
		"Idempotency": header(headerIdempotency, "1 to 255 printable ASCII characters that name one attempt: sent again by the same caller with the same request within 24 hours, the change is not made again and its outcome answered again. With another request: 422; while the first still runs: 409. Only what was committed is remembered."),
		"IfMatch":     header(headerIfMatch, "Entity-tags one of which the object must have, or * for any object that is there; else 412. Weak ones never match."),
		"IfNoneMatch": header(headerIfNoneMatch, "Entity-tags: if the object has one of them, 304 without it."),
		"ActAs":       header(headerActAs, "A user's id: a platform key acts for that user, with their rights; recorded as such. 403 for any other credential."),
		"DryRun": {
			Name: paramDryRun, In: "query", Description: "true: decide and answer as ever, and write nothing. A refusal keeps its status, success is 200.",
			Schema: &huma.Schema{Type: huma.TypeBoolean},
		},
	}
}

// joins is the trait of a change that asks for no credential: what is in the
// path is one.
func joins(op *operation) {
	op.Security = nil
	delete(op.Responses, strconv.Itoa(http.StatusUnauthorized))
	op.manner = joining
}

// describeTerms documents the terms that the operation takes and what it
// answers to them.
func (op *operation) describeTerms() {
	params := map[manner][]string{
		reading: {"AtLeast"}, readingObject: {"AtLeast", "IfNoneMatch"}, changing: {"DryRun", "Idempotency", "IfMatch"},
		joining: {"DryRun", "Idempotency", "IfMatch"},
	}[op.manner]
	if op.Security != nil {
		params = append(params, "ActAs")
	}
	for _, name := range params {
		op.Parameters = append(op.Parameters, &huma.Param{Ref: "#/components/parameters/" + name})
	}
	says := map[manner]map[string]string{
		reading:       {"X-Decision-Id": "Decision", headerRevision: "Revision"},
		readingObject: {"X-Decision-Id": "Decision", headerRevision: "Revision", headerTag: "ETag"},
		changing:      changed(),
		joining:       changed(),
	}[op.manner]
	switch op.manner {
	case reading, readingObject:
		refuses(http.StatusConflict)(op)
	case changing, joining:
		refuses(http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusInsufficientStorage)(op)
	case plain:
	}
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
	}
	op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{Description: http.StatusText(op.DefaultStatus), Headers: saying(says)}
	if op.manner == readingObject {
		op.Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{
			Description: http.StatusText(http.StatusNotModified), Headers: maps.Clone(saying(says)),
		}
	}
}

// changed are the headers of the answer to a change.
func changed() map[string]string {
	return map[string]string{
		"X-Decision-Id": "Decision", headerRevision: "Revision", headerTag: "ChangedTag",
		headerDryRun: "DryRun", headerReplayed: "Replayed",
	}
}

// describeDryRun documents the answer of a dry run where its status is none
// of the operation's. It is called when the real answer is described.
func (op *operation) describeDryRun() {
	if !op.manner.writes() || op.DefaultStatus == http.StatusOK {
		return
	}
	whole := op.Responses[strconv.Itoa(op.DefaultStatus)]
	dry := &huma.Response{Description: "A dry run: what the change would answer.", Headers: whole.Headers, Content: whole.Content}
	if len(whole.Content) == 0 {
		dry.Description = "A dry run: nothing stands against the change."
		dry.Content = map[string]*huma.MediaType{mediaJSON: {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}}}
	}
	op.Responses[strconv.Itoa(http.StatusOK)] = dry
}
