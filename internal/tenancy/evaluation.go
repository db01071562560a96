package tenancy

// Evaluation is a question in AuthZEN's words: about accounts and tenants, or
// about whatever else an operator's rules know. What was sent with it proves
// nothing that is stored.
type Evaluation struct {
	Subject          Party
	Resource         Party
	Action           Action // any text
	ActionProperties Properties
	Context          map[string]any // JSON values; tenant in it names the tenant that the question belongs to
}

// Party is the subject or the resource of a question.
type Party struct {
	EntityRef
	Properties Properties // as they were sent
}

// Search asks for everything that an evaluation allows. What is looked for is
// left open in it: of a subject or a resource the id, of an action the name.
type Search struct {
	Evaluation
	For   SearchFor
	After string // where the page begins: a Found.Next; empty: at the beginning
	Limit int    // of results, from 1
}

// SearchFor says what is looked for.
type SearchFor string

// What can be looked for.
const (
	SearchSubject  SearchFor = "subject"
	SearchResource SearchFor = "resource"
	SearchAction   SearchFor = "action"
)

// Found is one page of what a search came to. A page may hold less than was
// asked for, or nothing, and still not be the last.
type Found struct {
	Outcome
	Entities []EntityRef // of a search for subjects or resources
	Actions  []Action    // of a search for actions
	Next     string      // where the next page begins; empty: there is none
}
