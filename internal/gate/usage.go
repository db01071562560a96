package gate

import "github.com/memberward/memberward/internal/tenancy"

type reportUsage struct {
	tenancy.ReportUsage
	usage tenancy.Usage // until now; set by gather
}

func (*reportUsage) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUsageReport }

func (s *reportUsage) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (s *reportUsage) before(*matter) any {
	if s.usage.ReportedAt.IsZero() {
		return nil
	}
	return s.usage
}

func (s *reportUsage) gather(tx Reader, m *matter) (err error) {
	m.aboutTenant()
	s.usage, err = tx.Usage(m.tenant.ID)
	return err
}

func (*reportUsage) hold(*matter) []tenancy.Finding { return nil }

func (s *reportUsage) perform(tx Tx, m *matter) (any, error) {
	usage := s.usage
	set(&usage.Processes, s.Processes)
	set(&usage.Datasets, s.Datasets)
	set(&usage.StorageBytes, s.StorageBytes)
	usage.ReportedAt = m.in.Now
	return usage, tx.PutUsage(m.tenant.ID, usage)
}
