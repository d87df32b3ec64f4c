// Package sqltext reads migrations as text, without a database: it splits files
// into statements, knows the marks of migration tools, and understands what
// statements name. A statement that it does not fully understand is an error that
// names the word.
package sqltext
