package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/doctor"
)

// errFaults ends an examination that found something; it was printed.
var errFaults = errors.New("faults were found")

// conclude prints a report and turns it into an exit code.
func (e *examination) conclude(w io.Writer, r doctor.Report) error {
	show := printReport
	if e.json {
		show = printReportJSON
	}
	if err := show(w, r); err != nil {
		return err
	}
	switch {
	case r.Faults() > 0:
		return errFaults
	case r.Unjudged() > 0 && !e.partial:
		return unexaminedError{fmt.Errorf("%d of %d points could not be judged: nothing is known about them; --partial takes that for granted", r.Unjudged(), len(r.Points))}
	default:
		return nil
	}
}

func printReportJSON(w io.Writer, r doctor.Report) error {
	text, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// judged reads the request that a decision was about.
func (s *server) judged(ctx context.Context, name, credential, id string) (doctor.Judged, error) {
	response, err := s.do(ctx, http.MethodGet, "/v1/decisions/"+url.PathEscape(id), "", name, credential)
	if err != nil {
		return doctor.Judged{}, fmt.Errorf("read the decision %s: %w", id, err)
	}
	var record struct {
		Actor    string `json:"actor"`
		ActingAs string `json:"acting_as"`
		Tenant   string `json:"tenant"`
		Input    struct {
			Actor struct {
				Level    string `json:"level"`
				Platform bool   `json:"platform"`
			} `json:"actor"`
			HTTP struct {
				Method string `json:"method"`
				Host   string `json:"host"`
				Path   string `json:"path"`
			} `json:"http"`
		} `json:"input"`
	}
	err = json.UnmarshalRead(io.LimitReader(response.Body, answerMax), &record)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return doctor.Judged{}, fmt.Errorf("read the decision %s: %w", id, err)
	}
	if record.Input.HTTP.Method == "" {
		return doctor.Judged{}, fmt.Errorf("the decision %s is about no request", id)
	}
	asked := record.Input.HTTP
	judged := doctor.Judged{Method: asked.Method, Host: asked.Host, Path: asked.Path}
	if actor := record.Input.Actor; !actor.Platform && record.ActingAs == "" {
		judged.Subject, judged.Tenant, judged.Level = record.Actor, record.Tenant, actor.Level
	}
	return judged, nil
}

// printReport writes a report for people.
func printReport(w io.Writer, r doctor.Report) error {
	var text strings.Builder
	behind := "an application that does not tell what it gets"
	if r.Application {
		behind = "the doctor's application behind it"
	}
	fmt.Fprintf(&text, "%s, with %s\n\n", r.URL, behind)
	holds := 0
	for _, p := range r.Points {
		switch p.Verdict {
		case doctor.Holds:
			holds++
			fmt.Fprintf(&text, "holds       %s\n", p.Sentence)
		case doctor.NotJudged:
			fmt.Fprintf(&text, "not judged  %s: %s\n", p.Sentence, p.Reason)
		default:
			fmt.Fprintf(&text, "FOUND       not true: %s\n", p.Sentence)
			printFindings(&text, p.Findings)
		}
	}
	fmt.Fprintf(&text, "\n%d hold, %d do not, %d could not be judged\n", holds, len(r.Points)-holds-r.Unjudged(), r.Unjudged())
	_, err := io.WriteString(w, text.String())
	return err
}

// shownFindings bounds what is printed of one kind: a configuration that
// decodes paths fails for every one.
const shownFindings = 3

func printFindings(text *strings.Builder, findings []doctor.Finding) {
	const form = "    %-8s  %s\n"
	seen := map[string]int{}
	for _, f := range findings {
		if seen[f.Code]++; seen[f.Code] > shownFindings && f.Code != "identity_spoofed" && f.Code != "identity_incomplete" {
			continue
		}
		fmt.Fprintf(text, "  %s\n", strings.TrimSpace(f.Code+" "+f.What))
		fmt.Fprintf(text, form, "sent", f.Sent)
		fmt.Fprintf(text, form, "seen", f.Seen)
		if seen[f.Code] == 1 {
			fmt.Fprintf(text, form, "why", f.Why)
		}
		for _, m := range f.Mend {
			fmt.Fprintf(text, form, m.Proxy, m.Line)
		}
	}
	for _, f := range findings {
		if n := seen[f.Code] - shownFindings; n > 0 && f.Code != "identity_spoofed" && f.Code != "identity_incomplete" {
			fmt.Fprintf(text, "  %s, %d more: --json lists them\n", f.Code, n)
			seen[f.Code] = 0
		}
	}
}
