package gate

import "github.com/memberward/memberward/internal/tenancy"

type reportUsage struct{ tenancy.ReportUsage }

func (reportUsage) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUsageReport }

func (s reportUsage) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (reportUsage) before(*matter) any { return nil }

func (reportUsage) gather(_ Reader, m *matter) error {
	m.aboutTenant()
	return nil
}

func (reportUsage) hold(*matter) []tenancy.Finding { return nil }

func (s reportUsage) perform(tx Tx, m *matter) (any, error) {
	usage, err := tx.Usage(m.tenant.ID)
	if err != nil {
		return nil, err
	}
	set(&usage.Processes, s.Processes)
	set(&usage.Datasets, s.Datasets)
	set(&usage.StorageBytes, s.StorageBytes)
	usage.ReportedAt = m.in.Now
	return usage, tx.PutUsage(m.tenant.ID, usage)
}
