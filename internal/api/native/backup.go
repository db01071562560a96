package native

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// mediaBytes is the media type of a copy of the store.
const mediaBytes = "application/octet-stream"

// patience is how long a client may take nothing of a copy before it is given
// up. As long as it takes something, a copy may take its time.
const patience = time.Minute

// backup serves POST /v1/admin/backup. Until the first byte an error is a
// problem; after it the shell breaks the connection off, so that nobody takes
// a part for the whole.
func (d *dialect) backup(c *gin.Context, actor tenancy.Actor) error {
	query, err := checkQuery(c.Request, nil)
	if err != nil {
		return err
	}
	t, err := termsOf(c, reading, query)
	if err != nil {
		return err
	}
	if err := checkNoBody(c); err != nil {
		return err
	}
	outcome, err := d.gate.Backup(c.Request.Context(), actor, &download{c: c, now: d.now}, t.ApplyOptions)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if !c.Writer.Written() {
		return fmt.Errorf("native: the gate gave an empty copy in decision %s", outcome.DecisionID)
	}
	return nil
}

// download writes a copy of the store as the answer.
type download struct {
	c   *gin.Context
	now func() time.Time
}

// Begin is told what the copy is of, before its first byte.
func (w *download) Begin(outcome tenancy.Outcome) {
	api.Decided(w.c, outcome.DecisionID)
	w.c.Header(headerRevision, strconv.FormatUint(uint64(outcome.Revision), 10))
	w.c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="memberward-%d.db"`, outcome.Revision))
	w.c.Header("Content-Type", mediaBytes)
	w.c.Status(http.StatusOK)
}

// Write writes a part of the copy.
func (w *download) Write(part []byte) (int, error) {
	// Where there is no deadline to set (a recorder in a test), there is none to keep.
	_ = http.NewResponseController(w.c.Writer).SetWriteDeadline(w.now().Add(patience))
	return w.c.Writer.Write(part)
}
