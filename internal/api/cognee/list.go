package cognee

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// list writes an array; see [api.List].
func list[Row any](d *dialect, c *gin.Context, actor tenancy.Actor, page func(Row) tenancy.Query, show func(Row) any) error {
	return api.List[Row]{Gate: d.gate, Options: options, Page: page, Show: show}.Write(c, actor)
}
