package native

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// terms are what a request asks for beside the operation itself: to be
// answered at a revision, under a condition, once, or without effect. They are
// read in this file, and answered in answer.go, for all operations alike.
type terms struct {
	tenancy.ApplyOptions
	unless tags // If-None-Match; the zero value: no condition
}

// termsOf reads the terms of a request, which must be of the manner's. query
// holds the parameters that were given.
func termsOf(c *gin.Context, m manner, query map[string]string) (terms, error) {
	t := terms{ApplyOptions: tenancy.ApplyOptions{Dialect: tenancy.DialectNative}}
	header := c.Request.Header
	if name := m.refusedHeader(header); name != "" {
		return t, notServed(name)
	}
	var err error
	switch m {
	case changing, joining:
		err = t.readChanging(c, query)
	case reading, readingObject:
		if t.AtLeast, err = atLeast(header); err == nil {
			t.unless, err = tagsIn(header, headerIfNoneMatch)
		}
	case plain:
	}
	return t, err
}

func (t *terms) readChanging(c *gin.Context, query map[string]string) (err error) {
	if t.DryRun, err = truth(query, paramDryRun); err != nil {
		return err
	}
	if t.IfMatch, err = ifMatch(c.Request.Header); err != nil {
		return err
	}
	t.Idempotency, err = idempotency(c)
	return err
}

// truth reads a parameter that is true or false; absent is false.
func truth(query map[string]string, name string) (bool, error) {
	switch value, given := query[name]; {
	case !given, value == "false":
		return false, nil
	case value == "true":
		return true, nil
	}
	return false, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{name}, Msg: "want true or false"}
}

// atLeast reads a revision.
func atLeast(header http.Header) (tenancy.Revision, error) {
	given, err := single(header, headerAtLeast)
	if given == "" || err != nil {
		return 0, err
	}
	revision, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		return 0, wrongHeader(headerAtLeast, "want a revision: a number, as in Memberward-Revision")
	}
	return tenancy.Revision(revision), nil
}

// single gives the only value of a header, "" for none.
func single(header http.Header, name string) (string, error) {
	given, found := header[name]
	switch {
	case !found:
		return "", nil
	case len(given) > 1:
		return "", &api.InputError{Fault: api.FaultDuplicate, In: api.InHeader, Path: []string{name}, Msg: "the header is given more than once"}
	case given[0] == "":
		return "", wrongHeader(name, "the header is empty")
	}
	return given[0], nil
}

// keyLimit is the longest Idempotency-Key, in characters.
const keyLimit = 255

// idempotency reads which attempt of which request this is.
func idempotency(c *gin.Context) (tenancy.Idempotency, error) {
	key, err := single(c.Request.Header, headerIdempotency)
	if key == "" || err != nil {
		return tenancy.Idempotency{}, err
	}
	unprintable := func(b byte) bool { return b < ' ' || b > '~' }
	if len(key) > keyLimit || slices.ContainsFunc([]byte(key), unprintable) {
		return tenancy.Idempotency{}, wrongHeader(headerIdempotency, "want 1 to 255 printable ASCII characters")
	}
	return tenancy.Idempotency{Key: key, Request: requestDigest(c, key)}, nil
}

// requestDigest tells one request from another: by method, route with its
// ids, query and body. It is keyed by what only the caller knows, since the
// digest is stored and a body may hold a password: who reads the store guesses
// none with it.
func requestDigest(c *gin.Context, key string) tenancy.Digest {
	mac := hmac.New(sha256.New, []byte(key))
	part := func(text string) { // with its length, so that no two requests run together into the same bytes
		_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash takes everything
		_, _ = io.WriteString(mac, text)
	}
	part(c.Request.Method)
	part(c.FullPath())
	for _, param := range c.Params {
		part(param.Value)
	}
	part(c.Request.URL.RawQuery)
	part(string(api.Body(c)))
	return tenancy.Digest(mac.Sum(nil))
}

// ifMatch reads which versions of the object the change is meant for; nil: any,
// or none at all.
func ifMatch(header http.Header) ([]tenancy.Version, error) {
	given, err := tagsIn(header, headerIfMatch)
	switch {
	case err != nil || !given.present:
		return nil, err
	case given.any:
		return []tenancy.Version{tenancy.AnyVersion}, nil
	}
	wanted := []tenancy.Version{} // of tags that all are weak: none matches (RFC 9110, 13.1.1)
	for _, t := range given.list {
		if v := tenancy.Version(t.opaque); !t.weak && v != tenancy.AnyVersion {
			wanted = append(wanted, v)
		}
	}
	return wanted, nil
}
