package doctor

// Verdict is what an examination came to on one point.
type Verdict string

// The verdicts. A point is judged only when its requests could have shown a
// fault.
const (
	Holds     Verdict = "holds"
	Found     Verdict = "found"
	NotJudged Verdict = "not judged"
)

// Report is what an examination came to.
type Report struct {
	URL string `json:"url"`
	// Application: the doctor's own stands behind the proxy.
	Application bool    `json:"application"`
	Decisions   bool    `json:"decisions"` // what was judged could be read
	Points      []Point `json:"points"`
}

// Point is one thing that a configuration must make true.
type Point struct {
	Code     string    `json:"code"` // stable, for programs
	Sentence string    `json:"sentence"`
	Verdict  Verdict   `json:"verdict"`
	Reason   string    `json:"reason,omitzero"` // why it was not judged
	Requests int       `json:"requests"`        // that were sent for it
	Findings []Finding `json:"findings,omitzero"`
}

// Finding is one fault.
type Finding struct {
	Code string `json:"code"` // stable, for programs
	What string `json:"what"` // such as the header or the path; empty: there is but one
	Sent string `json:"sent"` // without the credential
	Seen string `json:"seen"`
	Why  string `json:"why,omitzero"`
	Mend []Mend `json:"mend,omitzero"`
}

// Mend is the line of configuration that mends a fault.
type Mend struct {
	Proxy string `json:"proxy"`
	Line  string `json:"line"`
}

// Faults counts the findings.
func (r Report) Faults() (n int) {
	for _, p := range r.Points {
		n += len(p.Findings)
	}
	return n
}

// Unjudged counts the points that were not judged.
func (r Report) Unjudged() (n int) {
	for _, p := range r.Points {
		if p.Verdict == NotJudged {
			n++
		}
	}
	return n
}
