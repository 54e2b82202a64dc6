// Package around is a module of its own that the matrix vendors.
package around

// Page runs a page.
//
//go:noinline
func Page(page func()) { page() }
