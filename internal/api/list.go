package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// PageSize is how many rows one decision of a list shows.
const PageSize = 500

// pieceSize is how many bytes of a page are made before they are sent: rows
// may be long, and the memory of a whole page of them costs more than to write
// it.
const pieceSize = 128 << 10

// List says how an operation writes a list as one JSON array.
type List[Row any] struct {
	Gate    Gate
	Options tenancy.ApplyOptions
	// Page gives the query of the page after a row, of PageSize rows; the zero
	// row stands for none.
	Page func(last Row) tenancy.Query
	// Show gives what is shown of a row; nil: nothing is.
	Show func(Row) any
	// Append writes the JSON of a row after a text, in the place of Show: where
	// rows are long, to copy each is a good part of what a list costs.
	Append func(text []byte, row Row) []byte
	// Before is shown before the rows.
	Before []any
}

// Write writes the list page by page. Each page is a transaction of its own
// and is decided again, so that a slow reader holds none and who is removed
// meanwhile reads no further. After an error that follows the first piece the
// shell breaks the connection off: nobody takes a part for the whole.
func (l List[Row]) Write(c *gin.Context, actor tenancy.Actor) error {
	first, text := true, arrayWriter{before: "["}
	return l.Each(c, actor, func(rows []Row, whole bool) error {
		if first {
			c.Header("Content-Type", "application/json")
			c.Status(http.StatusOK)
			text.add(l.Before...)
		}
		first = false
		return l.writePage(c, &text, rows, whole)
	})
}

// Each hands the list on page by page, the first of which names the decision;
// whole says that a page is the last. There is one at least, which may be
// empty.
func (l List[Row]) Each(c *gin.Context, actor tenancy.Actor, take func(rows []Row, whole bool) error) error {
	var last Row
	for first := true; ; first = false {
		outcome, err := l.Gate.Read(c.Request.Context(), actor, l.Page(last), l.Options)
		if err != nil {
			return err
		}
		rows, isRows := outcome.Result.([]Row)
		if !isRows {
			return Unexpected(outcome.Result)
		}
		if first {
			Decided(c, outcome.DecisionID)
		}
		whole := len(rows) < PageSize
		if err := take(rows, whole); err != nil || whole {
			return err
		}
		last = rows[len(rows)-1]
	}
}

// writePage writes the rows of one page with what must stand around them.
func (l List[Row]) writePage(c *gin.Context, text *arrayWriter, rows []Row, whole bool) error {
	for _, row := range rows {
		if l.Append != nil {
			text.separate()
			_, _ = text.Write(l.Append(text.AvailableBuffer(), row)) // stands there already, if there was room
		} else {
			text.add(l.Show(row))
		}
		if text.Len() >= pieceSize {
			if err := text.send(c.Writer); err != nil {
				return err
			}
		}
	}
	if whole {
		text.end()
	}
	return text.send(c.Writer)
}

// arrayWriter makes the text of an array, part by part.
type arrayWriter struct {
	bytes.Buffer
	before string // what stands before the next element
	err    error  // the first
}

// add adds elements; those that are nil it leaves out.
func (w *arrayWriter) add(elements ...any) {
	for _, element := range elements {
		if element == nil || w.err != nil {
			continue
		}
		w.separate()
		if err := json.MarshalWrite(w, element, jsontext.AllowInvalidUTF8(true)); err != nil {
			w.err = fmt.Errorf("encode a row: %w", err)
		}
	}
}

// separate writes what stands before an element.
func (w *arrayWriter) separate() {
	w.WriteString(w.before)
	w.before = ","
}

// send writes what there is, and begins anew.
func (w *arrayWriter) send(to io.Writer) error {
	if w.err != nil {
		return w.err
	}
	if _, err := w.WriteTo(to); err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	return nil
}

// end closes the array, which may be empty.
func (w *arrayWriter) end() { w.WriteString(strings.TrimSuffix(w.before, ",") + "]") }

// Unexpected is the error of a result that is not what was asked for.
func Unexpected(result any) error {
	return fmt.Errorf("the gate answered with a result of type %T", result)
}
