// Package llamacloud serves LlamaCloud's organizations API: it translates
// between that API's words and the domain's, and decides nothing. An
// organization of LlamaCloud is a tenant; its projects are registrations.
// The contract is contracts/llamacloud.md.
package llamacloud
