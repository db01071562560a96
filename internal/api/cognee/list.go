package cognee

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// pageSize is how many rows one decision shows.
const pageSize = api.PageSize

// list writes an array page by page, see api.List.
func list[Row any](d *dialect, c *gin.Context, actor tenancy.Actor, page func(Row) tenancy.Query, show func(Row) any) error {
	read := func(query tenancy.Query) (tenancy.Outcome, error) {
		return d.gate.Read(c.Request.Context(), actor, query, options)
	}
	return api.List(c, read, page, show)
}

// unexpected is the error of a result that is not what was asked for.
func unexpected(result any) error {
	return fmt.Errorf("the gate answered with a result of type %T", result)
}
