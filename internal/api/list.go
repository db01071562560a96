package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// PageSize is how many rows one decision of a list shows.
const PageSize = 500

// List says how an operation writes a list as one JSON array.
type List[Row any] struct {
	Gate    Gate
	Options tenancy.ApplyOptions
	// Page gives the query of the page after a row, of PageSize rows; the zero
	// row stands for none.
	Page func(last Row) tenancy.Query
	// Show gives what is shown of a row; nil: nothing is.
	Show func(Row) any
}

// Write writes the list page by page. Each page is a transaction of its own
// and is decided again, so that a slow reader holds none and who is removed
// meanwhile reads no further. After an error that follows the first page the
// shell breaks the connection off: nobody takes a part for the whole.
func (l List[Row]) Write(c *gin.Context, actor tenancy.Actor) error {
	first, before := true, "["
	return l.Each(c, actor, func(rows []Row, whole bool) (err error) {
		if first {
			c.Header("Content-Type", "application/json")
			c.Status(http.StatusOK)
		}
		first = false
		before, err = l.writePage(c, rows, before, whole)
		return err
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
		rows, err := Result[[]Row](outcome)
		if err != nil {
			return err
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

// writePage writes the rows of one page with what must stand around them:
// before stands before the first one. It gives what stands before the next.
func (l List[Row]) writePage(c *gin.Context, rows []Row, before string, whole bool) (string, error) {
	var text bytes.Buffer
	for _, row := range rows {
		shown := l.Show(row)
		if shown == nil {
			continue
		}
		text.WriteString(before)
		before = ","
		if err := json.MarshalWrite(&text, shown, jsontext.AllowInvalidUTF8(true)); err != nil {
			return "", fmt.Errorf("encode a row: %w", err)
		}
	}
	if whole {
		text.WriteString(strings.TrimSuffix(before, ",") + "]")
	}
	if _, err := c.Writer.Write(text.Bytes()); err != nil {
		return "", fmt.Errorf("write a page: %w", err)
	}
	return before, nil
}

// Unexpected is the error of a result that is not what was asked for.
func Unexpected(result any) error {
	return fmt.Errorf("the gate answered with a result of type %T", result)
}
