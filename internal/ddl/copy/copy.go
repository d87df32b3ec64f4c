// Package copy changes a schema on a copy of the database, for what cannot be
// done in place: the copy is changed while it replicates, catches up, is compared
// with the original, and takes its place.
//
// Replication is by rows, and goes by the position of a column, not by its name.
// Judge says whether a change survives that, Compare whether the copy holds what
// the original holds.
package copy
