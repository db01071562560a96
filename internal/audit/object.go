package audit

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Object writes an object of JSON in canonical form: its members in the order
// in which they are written, without white space, and nothing escaped that
// need not be. What stands on the way of every write is written with it, field
// by field; the rest is left to json.Marshal, which writes the same.
type Object struct {
	buf []byte
	err error
}

// NewObject begins an object that is expected to take so many bytes.
func NewObject(size int) *Object {
	return &Object{buf: append(make([]byte, 0, size), '{')}
}

// Done ends the object and gives its bytes, or the first error: a text that is
// no UTF-8, a time that RFC 3339 cannot hold, a value that is no JSON.
func (o *Object) Done() ([]byte, error) {
	o.End()
	if o.err != nil {
		return nil, o.err
	}
	return o.buf, nil
}

func (o *Object) note(err error) {
	if o.err == nil {
		o.err = err
	}
}

// name writes the name of a member, and the comma before it.
func (o *Object) name(name string) {
	if o.buf[len(o.buf)-1] != '{' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(append(append(o.buf, '"'), name...), `":`...)
}

// Begin begins an object within the object, until End.
func (o *Object) Begin(name string) {
	o.name(name)
	o.buf = append(o.buf, '{')
}

// End ends what Begin began.
func (o *Object) End() { o.buf = append(o.buf, '}') }

// Raw writes what is JSON already.
func (o *Object) Raw(name, value string) {
	o.name(name)
	o.buf = append(o.buf, value...)
}

// Text writes a string.
func (o *Object) Text(name, value string) {
	o.name(name)
	quoted, err := jsontext.AppendQuote(o.buf, value)
	o.buf = quoted
	o.note(err)
}

// Optional writes a string, and nothing of an empty one.
func (o *Object) Optional(name, value string) {
	if value != "" {
		o.Text(name, value)
	}
}

// Truth writes a boolean.
func (o *Object) Truth(name string, value bool) {
	o.name(name)
	o.buf = strconv.AppendBool(o.buf, value)
}

// Int writes a number.
func (o *Object) Int(name string, value int64) {
	o.name(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
}

// Uint writes a number.
func (o *Object) Uint(name string, value uint64) {
	o.name(name)
	o.buf = strconv.AppendUint(o.buf, value, 10)
}

// Time writes a time by RFC 3339.
func (o *Object) Time(name string, value time.Time) {
	o.name(name)
	text, err := value.AppendText(append(o.buf, '"'))
	o.buf = append(text, '"')
	o.note(err)
}

// Value writes anything else as json.Marshal does: maps in the order of their
// keys, nil maps and lists as empty ones.
func (o *Object) Value(name string, value any) {
	o.name(name)
	written, err := json.Marshal(value, json.Deterministic(true))
	o.buf = append(o.buf, written...)
	o.note(err)
}
