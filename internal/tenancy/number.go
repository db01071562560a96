package tenancy

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The largest numbers of a JSON document that comes from outside. Rules see all
// their digits: arithmetic on a hundred thousand of them takes half a minute,
// and no time limit ends it.
const (
	numberLimit   = 256 // bytes
	exponentLimit = 3   // digits
)

// WithinNumbers reports whether a JSON number, as it is written, is one that
// rules may be asked about.
func WithinNumbers(literal string) bool {
	exponent := ""
	if at := strings.IndexAny(literal, "eE"); at >= 0 {
		exponent = strings.TrimLeft(literal[at+1:], "+-")
	}
	return len(literal) <= numberLimit && len(exponent) <= exponentLimit
}

// IsReadable reports whether a text is one JSON value in UTF-8 whose keys stand
// once and whose numbers are [WithinNumbers].
func IsReadable(text string) bool {
	if !jsontext.Value(text).IsValid() {
		return false
	}
	for dec := jsontext.NewDecoder(strings.NewReader(text)); ; {
		token, err := dec.ReadToken()
		switch {
		case err != nil:
			return errors.Is(err, io.EOF)
		case token.Kind() == '0' && !WithinNumbers(token.String()):
			return false
		}
	}
}
