package api

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// The limits of a JSON body (contracts/README.md, rule 11).
const (
	ArrayLimit = 1000 // elements of one array
	DepthLimit = 64   // arrays and objects within each other
)

// DecodeOptions goes with [Decode]. The zero value is the strictest.
type DecodeOptions struct {
	IgnoreUnknown bool // keys that the target does not know: ignored instead of refused, unless only their case differs
	AllowEmpty    bool // an empty body leaves the target as it is
	KeepDigits    bool // a number that may be anything becomes the jsontext.Value that was sent: as a float64, large ones would become others
}

// with adds what the options say to those of the JSON library.
func (o DecodeOptions) with(options ...json.Options) json.Options {
	if o.KeepDigits {
		options = append(options, json.WithUnmarshalers(json.UnmarshalFromFunc(readDigits)))
	}
	return json.JoinOptions(options...)
}

// readDigits reads a number as it was written.
func readDigits(from *jsontext.Decoder, into *any) error {
	if from.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := from.ReadValue()
	*into = number.Clone()
	return err
}

// Decode reads one JSON value into what into points to. It is the one decoder
// of every body and stricter than encoding/json: keys twice, keys in another
// case, NUL, invalid UTF-8, anything after the value, arrays over ArrayLimit
// elements, nesting over DepthLimit, and null instead of an object are an
// *InputError, and into is then not to be used. Inside an object, null is the
// zero value, as a key that is not there.
func Decode(data []byte, into any, opts DecodeOptions) error {
	if len(bytes.TrimSpace(data)) == 0 {
		if opts.AllowEmpty {
			return nil
		}
		return &InputError{Fault: FaultMissing, In: InBody, Msg: "a body is required"}
	}
	if err := scan(data); err != nil {
		return err
	}
	if string(bytes.TrimSpace(data)) == "null" && isStruct(into) {
		return &InputError{Fault: FaultType, In: InBody, Want: "object", Msg: typeMessage("object")}
	}
	err := json.Unmarshal(data, into, opts.with(json.RejectUnknownMembers(true)))
	if errors.Is(err, json.ErrUnknownName) && opts.IgnoreUnknown {
		return decodeKnown(data, into, opts)
	}
	return inputError(err)
}

// decodeKnown decodes a body that has unknown keys. The usual body has none,
// so that only this one pays for the look at their case.
func decodeKnown(data []byte, into any, opts DecodeOptions) error {
	var whole any
	if err := json.Unmarshal(data, &whole); err != nil {
		return inputError(err)
	}
	if at := miscased(whole, into); at != nil {
		return &InputError{Fault: FaultCase, In: InBody, Path: at, Msg: "the key equals a known one but for its case"}
	}
	return inputError(json.Unmarshal(data, into, opts.with()))
}

// scan walks the tokens of data and holds it against the limits. Duplicate
// keys and invalid UTF-8 are refused by jsontext itself.
func scan(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	mayHoldNUL := bytes.Contains(data, []byte(`\u0000`)) // the only way to write NUL; most bodies need no closer look
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return inputError(err)
		}
		if err := checkShape(dec); err != nil {
			return err
		}
		if mayHoldNUL && token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return &InputError{Fault: FaultValue, In: InBody, Path: tokens(dec.StackPointer()), Msg: "the text holds NUL"}
		}
		if token.Kind() == '0' && !tenancy.WithinNumbers(token.String()) {
			return &InputError{Fault: FaultValue, In: InBody, Path: tokens(dec.StackPointer()), Msg: "the number has too many digits"}
		}
		if dec.StackDepth() == 0 {
			return checkEnd(dec)
		}
	}
}

// checkShape holds the place of the token just read against the limits.
func checkShape(dec *jsontext.Decoder) error {
	depth := dec.StackDepth()
	if depth > DepthLimit {
		return &InputError{Fault: FaultTooDeep, In: InBody, Path: tokens(dec.StackPointer()), Msg: "the JSON value nests deeper than " + strconv.Itoa(DepthLimit)}
	}
	if kind, length := dec.StackIndex(depth); kind == '[' && length > ArrayLimit {
		path := tokens(dec.StackPointer())
		return &InputError{Fault: FaultTooMany, In: InBody, Path: path[:len(path)-1], Msg: "the array has more than " + strconv.Itoa(ArrayLimit) + " elements"}
	}
	return nil
}

// checkEnd makes sure that nothing follows the value.
func checkEnd(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return &InputError{Fault: FaultSyntax, In: InBody, Offset: dec.InputOffset(), Msg: "something follows the JSON value"}
	}
	return nil
}

// inputError puts an error of the JSON library into our words. nil stays nil.
func inputError(err error) error {
	if err == nil {
		return nil
	}
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &InputError{Fault: FaultDuplicate, In: InBody, Path: pathOf(err), Msg: "the key is given more than once", Cause: err}
	case errors.Is(err, json.ErrUnknownName):
		return &InputError{Fault: FaultUnknown, In: InBody, Path: pathOf(err), Msg: unknownMessage(pathOf(err)), Cause: err}
	case errors.As(err, &syntactic):
		return &InputError{Fault: FaultSyntax, In: InBody, Offset: syntactic.ByteOffset, Msg: "the body is not valid JSON", Cause: err}
	case errors.As(err, &semantic):
		return typeError(semantic)
	default:
		return &InputError{Fault: FaultValue, In: InBody, Msg: "the body cannot be read", Cause: err}
	}
}

// typeError says what is wanted where a value could not be read.
func typeError(err *json.SemanticError) error {
	wrong := &InputError{Fault: FaultType, In: InBody, Path: tokens(err.JSONPointer), Want: wanted(err.GoType), Cause: err}
	wrong.Msg = typeMessage(wrong.Want)
	if isTime(err.GoType) {
		wrong.Msg = "want a time like 2027-01-31T09:00:00Z"
		if err.JSONKind == '"' {
			wrong.Fault, wrong.Want = FaultValue, ""
		}
	}
	return wrong
}

// nameLimit is the longest name of a property that a message repeats, in bytes.
const nameLimit = 64

// unknownMessage names a property that is not served; one with a long name is
// found by its path alone.
func unknownMessage(path []string) string {
	if len(path) == 0 || len(path[len(path)-1]) > nameLimit {
		return "there is no such property"
	}
	return "there is no property " + strconv.Quote(path[len(path)-1])
}

// pathOf gives where in the body the JSON library's error lies.
func pathOf(err error) []string {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &semantic):
		return tokens(semantic.JSONPointer)
	case errors.As(err, &syntactic):
		return tokens(syntactic.JSONPointer)
	default:
		return nil
	}
}

func tokens(pointer jsontext.Pointer) []string {
	var path []string
	for token := range pointer.Tokens() {
		path = append(path, token)
	}
	return path
}
