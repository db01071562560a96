package cognee_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
)

// transcripts are the scenarios of this dialect, in the form that
// [apitest.Play] describes.
const transcripts = "../../../testdata/dialects/cognee"

func TestTranscripts(t *testing.T) {
	apitest.Play(t, transcripts, func(t *testing.T, comment string) *apitest.Stage {
		return set(t, directions{closed: strings.Contains(comment, "Self-registration is off.")})
	})
}

func TestThePageNamesEveryTranscript(t *testing.T) {
	apitest.Page(t, "../../../docs/dialects/cognee.md", transcripts)
}
