package llamacloud

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// BenchmarkShow writes one row of a list.
func BenchmarkShow(b *testing.B) {
	d := &dialect{levelActions: func(tenancy.Level) []tenancy.Action {
		return []tenancy.Action{"dataset.create", "feedback.write", "member.list", "member.read", "project.list", "project.read", "resource.read", "resource.write", "tenant.read"}
	}}
	m := tenancy.Member{Membership: tenancy.Membership{
		Tenant: tenancy.TenantID(uuid.New()), User: tenancy.UserID(uuid.New()), Level: tenancy.LevelMember,
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}, Email: "somebody@example.com"}
	book := d.rolesOf(m.Tenant)
	b.ReportAllocs()
	var row writer
	for b.Loop() {
		row.Value = row.Value[:0]
		row.userOrganization(m, book)
	}
}
