package opadata

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// readBody decodes a body. As with OPA, whatever does not claim to be YAML is
// JSON, since many clients do not say what they send, and it may be compressed.
func readBody(c *gin.Context, into any, opts api.DecodeOptions) error {
	for _, media := range c.Request.Header["Content-Type"] {
		if strings.Contains(strings.ToLower(media), "yaml") {
			return inHeader(api.FaultMedia, "Content-Type", "bodies are JSON here, not YAML")
		}
	}
	body := api.Body(c)
	switch encoding := strings.ToLower(strings.Join(c.Request.Header["Content-Encoding"], ",")); encoding {
	case "", "identity":
	case "gzip":
		var err error
		if body, err = unzipped(body); err != nil {
			return err
		}
	default:
		return inHeader(api.FaultMedia, "Content-Encoding", "a body may be compressed by gzip, once")
	}
	return api.Decode(body, into, opts)
}

func inHeader(fault api.Fault, name, msg string) error {
	return &api.InputError{Fault: fault, In: api.InHeader, Path: []string{name}, Msg: msg}
}

// unzipped gives what a body holds, which is no longer than a body may be.
func unzipped(body []byte) ([]byte, error) {
	malformed := func(cause error) error {
		return &api.InputError{Fault: api.FaultSyntax, In: api.InBody, Msg: "the body is no gzip", Cause: cause}
	}
	source := bytes.NewReader(body)
	r, err := gzip.NewReader(source)
	if err != nil {
		return nil, malformed(err)
	}
	r.Multistream(false)
	plain, err := io.ReadAll(io.LimitReader(r, api.BodyLimit+1))
	switch {
	case err != nil:
		return nil, malformed(err)
	case len(plain) > api.BodyLimit:
		return nil, &tenancy.Error{Code: tenancy.CodeTooLarge, Msg: "the body is too long once it is decompressed"}
	case source.Len() > 0:
		return nil, malformed(nil)
	}
	return plain, nil
}
