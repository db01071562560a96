package native

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

type listMembersInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Level  string `query:"level" enum:"viewer,member,admin,owner" doc:"Those of this level."`
	Status string `query:"status" enum:"active,pending,disabled,expired" doc:"Those who are none of the rest and whose time has begun; who were invited and have not signed up; who are suspended in the tenant; whose time is over. One may be several of the last three."`
	Text   string `query:"q" maxLength:"256" doc:"Those whose address or name holds this text, without regard to case."`
	Can    string `query:"can" maxLength:"128" doc:"Those who may do this, as POST /v1/check would say: an action that is about the tenant alone. It takes the right to ask about others."`
	AsOf   string `query:"as_of" maxLength:"40" doc:"The members as they were: at a revision, or at a time. An account that is gone by now has no address."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most. One of a list that is narrowed may have fewer, or none, and not be the last."`
}

// The most that one page of a narrowed list reads: in chunks, so that no
// transaction takes long, and each decided again.
const (
	chunkSize  = 1000
	mostChunks = 10
)

func (d *dialect) listMembers(ctx context.Context, r *request, in *listMembersInput) (*body[list[member]], error) {
	narrowed, err := in.filter(d.now())
	if err != nil {
		return nil, err
	}
	then, err := moment(in.AsOf)
	if err != nil {
		return nil, err
	}
	ref := tenantRef(in.Tenant)
	where := in.place(ref)
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	query := tenancy.ListMembers{Tenant: ref, After: tenancy.UserID(after), Limit: in.Limit + 1, AsOf: then}
	if !narrowed.isEmpty() {
		return d.walkMembers(ctx, r, query, narrowed, &narrowedPage{list: list[member]{Items: []member{}}, where: where, limit: in.Limit})
	}
	outcome, err := d.read(ctx, r, query)
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, memberOf, func(m tenancy.Member) uuid.UUID { return uuid.UUID(m.User) })
}

// place names the list with what narrows it.
func (in *listMembersInput) place(tenant tenancy.TenantRef) place {
	where := listMembers + tenant.String()
	if in.AsOf != "" {
		where += "/" + in.AsOf
	}
	narrowed := url.Values{}
	for name, value := range map[string]string{"level": in.Level, "status": in.Status, "q": in.Text, "can": in.Can} {
		if value != "" {
			narrowed.Set(name, value)
		}
	}
	if len(narrowed) > 0 {
		where += "?" + narrowed.Encode() // in the order of the names
	}
	return place(where)
}

// walkMembers gives a page of those who pass the filter. Its revision is that
// of its first chunk: what is shown is as it was then or later.
func (d *dialect) walkMembers(ctx context.Context, r *request, query tenancy.ListMembers, narrowed memberFilter, page *narrowedPage) (*body[list[member]], error) {
	query.Limit = chunkSize
	var first tenancy.Outcome
	for chunk := range mostChunks {
		outcome, err := d.read(ctx, r, query)
		if err != nil {
			return nil, err
		}
		if chunk == 0 {
			first = outcome
		}
		rows, ok := outcome.Result.([]tenancy.Member)
		if !ok {
			return nil, unexpected(outcome)
		}
		passing, err := d.passing(ctx, r, query.Tenant, rows, narrowed)
		if err != nil {
			return nil, err
		}
		if page.take(rows, passing) {
			break
		}
		query.After = rows[len(rows)-1].User
	}
	r.answered(first)
	page.Revision = uint64(first.Revision)
	return &body[list[member]]{page.list}, nil
}

// narrowedPage is a page that is filled chunk by chunk.
type narrowedPage struct {
	list[member]
	where place
	limit int
	last  tenancy.UserID // of those shown
}

// take adds those of a chunk's rows who pass, and reports whether the page is
// complete: it is full and the list goes on, or the list is at its end.
func (p *narrowedPage) take(rows, passing []tenancy.Member) bool {
	room := min(p.limit-len(p.Items), len(passing))
	for _, m := range passing[:room] {
		p.Items, p.last = append(p.Items, memberOf(m)), m.User
	}
	p.NextCursor = nil
	full, end := room < len(passing), len(rows) < chunkSize
	switch {
	case full:
		p.goOn(p.last)
	case !end:
		p.goOn(rows[len(rows)-1].User)
	}
	return full || end
}

// goOn has the next page begin after somebody.
func (p *narrowedPage) goOn(last tenancy.UserID) {
	next := p.where.cursor(uuid.UUID(last))
	p.NextCursor = &next
}

// passing gives those of the rows who pass the filter.
func (d *dialect) passing(ctx context.Context, r *request, tenant tenancy.TenantRef, rows []tenancy.Member, narrowed memberFilter) ([]tenancy.Member, error) {
	passing := make([]tenancy.Member, 0, len(rows))
	for _, m := range rows {
		if narrowed.holds(m) {
			passing = append(passing, m)
		}
	}
	if narrowed.can == "" {
		return passing, nil
	}
	asked := make([]tenancy.Question, len(passing))
	for i, m := range passing {
		asked[i] = tenancy.Question{Subject: m.User, Action: narrowed.can, Tenant: tenant}
	}
	return permitted(ctx, d, r, passing, asked)
}

// memberFilter is what narrows a list of members. The zero value holds for
// everybody.
type memberFilter struct {
	level  tenancy.Level // LevelNone: any
	status string
	text   string // in lower case
	can    tenancy.Action
	now    time.Time
}

func (in *listMembersInput) filter(now time.Time) (memberFilter, error) {
	narrowed := memberFilter{status: in.Status, text: strings.ToLower(in.Text), now: now}
	if in.Level != "" {
		level, err := tenancy.ParseLevel(in.Level)
		if err != nil {
			return narrowed, wrongParameter("level", err)
		}
		narrowed.level = level
	}
	if in.Can == "" {
		return narrowed, nil
	}
	if in.AsOf != "" {
		return narrowed, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{paramCan}, Msg: "what somebody may do is known of now only: leave as_of out"}
	}
	var err error
	narrowed.can, err = parseCan(in.Can)
	return narrowed, err
}

func (f memberFilter) isEmpty() bool {
	return f.level == tenancy.LevelNone && f.status == "" && f.text == "" && f.can == ""
}

// holds reports whether a member passes what can be told without the policies.
func (f memberFilter) holds(m tenancy.Member) bool {
	return (f.level == tenancy.LevelNone || m.Level == f.level) && f.holdsStatus(m.Membership) &&
		(strings.Contains(strings.ToLower(m.Email), f.text) || strings.Contains(strings.ToLower(m.GivenName+" "+m.Surname), f.text))
}

func (f memberFilter) holdsStatus(m tenancy.Membership) bool {
	switch f.status {
	case "":
		return true
	case "active":
		return m.Active(f.now)
	case "pending":
		return m.Pending
	case "disabled":
		return !m.Enabled
	case "expired":
		return !m.ExpiresAt.IsZero() && !f.now.Before(m.ExpiresAt)
	default: // the schema lets no other in
		return false
	}
}

// moment reads a revision, from 1, or a time.
func moment(text string) (tenancy.Moment, error) {
	if text == "" {
		return tenancy.Moment{}, nil
	}
	if revision, err := strconv.ParseUint(text, 10, 63); err == nil && revision > 0 {
		return tenancy.Moment{Revision: tenancy.Revision(revision)}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return tenancy.Moment{}, &api.InputError{
			Fault: api.FaultValue, In: api.InQuery, Path: []string{"as_of"}, Msg: "want a revision, or a time like 2027-01-31T09:00:00Z", Cause: err,
		}
	}
	return tenancy.Moment{At: at.UTC()}, nil
}
