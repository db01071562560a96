package authzen_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
)

func TestTranscripts(t *testing.T) {
	apitest.Play(t, folder, func(t *testing.T, comment string) *apitest.Stage {
		switch {
		case strings.Contains(comment, "No public URL"):
			return set(t, records, nil, "")
		case strings.Contains(comment, "public URL has a path"):
			return set(t, records, nil, pointURL+"/teams/pdp")
		case strings.Contains(comment, "The shipped rules"):
			return set(t, shipped, nil, pointURL)
		default:
			return set(t, records, nil, pointURL)
		}
	})
}

// TestPage: the page lists what is served, and every transcript.
func TestPage(t *testing.T) { apitest.Page(t, "../../../docs/dialects/authzen.md", folder) }
