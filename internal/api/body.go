package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/tenancy"
)

// BodyLimit is the longest body, in bytes (contracts/README.md, rule 11).
const BodyLimit = 1 << 20

// usualBody is how many bytes are set aside for a body that has only been
// announced.
const usualBody = 4 << 10

// wholeBody is a body that has been read, in the place of the connection's.
type wholeBody struct {
	*bytes.Reader
	data []byte
}

// Close does nothing: the bytes are in memory.
func (b *wholeBody) Close() error { return nil }

// Body gives the whole body of a request, which the shell has read before the
// handler runs. It is not to be changed.
func Body(c *gin.Context) []byte {
	if body, ok := c.Request.Body.(*wholeBody); ok {
		return body.data
	}
	return nil
}

// JSON decodes the body, which must be of type application/json or of none,
// as [Decode] does. A body that may be empty and is has no type: some clients
// send one all the same.
func JSON(c *gin.Context, into any, opts DecodeOptions) error {
	if opts.AllowEmpty && len(Body(c)) == 0 {
		return nil
	}
	if err := CheckJSON(c.Request); err != nil {
		return err
	}
	return Decode(Body(c), into, opts)
}

// CheckJSON refuses a body that claims to be anything but JSON in UTF-8. A
// request without Content-Type passes: what it holds is judged by its bytes.
func CheckJSON(r *http.Request) error {
	given := r.Header.Values("Content-Type")
	if len(given) == 0 || (len(given) == 1 && isJSON(given[0])) {
		return nil
	}
	return &InputError{Fault: FaultMedia, In: InHeader, Path: []string{"Content-Type"}, Msg: "the body must be application/json in UTF-8"}
}

func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// Form reads the known fields of a form, urlencoded or multipart. Unknown
// fields are ignored; what is malformed, given twice or not clean UTF-8 is an
// *InputError.
func Form(c *gin.Context, known ...string) (map[string]string, error) {
	err := c.Request.ParseMultipartForm(BodyLimit) // the body is no longer than that, so nothing goes to a file
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, &InputError{Fault: FaultSyntax, In: InBody, Msg: "the form is malformed", Cause: err}
	}
	return single(c.Request.PostForm, InBody, true, known)
}

// readBody reads the whole body before anything else happens, so that a slow
// client holds nothing but its own connection. At most BodyLimit bytes and
// one are read.
func (s *shell) readBody(c *gin.Context) error {
	r := c.Request
	if r.ContentLength > BodyLimit {
		return tooLarge(c)
	}
	if r.Body == nil || r.Body == http.NoBody {
		r.Body = &wholeBody{Reader: bytes.NewReader(nil)}
		return nil
	}
	connection := http.NewResponseController(c.Writer)
	// The server lifts the deadline when the body has ended. Where there is
	// none to set (a recorder in a test), the server's own limits remain.
	_ = connection.SetReadDeadline(s.now().Add(s.bodyTimeout))
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead)
	_, err := body.ReadFrom(io.LimitReader(r.Body, BodyLimit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.Header("Connection", "close")
		return &InputError{Fault: FaultTooSlow, In: InBody, Msg: "the body did not arrive in time", Cause: err}
	case err != nil:
		c.Header("Connection", "close")
		return &InputError{Fault: FaultSyntax, In: InBody, Msg: "the body could not be read", Cause: err}
	case body.Len() > BodyLimit:
		return tooLarge(c)
	}
	r.Body = &wholeBody{Reader: bytes.NewReader(body.Bytes()), data: body.Bytes()}
	return nil
}

// tooLarge refuses a body and gives up the connection, on which more of it
// may follow.
func tooLarge(c *gin.Context) error {
	c.Header("Connection", "close")
	return &tenancy.Error{Code: tenancy.CodeTooLarge, Msg: "the body has more than 1 MiB"}
}
