package api

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// PageSize is how many rows of a list one decision shows.
const PageSize = 500

// List answers 200 with a JSON array, page by page. Each page is a transaction
// of its own and is decided again, so that a slow reader holds none and who is
// removed meanwhile reads no further. read asks the gate; page gives the query
// for the PageSize rows after a row, the zero row first; show gives a row's
// JSON. After an error that follows the first page the shell breaks the
// connection off: nobody takes a part for the whole.
func List[Row any](c *gin.Context, read func(tenancy.Query) (tenancy.Outcome, error), page func(Row) tenancy.Query, show func(Row) any) error {
	first := true
	return Pages(read, page, func(outcome tenancy.Outcome, rows []Row, whole bool) error {
		if first {
			Decided(c, outcome.DecisionID)
			c.Header("Content-Type", "application/json")
			c.Status(http.StatusOK)
		}
		err := writePage(c, rows, show, first, whole)
		first = false
		return err
	})
}

// Pages reads a list page by page and hands each on; whole says that it was
// the last. There is one at least, which may be empty.
func Pages[Row any](read func(tenancy.Query) (tenancy.Outcome, error), page func(Row) tenancy.Query, take func(outcome tenancy.Outcome, rows []Row, whole bool) error) error {
	var last Row
	for {
		outcome, err := read(page(last))
		if err != nil {
			return err
		}
		rows, err := Result[[]Row](outcome)
		if err != nil {
			return err
		}
		whole := len(rows) < PageSize
		if err := take(outcome, rows, whole); err != nil || whole {
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
		if err := json.MarshalWrite(&text, show(row), jsontext.AllowInvalidUTF8(true)); err != nil {
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

// Result gives what an outcome holds, which has to be a T: anything else is a
// mistake of ours and no answer.
func Result[T any](outcome tenancy.Outcome) (T, error) {
	result, ok := outcome.Result.(T)
	if !ok {
		return result, fmt.Errorf("the gate answered with a result of type %T", outcome.Result)
	}
	return result, nil
}
