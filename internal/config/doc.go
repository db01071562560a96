// Package config reads what an operator configured into one checked struct:
// flags before environment variables before defaults, and the bootstrap file.
// Whatever is misspelt, contradictory or unsafe refuses to start, every
// problem named at once.
package config
