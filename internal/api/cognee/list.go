package cognee

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// pageSize is how many rows one decision shows.
const pageSize = 500

// list writes an array page by page. Each page is a transaction of its own
// and is decided again, so that a slow reader holds none and who is removed
// meanwhile reads no further. page gives the query after a row, the zero row
// first; show gives a row's JSON. After an error that follows the first page
// the shell breaks the connection off: nobody takes a part for the whole.
func list[Row any](d *dialect, c *gin.Context, actor tenancy.Actor, page func(Row) tenancy.Query, show func(Row) any) error {
	var last Row
	for first := true; ; first = false {
		outcome, err := d.gate.Read(c.Request.Context(), actor, page(last), options)
		if err != nil {
			return err
		}
		rows, isRows := outcome.Result.([]Row)
		if !isRows {
			return unexpected(outcome.Result)
		}
		if first {
			api.Decided(c, outcome.DecisionID)
			c.Header("Content-Type", "application/json")
			c.Status(http.StatusOK)
		}
		whole := len(rows) < pageSize
		if err := writePage(c, rows, show, first, whole); err != nil || whole {
			return err
		}
		last = rows[len(rows)-1]
	}
}

// writePage writes the rows of one page with what must stand around them.
func writePage[Row any](c *gin.Context, rows []Row, show func(Row) any, first, whole bool) error {
	var text bytes.Buffer
	if first {
		text.WriteByte('[')
	}
	for i, row := range rows {
		if i > 0 || !first {
			text.WriteByte(',')
		}
		if err := json.MarshalWrite(&text, show(row)); err != nil {
			return fmt.Errorf("encode a row: %w", err)
		}
	}
	if whole {
		text.WriteByte(']')
	}
	if _, err := c.Writer.Write(text.Bytes()); err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	return nil
}

// unexpected is the error of a result that is not what was asked for.
func unexpected(result any) error {
	return fmt.Errorf("the gate answered with a result of type %T", result)
}
