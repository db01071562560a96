// Package authn finds out who is calling. It reads the credential of a
// request (API key, token, cookie), checks it against the directory and yields
// a tenancy.Actor; it hashes passwords, signs in with them, and makes keys and
// tokens. Whatever is wrong with a credential, the caller reads the same
// error: which part was wrong stays in the error's cause, for the log.
package authn
